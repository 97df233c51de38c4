<?php
[, $address, $user, $password, $path] = $argv;
$login = ['login' => $user, 'password' => $password, 'cache_wsdl' => WSDL_CACHE_NONE];
$manager = new SoapClient("$address?wsdl", $login + ['features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$home = $manager->getAccount()->account->home;
$file = $manager->addNode(['parent' => $home, 'name' => basename($path), 'type' => 'FILE'])->node->identifier;
$to = $manager->importInit(['node' => $file])->transfer->endpoint[0];
$headers = ['Content-Type: application/octet-stream', ...array_map(fn ($it) => "$it->name: $it->value", $to->header ?? [])];
$put = ['http' => ['method' => 'PUT', 'header' => $headers, 'content' => file_get_contents($path)]];
file_get_contents($to->url, false, stream_context_create($put));
echo file_get_contents($manager->exportInit(['node' => $file])->transfer->endpoint[0]->url);
