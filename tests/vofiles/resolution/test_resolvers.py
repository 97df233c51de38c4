"""Account resolvers: a community's own service over HTTP, with every answer that it must not give; lists; names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import Received, ok, redirect, scripted_source
from tests.support.taps import running_tap, trickling_source
from vofiles.errors import AccountNotFound, InvalidArgument, ServiceUnreachable
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.resolvers import LONGEST_ANSWER, ByCommunity, CommunityService, ListedHomes, find_account

DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
HOME = NodeIdentifier.parse("ivo://star.le.ac.uk/filemanager#1234-5678")
GOOD = {"account": str(DAVE), "home": str(HOME)}
JSON = "Content-Type: application/json"


def answer(told: Any) -> bytes:
    return ok(told if isinstance(told, bytes) else json.dumps(told).encode(), JSON)


def resolved(response: bytes | Callable[[Received], bytes], account: Ivorn = DAVE) -> NodeIdentifier:
    with scripted_source(response) as source:
        return CommunityService(source.url("/accounts")).get_home(account)


def test_a_community_tells_where_a_home_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login dave password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with scripted_source(answer(GOOD | {"more": ["to", "come"]})) as source:
        service = CommunityService(source.url("/accounts/"))
        assert service.get_home(DAVE) == HOME
    (asked,) = source.requests
    assert (asked.method, asked.target) == ("GET", "/accounts/dave")
    assert not {"authorization", "cookie", "proxy-authorization"} & asked.headers.keys()


def test_a_name_is_one_step_of_the_url() -> None:
    account = Ivorn.parse("ivo://ast.cam.ac.uk/people/../dave")
    with scripted_source(answer(GOOD | {"account": str(account)})) as source:
        CommunityService(source.url("/accounts")).get_home(account)
    assert source.requests[0].target == "/accounts/people%2F..%2Fdave"


def test_the_account_compares_as_identifiers_do() -> None:
    assert resolved(answer(GOOD | {"account": "IVO://AST.cam.ac.uk/Dave"})) == HOME


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_an_account_that_it_does_not_have(status: str) -> None:
    with pytest.raises(AccountNotFound, match=r"ivo://ast\.cam\.ac\.uk/dave"):
        resolved(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


UNUSABLE = {
    "another account": answer(GOOD | {"account": "ivo://ast.cam.ac.uk/erin"}),
    "no home": answer({"account": str(DAVE)}),
    "no account": answer({"home": str(HOME)}),
    "a home that is no node": answer(GOOD | {"home": "ivo://star.le.ac.uk/filemanager"}),
    "a home that is an address": answer(GOOD | {"home": "https://evil.example/"}),
    "a home that is no text": answer(GOOD | {"home": {"node": 1}}),
    "a list": answer([GOOD]),
    "null": answer(None),
    "no JSON": answer(b"<html>"),
    "not UTF-8": answer(b'{"account": "\xff"}'),
    "a key twice": answer(f'{{"account": "{DAVE}", "home": "{HOME}", "home": "{HOME}"}}'.encode()),
    "deep": answer(b"[" * 30_000),
    "long": answer(json.dumps(GOOD).encode() + b" " * LONGEST_ANSWER),
    "short": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}",
    "a page": ok(json.dumps(GOOD).encode(), "Content-Type: text/html"),
    "packed": ok(json.dumps(GOOD).encode(), JSON, "Content-Encoding: gzip").replace(b"{", b"\x1f\x8b"),
    "an error": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "a refusal": b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"220 mail.example.org ESMTP\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_is_no_answer(case: str) -> None:
    with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1"):
        resolved(UNUSABLE[case])


def test_it_does_not_send_us_elsewhere() -> None:
    with scripted_source(answer(GOOD)) as elsewhere:
        with pytest.raises(ServiceUnreachable):
            resolved(redirect(elsewhere.url("/accounts/dave")))
        assert elsewhere.connections == 0


def test_an_answer_that_stands_still_ends() -> None:
    with running_tap(speaks=False) as tap, pytest.raises(ServiceUnreachable, match="in time"):
        CommunityService(tap.url, patience=0.2).get_home(DAVE)


def test_an_answer_that_trickles_ends() -> None:
    """Each byte comes in time; all of them together never would."""
    with trickling_source(b"HTTP/1.1 200 OK\r\n" + JSON.encode() + b"\r\n\r\n", b" ") as url:
        with pytest.raises(ServiceUnreachable, match="too long"):
            CommunityService(url, patience=0.3).get_home(DAVE)


def test_nobody_there() -> None:
    with running_tap() as tap:
        url = tap.url
    with pytest.raises(ServiceUnreachable):
        CommunityService(url).get_home(DAVE)


@pytest.mark.parametrize("url", ["http://ast.cam.ac.uk/accounts/", "ftp://127.0.0.1/", "file:///etc/passwd"])
def test_it_is_asked_only_where_nobody_can_change_the_answer(url: str) -> None:
    with pytest.raises(InvalidArgument, match="https"):
        CommunityService(url)


def test_each_community_has_its_own_resolver() -> None:
    other = Ivorn.parse("ivo://star.le.ac.uk/frank")
    resolver = ByCommunity({Ivorn("ast.cam.ac.uk"): ListedHomes({DAVE: HOME})}, ListedHomes({other: HOME}))
    assert resolver.get_home(DAVE) == HOME
    assert resolver.get_home(other) == HOME
    with pytest.raises(AccountNotFound):
        resolver.get_home(Ivorn.parse("ivo://ast.cam.ac.uk/erin"))


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("dave@ast.cam.ac.uk", "ivo://ast.cam.ac.uk/dave"),
        ("Dave@AST.cam.ac.uk", "ivo://ast.cam.ac.uk/dave"),
        ("ast.cam.ac.uk/dave", "ivo://ast.cam.ac.uk/dave"),
        ("ast.cam.ac.uk/people/dave", "ivo://ast.cam.ac.uk/people/dave"),
        ("ivo://ast.cam.ac.uk/dave", "ivo://ast.cam.ac.uk/dave"),
        ("dave", None),
        ("@ast.cam.ac.uk", None),
        ("dave@", None),
        ("ivo://ast.cam.ac.uk", None),
        ("ivo://ast.cam.ac.uk/dave#1", None),
        ("https://ast.cam.ac.uk/dave", None),
        ("", None),
    ],
)
def test_which_account_a_user_name_means(user: str, account: str | None) -> None:
    found = find_account(user)
    assert (str(found) if found else None) == account
