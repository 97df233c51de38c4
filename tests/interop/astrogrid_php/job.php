<?php
// The main job on the AstroGrid API with PHP's SoapClient; bytes go by PHP's own streams.

ini_set('display_errors', 'stderr');
[, $address, $user, $password, $folderName, $filePath, $copyPath, $operator, $operatorPassword] = $argv;

/** What SoapClient lets nobody send may be sent as a text. */
class Manager extends SoapClient
{
    public string $instead = '';

    public function __doRequest($request, $location, $action, $version, $oneWay = false): ?string
    {
        return parent::__doRequest($this->instead ?: $request, $location, $action, $version, $oneWay);
    }
}

function logIn(string $user, string $password): Manager
{
    return new Manager("$GLOBALS[address]?wsdl", [
        'login' => $user,
        'password' => $password,
        'cache_wsdl' => WSDL_CACHE_NONE,
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    ]);
}

function say(string $key, mixed $value): void
{
    echo "$key $value\n";
}

/** Sends or fetches bytes; answers the status and the body. */
function moveBytes(object $info, ?string $body = null): array
{
    $context = stream_context_create(['http' => [
        'method' => $info->method,
        'header' => 'Content-Type: application/octet-stream', // else PHP says that it is a form
        'content' => $body,
        'ignore_errors' => true,
    ]]);
    $answer = file_get_contents($info->uri, false, $context);
    return [(int) explode(' ', $http_response_header[0])[1], $answer];
}

/** PHP leaves dates as text; this is what its users do with them. */
function utc(string $text): string
{
    $moment = new DateTimeImmutable($text);
    return $moment->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.u\Z');
}

function refreshed(string $node, int $size): object
{
    do {
        [$found] = $GLOBALS['manager']->refresh(['nodeIvorn' => $node])->node;
    } while ($found->size !== $size);
    return $found;
}

/** The contract has a text for each fault, all of one name; which of them it is, the class that Axis raises says. */
function reportFault(string $key, callable $attempt): void
{
    try {
        $attempt();
    } catch (SoapFault $fault) {
        say($key, array_slice(explode('.', $fault->detail->exceptionName), -1)[0]);
        say("$key.message", $fault->detail->message);
    }
}

// account
$manager = logIn($user, $password);
say('service', $manager->getIdentifier());
$account = "ivo://$folderName@ast.cam.ac.uk/community";
[$new] = logIn($operator, $operatorPassword)->addAccount(['ident' => $account])->node;
$home = current(array_filter($new->attributes, fn ($each) => $each->key === 'community.home.space'));
say('new.account', $home->value);
say('new.home', $new->ivorn);
[$first] = $manager->getAccount([
    'ident' => "ivo://$user@ast.cam.ac.uk/community", 'hints' => ['prefetchDepth' => 0, 'fetchParents' => false],
])->node;
$home = $first->ivorn;
say('home', $home);
say('home.name', $first->name);
say('home.type', $first->type);

// folder
[$folder, $parent] = $manager->addNode([
    'parentIvorn' => $home, 'newNodeName' => $folderName, 'nodeType' => 'FOLDER',
])->node;
say('folder', $folder->ivorn);
say('folder.parent', $parent->ivorn);

// file
$adding = ['parentIvorn' => $folder->ivorn, 'newNodeName' => 'query-7.vot', 'nodeType' => 'FILE'];
[$file] = $manager->addNode($adding)->node;
say('file', $file->ivorn);
say('file.type', $file->type);
say('file.size', $file->size);

// send
$content = file_get_contents($filePath);
$to = $manager->writeContent(['nodeIvorn' => $file->ivorn]);
say('send.method', $to->method);
say('put.status', moveBytes($to, $content)[0]);

// refresh
$node = refreshed($file->ivorn, strlen($content));
say('node.size', $node->size);
say('node.created', utc($node->createDate));
say('node.modified', utc($node->modifyDate));
foreach ($node->attributes as $each) {
    say('attribute', "$each->key $each->value");
}

// fetch
$from = $manager->readContent(['nodeIvorn' => $file->ivorn]);
[$status, $copy] = moveBytes($from);
say('fetch.method', $from->method);
say('get.status', $status);
file_put_contents($copyPath, $copy);

// append
say('append.status', moveBytes($manager->appendContent(['nodeIvorn' => $file->ivorn]), 'more')[0]);
say('append.size', refreshed($file->ivorn, strlen($content) + 4)->size);

// copy
[$copy, $parent] = $manager->copy([
    'nodeIvorn' => $file->ivorn, 'newParent' => $home, 'newNodeName' => "$folderName.vot",
])->node;
say('copy', $copy->ivorn);
say('copy.name', $copy->name);
say('copy.size', $copy->size);
say('copy.parent', $parent->ivorn);

// move
[$moved] = $manager->move([
    'nodeIvorn' => $copy->ivorn, 'newParent' => $folder->ivorn, 'newNodeName' => 'moved.vot',
])->node;
say('move', $moved->ivorn);
say('move.name', $moved->name);
say('move.parent', $moved->parent);

// delete
[$parent] = $manager->delete(['nodeIvorn' => $copy->ivorn])->node;
say('delete', $parent->ivorn);

// names
$name = 'é 星 🌟.txt';
$manager->addNode(['parentIvorn' => $folder->ivorn, 'newNodeName' => $name, 'nodeType' => 'FILE']);
[$star] = $manager->getNode(['nodeIvorn' => "$home/$folderName/" . rawurlencode($name)])->node;
say('names.node', $star->ivorn);
say('names.name', $star->name);

// large
[$big] = $manager->getNode(['nodeIvorn' => "$home/archive/big.dat"])->node;
say('large.size', is_int($big->size) ? $big->size : 'not a number');

// bundle
$hints = ['prefetchDepth' => 1, 'maxExtraNodes' => 99, 'fetchParents' => false];
$nodes = $manager->getNode(['nodeIvorn' => "$home/hundred", 'hints' => $hints])->node;
say('bundle.count', count($nodes));
say('bundle.first', $nodes[0]->name);
say('bundle.children', count($nodes[0]->child));
foreach (array_slice($nodes, 1) as $each) {
    say('bundle.name', $each->name);
}

// faults
reportFault('missing', fn () => $manager->getNode(['nodeIvorn' => "$home/$folderName/nothing"]));
reportFault('twice', fn () => $manager->addNode($adding));
reportFault('full', fn () => $manager->delete(['nodeIvorn' => $folder->ivorn]));

// bad input
$envelope = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    . '<f:addNode xmlns:f="urn:astrogrid:schema:vo-space:FileManager:v0.2">%s</f:addNode></e:Body></e:Envelope>';
$parent = "<parentIvorn>$folder->ivorn</parentIvorn>";
$manager->instead = sprintf($envelope, "$parent<newNodeName>lost</newNodeName><nodeType>many</nodeType>");
reportFault('type', fn () => $manager->addNode($adding));
$manager->instead = sprintf($envelope, "$parent<nodeType>FILE</nodeType>");
reportFault('element', fn () => $manager->addNode($adding));
