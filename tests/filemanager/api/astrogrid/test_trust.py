"""Calls without credentials: as whom they act, and that nothing else changes."""

import contextlib
from ipaddress import ip_network

import pytest

from filemanager.api.astrogrid.trust import trusting
from filemanager.api.identity import caller_identity
from filemanager.config import TrustedNetwork
from filemanager.domain.caller import Caller
from filemanager.services.operating import disable_account
from tests.support.filemanager import COMMUNITY, OPERATOR, World
from vofiles.errors import NotAuthenticated
from vofiles.ivorn import Ivorn
from vofiles.serving.entrance import Identify
from vofiles.serving.http import Headers, Request

PASSWORDS = {"portal": "portal's secret", "campus": "campus's secret", "dave": "dave's secret"}


def account(name: str) -> Ivorn:
    return Ivorn(COMMUNITY.authority, name)


@pytest.fixture
def world() -> World:
    world = World()
    for name, password in PASSWORDS.items():
        world.add_account(name)
        world.desk.credentials.set_password(OPERATOR, account(name), password)
    return world


def identity(world: World, **networks: str) -> Identify[Caller]:
    """Who a request is of, where networks are trusted to be an account."""
    trusted = [TrustedNetwork(ip_network(text), account(name)) for name, text in networks.items()]
    credentials = world.desk.credentials
    return trusting(caller_identity(credentials), trusted, credentials.authenticate_trusted)


def request(peer: str, **headers: str) -> Request:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request("POST", "/astrogrid", "/astrogrid", "", Headers(pairs), "1.1", "h", peer, "id")


def name_of(identify: Identify[Caller], asked: Request) -> str:
    with contextlib.suppress(NotAuthenticated):
        return identify(asked).account.resource
    return "nobody"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.2.17", "portal"),
        ("192.0.2.18", "campus"),
        ("::ffff:192.0.2.17", "portal"),
        ("::ffff:192.0.2.18", "campus"),
        ("192.0.3.1", "nobody"),
        ("2001:db8::1", "nobody"),
        ("::1", "nobody"),
        ("127.0.0.1", "nobody"),
        ("", "nobody"),
        ("unknown", "nobody"),
    ],
)
def test_the_smallest_network_says_who_it_is(world: World, peer: str, expected: str) -> None:
    for identify in (
        identity(world, campus="192.0.2.0/24", portal="192.0.2.17/32"),
        identity(world, portal="192.0.2.17/32", campus="192.0.2.0/24"),
    ):
        assert name_of(identify, request(peer)) == expected


def test_an_account_for_everybody(world: World) -> None:
    identify = identity(world, portal="0.0.0.0/0", campus="::/0")
    assert name_of(identify, request("198.51.100.1")) == "portal"
    assert name_of(identify, request("2001:db8::1")) == "campus"
    assert name_of(identify, request("::ffff:198.51.100.1")) == "portal"


def test_nobody_is_trusted_unless_it_is_said(world: World) -> None:
    assert name_of(identity(world), request("127.0.0.1")) == "nobody"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Basic ZGF2ZTpkYXZlJ3Mgc2VjcmV0", "dave"),
        ("Basic ZGF2ZTp3cm9uZw==", "nobody"),
        ("Basic", "nobody"),
        ("Bearer wrong", "nobody"),
        ("Negotiate x", "nobody"),
        ("", "nobody"),
    ],
)
def test_whoever_sends_credentials_is_who_they_prove(world: World, value: str, expected: str) -> None:
    assert name_of(identity(world, portal="127.0.0.0/8"), request("127.0.0.1", authorization=value)) == expected


@pytest.mark.parametrize(
    "header",
    ["forwarded", "x_forwarded_for", "x_forwarded_server", "x_real_ip", "x_client_ip", "cf_connecting_ip", "via"],
)
def test_what_a_proxy_hands_on_is_of_no_network_but_the_whole_world(world: World, header: str) -> None:
    asked = request("127.0.0.1", **{header: "203.0.113.7"})
    assert name_of(identity(world, portal="127.0.0.1/32"), asked) == "nobody"
    assert name_of(identity(world, portal="127.0.0.1/32", campus="0.0.0.0/0"), asked) == "campus"


def test_what_a_browser_sends_for_a_page_is_nobodys(world: World) -> None:
    asked = request("127.0.0.1", origin="http://elsewhere.example")
    assert name_of(identity(world, portal="0.0.0.0/0"), asked) == "nobody"


def test_the_account_has_its_own_rights_and_no_more(world: World) -> None:
    caller = identity(world, portal="127.0.0.1/32")(request("127.0.0.1"))
    assert caller == Caller(account("portal"))


def test_an_account_that_is_disabled_or_unknown_is_refused_with_a_reason(world: World) -> None:
    identify = identity(world, portal="127.0.0.1/32", nobody="127.0.0.2/32")
    assert name_of(identify, request("127.0.0.1")) == "portal"
    disable_account(world.database, OPERATOR, account("portal"))
    for peer, name in (("127.0.0.1", "portal"), ("127.0.0.2", "nobody")):
        with pytest.raises(NotAuthenticated, match=f"{account(name)}, which is unknown or disabled"):
            identify(request(peer))
