<?php
// The main job with PHP's SoapClient; bytes go by PHP's own streams.

ini_set('display_errors', 'stderr');
[, $address, $user, $password, $folderName, $filePath, $copyPath] = $argv;

$manager = new SoapClient("$address?wsdl", [
    'login' => $user,
    'password' => $password,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);

function say(string $key, mixed $value): void
{
    echo "$key $value\n";
}

/** Sends or fetches bytes; answers the status and the body. */
function moveBytes(object $endpoint, ?string $body = null): array
{
    $headers = array_map(fn ($header) => "$header->name: $header->value", $endpoint->header ?? []);
    $headers[] = 'Content-Type: application/octet-stream'; // else PHP says that it is a form
    $context = stream_context_create(['http' => [
        'method' => $endpoint->method,
        'header' => $headers,
        'content' => $body,
        'ignore_errors' => true,
    ]]);
    $answer = file_get_contents($endpoint->url, false, $context);
    return [(int) explode(' ', $http_response_header[0])[1], $answer];
}

function propertyOf(object $node, string $key): string
{
    return current(array_filter($node->property, fn ($each) => $each->key === $key))->value;
}

/** PHP leaves dates as text; this is what its users do with them. */
function utc(string $text): string
{
    $moment = new DateTimeImmutable($text);
    return $moment->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.u\Z');
}

function reportFault(string $key, callable $attempt): void
{
    try {
        $attempt();
    } catch (SoapFault $fault) {
        [$declared, $detail] = [key((array) $fault->detail), current((array) $fault->detail)];
        say($key, $declared);
        say("$key.name", $detail->name);
        say("$key.message", $detail->message);
    }
}

// account
say('service', $manager->getIdentifier()->identifier);
$account = $manager->getAccount()->account;
$home = $account->home;
say('account', $account->identifier);
say('home', $home);

// folder
$folder = $manager->addNode(['parent' => $home, 'name' => $folderName, 'type' => 'FOLDER'])->node;
say('folder', $folder->identifier);

// file
$note = ['key' => 'note', 'value' => '5 < flux & "rising"'];
$file = $manager->addNode([
    'parent' => $folder->identifier, 'name' => 'query-7.vot', 'type' => 'FILE', 'property' => [$note],
])->node;
say('file', $file->identifier);
say('file.version', $file->version);
say('file.note', propertyOf($file, 'note'));

// send
$content = file_get_contents($filePath);
$offer = $manager->importInit([
    'node' => $file->identifier, 'size' => strlen($content), 'contentType' => 'application/x-votable+xml',
])->transfer;
say('import.transfer', $offer->transfer);
say('import.state', $offer->state);
say('import.method', $offer->endpoint[0]->method);
say('put.status', moveBytes($offer->endpoint[0], $content)[0]);

// wait
do {
    $transfer = $manager->getTransfer(['transfer' => $offer->transfer])->transfer;
} while ($transfer->state !== 'COMPLETED');
say('transfer.state', $transfer->state);
say('transfer.size', $transfer->receipt->size);

// node, dates
[$node] = $manager->getNode(['node' => "$home/$folderName/query-7.vot"])->node;
say('node', $node->identifier);
say('node.size', $node->size);
say('node.version', $node->version);
say('node.type', $node->contentType);
say('node.sha-256', current(array_filter($node->digest, fn ($each) => $each->algorithm === 'sha-256'))->value);
say('node.created', utc($node->created));
say('node.modified', utc($node->modified));

// fetch
$endpoint = $manager->exportInit(['node' => $file->identifier])->transfer->endpoint[0];
[$status, $copy] = moveBytes($endpoint);
say('export.method', $endpoint->method);
say('get.status', $status);
file_put_contents($copyPath, $copy);

// names
$name = 'é 星 🌟.txt';
$note = ['key' => 'note', 'value' => 'naïve 星 🌟'];
$manager->addNode(['parent' => $folder->identifier, 'name' => $name, 'type' => 'FILE', 'property' => [$note]]);
[$star] = $manager->getNode(['node' => "$home/$folderName/" . rawurlencode($name)])->node;
say('names.node', $star->identifier);
say('names.name', $star->name);
say('names.note', propertyOf($star, 'note'));

// large
[$big] = $manager->getNode(['node' => "$home/archive/big.dat"])->node;
say('large.size', is_int($big->size) ? $big->size : 'not a number');

// bundle
$hints = ['depth' => 1, 'maximumExtraNodes' => 99];
$nodes = $manager->getNode(['node' => "$home/hundred", 'hints' => $hints])->node;
say('bundle.count', count($nodes));
say('bundle.first', $nodes[0]->name);
foreach (array_slice($nodes, 1) as $each) {
    say('bundle.name', $each->name);
}

// faults
reportFault('missing', fn () => $manager->getNode(['node' => "$home/$folderName/nothing"]));
reportFault('twice', fn () => $manager->addNode([
    'parent' => $folder->identifier, 'name' => 'query-7.vot', 'type' => 'FILE',
]));
reportFault('kind', fn () => $manager->importInit(['node' => $folder->identifier]));

// bad input: SoapClient makes 0 of "many" and sends no call without a name, so both go as text, as __doRequest sends it
class Plain extends SoapClient
{
    public string $text = '';

    public function __doRequest($request, $location, $action, $version, $oneWay = false): ?string
    {
        return parent::__doRequest($this->text ?: $request, $location, $action, $version, $oneWay);
    }
}

$plain = new Plain("$address?wsdl", ['login' => $user, 'password' => $password, 'cache_wsdl' => WSDL_CACHE_NONE]);
$envelope = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>%s</e:Body></e:Envelope>';
$request = "<importInit xmlns='urn:vofiles:filemanager:1'><node>$file->identifier</node><size>many</size></importInit>";
$plain->text = sprintf($envelope, $request);
reportFault('type', fn () => $plain->importInit(['node' => $file->identifier]));
$request = "<addNode xmlns='urn:vofiles:filemanager:1'><parent>$folder->identifier</parent><type>FILE</type></addNode>";
$plain->text = sprintf($envelope, $request);
reportFault('element', fn () => $plain->addNode(['parent' => $folder->identifier, 'name' => '', 'type' => 'FILE']));
