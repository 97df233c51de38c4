#!/usr/bin/perl
# The main job with SOAP::Lite. It reads no contract of this kind (proxy mode), so namespace, SOAPAction and the order
# of elements are said here.
use strict;
use warnings;
use utf8;

use HTTP::Request;
use LWP::UserAgent;
use SOAP::Lite;
use URI::Escape qw(uri_escape_utf8);

binmode STDOUT, ':encoding(UTF-8)';
my ($address, $user, $password, $folder_name, $file_path, $copy_path) = @ARGV;

sub SOAP::Transport::HTTP::Client::get_basic_credentials { return ($user, $password) }

my $manager = SOAP::Lite->proxy($address)->default_ns('urn:vofiles:filemanager:1')->on_action(sub { join '#', @_ })
    ->autotype(0)->on_fault(sub { my ($soap, $answer) = @_; die ref $answer ? $answer : $soap->transport->status });
my $agent = LWP::UserAgent->new;

# Name and value in turn; the value of an element with children is a list of the same kind. SOAP::Lite escapes only
# what it has typed, and a type is nothing that a document has.
sub elements {
    my @pairs = @_;
    my @elements;
    while (my ($name, $value) = splice @pairs, 0, 2) {
        push @elements, SOAP::Data->name($name,
            ref $value ? \SOAP::Data->value(elements(@$value)) : SOAP::Utils::encode_data($value));
    }
    return @elements;
}

# What stands at a path of the answer: all there are, or the first.
sub ask {
    my ($operation, $path, @pairs) = @_;
    my @found = $manager->call($operation, elements(@pairs))->valueof("//${operation}Response/$path");
    return wantarray ? @found : $found[0];
}

sub many { my $value = shift // []; return ref $value eq 'ARRAY' ? @$value : $value }

sub property_of {
    my ($node, $key) = @_;
    my ($found) = grep { $_->{key} eq $key } many($node->{property});
    return $found->{value};
}

sub move_bytes {
    my ($endpoint, $bytes) = @_;
    my @headers = map { $_->{name} => $_->{value} } many($endpoint->{header});
    return $agent->request(HTTP::Request->new($endpoint->{method}, $endpoint->{url}, \@headers, $bytes));
}

sub slurp {
    open my $file, '<:raw', shift or die $!;
    local $/ = undef;
    return scalar <$file>;
}

sub say_line { my ($key, $value) = @_; print "$key $value\n"; return }

sub report_fault {
    my ($key, @call) = @_;
    return if eval { ask(@call); 1 };
    my $fault = $@;
    ref $fault or die $fault;
    my ($declared) = keys %{ $fault->faultdetail };
    say_line($key, $declared);
    say_line("$key.$_", $fault->faultdetail->{$declared}{$_}) for qw(name message);
    return;
}

# account
say_line(service => scalar ask('getIdentifier', 'identifier'));
my $account = ask('getAccount', 'account');
my $home = $account->{home};
say_line(account => $account->{identifier});
say_line(home => $home);

# folder
my $folder = ask('addNode', 'node', parent => $home, name => $folder_name, type => 'FOLDER');
say_line(folder => $folder->{identifier});

# file
my $file = ask('addNode', 'node', parent => $folder->{identifier}, name => 'query-7.vot', type => 'FILE',
    property => [key => 'note', value => '5 < flux & "rising"']);
say_line(file => $file->{identifier});
say_line('file.version' => $file->{version});
say_line('file.note' => property_of($file, 'note'));

# send
my $content = slurp($file_path);
my $offer = ask('importInit', 'transfer', node => $file->{identifier}, size => length $content,
    contentType => 'application/x-votable+xml');
my ($to) = many($offer->{endpoint});
say_line('import.transfer' => $offer->{transfer});
say_line('import.state' => $offer->{state});
say_line('import.method' => $to->{method});
say_line('put.status' => move_bytes($to, $content)->code);

# wait
my $transfer = ask('getTransfer', 'transfer', transfer => $offer->{transfer});
$transfer = ask('getTransfer', 'transfer', transfer => $offer->{transfer}) until $transfer->{state} eq 'COMPLETED';
say_line('transfer.state' => $transfer->{state});
say_line('transfer.size' => $transfer->{receipt}{size});

# node; dates, which SOAP::Lite leaves as they are written
my $node = ask('getNode', 'node', node => "$home/$folder_name/query-7.vot");
my ($digest) = grep { $_->{algorithm} eq 'sha-256' } many($node->{digest});
say_line(node => $node->{identifier});
say_line('node.size' => $node->{size});
say_line('node.version' => $node->{version});
say_line('node.type' => $node->{contentType});
say_line('node.sha-256' => $digest->{value});
say_line("node.$_" => $node->{$_}) for qw(created modified);

# fetch
my ($from) = many(ask('exportInit', 'transfer', node => $file->{identifier})->{endpoint});
my $answer = move_bytes($from);
say_line('export.method' => $from->{method});
say_line('get.status' => $answer->code);
open my $copy, '>:raw', $copy_path or die $!;
print {$copy} $answer->content;
close $copy or die $!;

# names
my $name = 'é 星 🌟.txt';
ask('addNode', 'node', parent => $folder->{identifier}, name => $name, type => 'FILE',
    property => [key => 'note', value => 'naïve 星 🌟']);
my $star = ask('getNode', 'node', node => join '/', $home, $folder_name, uri_escape_utf8($name));
say_line('names.node' => $star->{identifier});
say_line('names.name' => $star->{name});
say_line('names.note' => property_of($star, 'note'));

# large
my $big = ask('getNode', 'node', node => "$home/archive/big.dat");
say_line('large.size' => $big->{size} + 0);

# bundle
my ($hundred, @others) =
    ask('getNode', 'node', node => "$home/hundred", hints => [depth => 1, maximumExtraNodes => 99]);
say_line('bundle.count' => 1 + @others);
say_line('bundle.first' => $hundred->{name});
say_line('bundle.name' => $_->{name}) for @others;

# faults
report_fault(missing => 'getNode', 'node', node => "$home/$folder_name/nothing");
report_fault(twice => 'addNode', 'node', parent => $folder->{identifier}, name => 'query-7.vot', type => 'FILE');
report_fault(kind => 'importInit', 'transfer', node => $folder->{identifier});

# bad input
report_fault(type => 'importInit', 'transfer', node => $file->{identifier}, size => 'many');
report_fault(element => 'addNode', 'node', parent => $folder->{identifier}, type => 'FILE');
