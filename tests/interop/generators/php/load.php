<?php
// Reads a contract and says what it has: `php load.php contract.wsdl`.
$client = new SoapClient($argv[1], ['cache_wsdl' => WSDL_CACHE_NONE]);
print_r($client->__getFunctions());
print_r($client->__getTypes());
