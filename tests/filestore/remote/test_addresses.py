"""Which URLs lead to a connection: every notation of an inside address is refused before a socket is opened."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.remote.addresses import AddressPolicy, parse_target
from vofiles.errors import AddressRefused, InvalidArgument

PUBLIC = AddressPolicy()

INSIDE = [
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1.2.3:8080/x",
    "http://2130706433/",  # decimal
    "http://0x7f000001/",  # hexadecimal
    "http://0x7F.0.0.1/",
    "http://017700000001/",  # octal
    "http://0177.0.0.1/",
    "http://127.1/",  # short
    "http://127.0.1/",
    "http://127.0.0.0x1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://00.0.0.0/",
    "http://127.0.0.1%2f@93.184.216.34/",
    "http://127。0。0。1/",  # ideographic full stops
    "http://１２７.0.0.1/",  # full-width digits
    "http://①②⑦.⓪.⓪.①/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost:81/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",  # clouds' metadata
    "http://100.64.0.1/",
    "http://192.0.0.8/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",  # IPv4-mapped
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",  # IPv4-compatible
    "http://[64:ff9b::7f00:1]/",  # NAT64
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",  # 6to4
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",  # Teredo
    "http://[::ffff:0:127.0.0.1]/",  # SIIT
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",  # zones
    "http://[fe80::1%eth0]/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_no_notation_of_an_inside_address_is_accepted(url: str) -> None:
    with pytest.raises(AddressRefused):
        PUBLIC.require(parse_target(url))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://ftp.example.org/x",
        "gopher://example.org/",
        "dict://example.org:11211/",
        "jar:http://example.org!/",
        "//example.org/x",
        "example.org/x",
        "/etc/passwd",
        "",
        "http://dave@example.org/",
        "http://dave:secret@example.org/",
        "http://@example.org/",
        "http://93.184.216.34@127.0.0.1/",
    ],
)
def test_other_schemes_and_user_names_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse_target(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///x",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:port/",
        "http://exa mple.org/",
        "http://example.org/a b",
        "http://example.org/\r\nHost: inside",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/\x00",
        "http://-example.org/",
        "http://exa$mple.org/",
        "http://a..b/",
        "http://[::1/",
        "http://" + "a" * 64 + ".org/",
        "http://example.org/" + "a" * 8192,
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_target(url)


@pytest.mark.parametrize(
    ("url", "authority", "resource"),
    [
        ("http://example.org", "example.org", "/"),
        ("HTTP://EXAMPLE.org:80/a?b=c#d", "example.org", "/a?b=c"),
        ("https://example.org:443/", "example.org", "/"),
        ("https://example.org:80/", "example.org:80", "/"),
        ("http://münchen.example/ü?ü", "xn--mnchen-3ya.example", "/%C3%BC?%C3%BC"),
        ("http://example.org/a%20b%2Fc", "example.org", "/a%20b%2Fc"),
        ("http://93.184.216.34:8080/", "93.184.216.34:8080", "/"),
        ("http://[2606:2800:220:1::1]/x", "[2606:2800:220:1::1]", "/x"),
        ("http://[::ffff:8.8.8.8]/", "[::ffff:808:808]", "/"),
        ("http://[64:ff9b::8.8.8.8]/", "[64:ff9b::808:808]", "/"),
    ],
)
def test_public_addresses_are_taken_as_they_are(url: str, authority: str, resource: str) -> None:
    target = parse_target(url)
    PUBLIC.require(target)
    assert (target.authority, target.resource) == (authority, resource)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/other?q", "http://example.org:81/other"),
        ("b", "http://example.org:81/dir/b"),
        ("//else.example/x", "http://else.example/x"),
        ("https://else.example", "https://else.example/"),
    ],
)
def test_a_redirect_is_relative_to_where_it_came_from(location: str, shown: str) -> None:
    assert str(parse_target(location, base=parse_target("http://example.org:81/dir/a"))) == shown


def test_a_query_is_not_shown() -> None:
    assert "secret" not in str(parse_target("http://example.org/a?token=secret"))


def test_networks_may_be_allowed() -> None:
    policy = AddressPolicy([ip_network("127.0.0.0/8"), ip_network("fd00::/8")])
    for url in ("http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://[fd00::1]/", "http://localhost/"):
        policy.require(parse_target(url))
    for url in ("http://10.0.0.1/", "http://[::1]/", "http://2130706433/"):
        with pytest.raises(AddressRefused):
            policy.require(parse_target(url))


def test_of_a_names_addresses_only_the_permitted_are_used() -> None:
    target = parse_target("http://example.org/")
    assert PUBLIC.choose(target, ["127.0.0.1", "93.184.216.34", "fe80::1%eth0"]) == (ip_address("93.184.216.34"),)
    with pytest.raises(AddressRefused):
        PUBLIC.choose(target, ["10.0.0.1", "::1"])
    with pytest.raises(AddressRefused):
        PUBLIC.choose(target, [])


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_a_named_error(text: str) -> None:
    try:
        target = parse_target(f"http://{text}")
    except (AddressRefused, InvalidArgument):
        return
    assert target.resource.isascii()
    assert not set(target.authority + target.resource) & set(" \r\n\t\0")


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_a_whole_network_is_refused(address: object) -> None:
    with pytest.raises(AddressRefused):
        PUBLIC.require(parse_target(f"http://{address}/"))
