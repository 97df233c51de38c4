use strict; use warnings; use SOAP::Lite; use LWP::UserAgent; use File::Basename;
my ($address, $user, $password, $path) = @ARGV;
sub SOAP::Transport::HTTP::Client::get_basic_credentials { return ($user, $password) }
my $manager = SOAP::Lite->proxy($address)->default_ns('urn:vofiles:filemanager:1')->on_action(sub { join '#', @_ })->autotype(0)->on_fault(sub { die $_[1]->faultstring });
sub ask { my ($operation, @parts) = @_; return $manager->call($operation, map { SOAP::Data->name(@$_) } @parts) }
my $file = ask('addNode', [parent => ask('getAccount')->valueof('//home')], [name => basename($path)], [type => 'FILE'])->valueof('//node/identifier');
open my $bytes, '<:raw', $path or die $!;
my $put = HTTP::Request->new(PUT => ask('importInit', [node => $file])->valueof('//endpoint/url'), [], do { local $/; <$bytes> });
LWP::UserAgent->new->request($put)->is_success or die;
print LWP::UserAgent->new->get(ask('exportInit', [node => $file])->valueof('//endpoint/url'))->content;
