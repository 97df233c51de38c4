<?php
// Catches faults with PHP's SoapClient: `php catching.php ADDRESS CONTRACT USER PASSWORD CASES` (../README.md).

ini_set('display_errors', 'stderr');
[, $address, $contract, $user, $password, $cases] = $argv;

$manager = new SoapClient($contract, [
    'location' => $address,
    'login' => $user,
    'password' => $password,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);

$calls = [
    'getNode' => fn ($node) => $manager->getNode(['node' => $node]),
    'listChildren' => fn ($node) => $manager->listChildren(['node' => $node]),
    'importInit' => fn ($node, $store) => $manager->importInit(['node' => $node, 'store' => $store]),
    'importData' => fn ($node, $url, $size) => $manager->importData(['node' => $node, 'url' => $url, 'size' => $size]),
    'setProperties' => fn ($node, $generation, $key, $value) => $manager->setProperties([
        'node' => $node, 'property' => [['key' => $key, 'value' => $value]], 'ifGeneration' => $generation,
    ]),
];

function line(array $words, array $properties): void
{
    echo implode("\t", [...$words, ...array_map(fn ($each) => "$each->key=$each->value", $properties)]), "\n";
}

foreach (file($cases, FILE_IGNORE_NEW_LINES) as $case) {
    $arguments = explode("\t", $case);
    $call = $calls[array_shift($arguments)];
    try {
        $node = $call(...$arguments)->node[0];
        line(['Node', $node->type, implode(',', array_map(fn ($each) => $each->algorithm, $node->digest))], $node->property);
    } catch (SoapFault $fault) {
        // PHP reads faults without the contract: which it is, the one property of detail says, and one is no array.
        [$kind, $detail] = [key((array) $fault->detail), current((array) $fault->detail)];
        $properties = $detail->property ?? [];
        line([$kind, $detail->name, $detail->message], is_array($properties) ? $properties : [$properties]);
    }
}
