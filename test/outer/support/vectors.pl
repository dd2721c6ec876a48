# A reader of the vectors in a fourth language, written from clients/README.md and clients/vectors/README.md alone. It
# prints a line for each entry: the list, a tab, the name, and what it found where that is not what the entry says.
use strict;
use warnings;
no warnings 'utf8';
use B ();
use Digest::SHA qw(hmac_sha256 sha256_hex);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url decode_base64url);

binmode STDOUT, ':utf8';
my $vectors = JSON::PP->new->utf8->decode(do { local $/; <STDIN> });
my %state = map { $_->{name} => $_ } @{ $vectors->{states} };
my %key = map { $_->{name} => $_->{text} } @{ $vectors->{keys} };

sub told {
    my ($list, $entry, $found, $wanted) = @_;
    my $wrong = $found eq $wanted ? '' : "\tfound $found, not $wanted";
    print "$list\t$entry->{name}$wrong\n";
}

# Perl alone does not tell a number from its text.
sub is_text {
    my ($value) = @_;
    return 0 if !defined $value || ref $value;
    return (B::svref_2object(\$value)->FLAGS & B::SVf_POK()) ? 1 : 0;
}

# The objects that stand for what JSON cannot hold.
sub argument {
    my ($value) = @_;
    return $value if ref $value ne 'HASH';
    return $value->{half} . chr(0xD83D) if exists $value->{half};
    return $value->{repeat} x $value->{times} if exists $value->{repeat};
    return $value->{number} eq 'NaN' ? 9**9**9 / 9**9**9 : "$value->{number}" =~ /^-/ ? -9**9**9 : 9**9**9
        if exists $value->{number};
    return $value;
}

sub kid { substr sha256_hex($_[0]), 0, 8 }

sub hkdf {
    my ($text, $info, $length) = @_;
    my $secret = hmac_sha256(pack('H*', $text), "\0" x 32);
    my ($all, $block) = ('', '');
    for my $count (1 .. 2) { $all .= $block = hmac_sha256($block . $info . chr($count), $secret) }
    return substr $all, 0, $length;
}

sub is_purpose { is_text($_[0]) && $_[0] =~ m{\A[A-Za-z0-9._:/-]{1,100}\z} }

sub mac { hmac_sha256($_[2], hkdf($_[0], "securekey/sk1/$_[1]", 32)) }

sub value_of {
    my ($value) = @_;
    return 'missing' if !defined $value || $value eq '';
    my @parts = split /,/, $value, -1;
    return 'not-two-keys' if @parts != 2;
    for my $place (1, 2) { return "bad-key $place" if $parts[$place - 1] !~ /\A[0-9A-F]{64}\z/ }
    return 'same-key-twice 2' if $parts[0] eq $parts[1];
    return join ' ', map { kid($_) } @parts;
}

# The texts of all keys that a state accepts, newest first: those of its value, and those that its keyring brings.
sub accepted {
    my ($state) = @_;
    my @texts = split /,/, $state->{secure_key};
    push @texts, $1 while ($state->{secure_keyring} // '') =~ /"key":"([0-9A-F]{64})"/g;
    my @keys;
    for my $kid (@{ $state->{accepted} }) {
        my ($index) = grep { kid($texts[$_]) eq $kid } 0 .. $#texts;
        push @keys, splice @texts, $index, 1;
    }
    return @keys;
}

sub verdict {
    my ($state, $purpose, $now, $token) = @_;
    return 'bad-purpose' if !is_purpose($purpose);
    return 'malformed' if !is_text($token) || length $token > 12_288;
    my ($signed, $kid, $exp, $text, $mac) =
        $token =~ /\A(sk1\.([0-9a-f]{8})\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]*))\.([A-Za-z0-9_-]{43})\z/
        or return 'malformed';
    for my $part ($text, $mac) { return 'malformed' if encode_base64url(decode_base64url($part)) ne $part }
    my $bytes = decode_base64url($text);
    return 'malformed' if length $bytes > 8_192;
    my $plain = $bytes;
    return 'malformed' if !utf8::decode($plain) || $plain =~ /[^\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]/;
    my @accepted = accepted($state);
    my @keys = grep { kid($_) eq $kid } @accepted or return 'unknown-key';
    my ($made) = grep { mac($_, $purpose, $signed) eq decode_base64url($mac) } @keys or return 'bad-mac';
    return 'expired' if int($now / 1000) >= $exp;
    my ($place) = grep { $accepted[$_] eq $made } 0 .. $#accepted;
    my ($signing) = grep { kid($accepted[$_]) eq $state->{signing} } 0 .. $#accepted;
    return join ' ', $kid, $exp, ($place > $signing ? 'renew' : 'keep'), $plain;
}

told('keys', $_, kid($_->{text}), $_->{kid}) for @{ $vectors->{keys} };
for (@{ $vectors->{values} }) {
    my $wanted = $_->{keys} ? join ' ', @{ $_->{keys} } : join ' ', grep { defined } @$_{qw(error place)};
    told('values', $_, value_of($_->{secure_key}), $wanted);
}
for (@{ $vectors->{derived} }) {
    my ($purpose, $length) = map { argument($_) } @$_{qw(purpose length)};
    my $found = !is_purpose($purpose) ? 'bad-purpose'
        : is_text($length) || ref $length || $length != int $length || $length < 16 || $length > 64 ? 'bad-length'
        : unpack 'H*', hkdf($key{ $_->{key} }, "securekey/v1/$purpose", $length);
    told('derived', $_, $found, $_->{bytes} // $_->{error});
}
# What others have signed is made again: of its text, with the key and the end that it names.
for (grep { $_->{token} } @{ $vectors->{signed} }) {
    my ($kid, $exp) = (split /\./, $_->{token})[1, 2];
    my ($text) = grep { kid($_) eq $kid } accepted($state{ $_->{state} });
    utf8::encode(my $bytes = argument($_->{text}));
    my $signed = join '.', 'sk1', $kid, $exp, encode_base64url($bytes);
    told('signed', $_, "$signed." . encode_base64url(mac($text, $_->{purpose}, $signed)), $_->{token});
}
for (@{ $vectors->{tokens} }) {
    my $wanted = $_->{reason} // join ' ', @$_{qw(kid expires_at)}, ($_->{renew} ? 'renew' : 'keep'), $_->{text};
    my $found = verdict($state{ $_->{state} }, argument($_->{purpose}), $_->{now}, argument($_->{token}));
    told('tokens', $_, $found, $wanted);
}
