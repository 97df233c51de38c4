"""Fetching from and sending to other people's addresses, against real servers on loopback."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from filestore.domain.transfer import Remote
from filestore.remote.addresses import AddressPolicy
from filestore.remote.fetching import REDIRECTS
from filestore.remote.outbound import GuardedOutbound
from filestore.services.flows import Movement
from tests.support.outbound import CONTENT, LOOPBACK, body, fetched, outbound
from tests.support.sources import Received, Source, ok, redirect, scripted_source
from vofiles.contract import Header
from vofiles.errors import AddressRefused, InvalidArgument, SourceUnreachable


@pytest.fixture
def elsewhere() -> Iterator[Source]:
    with scripted_source(ok(b"inside")) as source:
        yield source


# --- addresses --------------------------------------------------------------------------------------------------------


def inside_urls(port: int) -> list[str]:
    return [
        f"http://127.0.0.1:{port}/",
        f"http://localhost:{port}/",
        f"http://2130706433:{port}/",
        f"http://0x7f000001:{port}/",
        f"http://0x7f.1:{port}/",
        f"http://017700000001:{port}/",
        f"http://0177.0.0.1:{port}/",
        f"http://127.1:{port}/",
        f"http://0:{port}/",
        f"http://0.0.0.0:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://[::ffff:7f00:1]:{port}/",
        f"http://[::127.0.0.1]:{port}/",
        f"http://[64:ff9b::7f00:1]:{port}/",
        f"http://[2002:7f00:1::]:{port}/",
        f"http://[::1]:{port}/",
        f"http://[::1%25lo]:{port}/",
        f"http://user:pass@127.0.0.1:{port}/",
        f"http://127。0。0。1:{port}/",
        f"http://name.example:{port}/",
    ]


@pytest.mark.parametrize("number", range(len(inside_urls(0))))
def test_no_notation_of_an_inside_address_is_connected_to(number: int, elsewhere: Source) -> None:
    guarded = GuardedOutbound(AddressPolicy(), resolver=lambda _host, _port: ["127.0.0.1", "::1", "10.0.0.1"])
    url = inside_urls(elsewhere.port)[number]
    with pytest.raises(AddressRefused):
        fetched(url, guarded)
    with pytest.raises(AddressRefused):
        guarded.push(Remote(url, method="PUT"), body(), Movement())
    assert elsewhere.connections == 0


def test_the_same_server_answers_where_its_network_is_allowed(elsewhere: Source) -> None:
    """So the refusals above are the policy's, not a server's that does not run."""
    assert fetched(elsewhere.url()) == b"inside"
    assert elsewhere.connections == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_name_is_resolved_once_and_its_address_connected_to(times: int, elsewhere: Source) -> None:
    """A name that means something else at the second look-up (rebinding) gets no second look-up."""
    asked: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) <= times else ["10.0.0.1"]

    guarded = GuardedOutbound(LOOPBACK, resolver=resolver)
    assert fetched(f"http://name.example:{elsewhere.port}/x", guarded) == b"inside"
    assert asked == ["name.example"]
    assert elsewhere.requests[0].headers["host"] == f"name.example:{elsewhere.port}"


def test_a_name_that_is_not_known() -> None:
    def resolver(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(SourceUnreachable, match="not known"):
        fetched("http://name.example/", GuardedOutbound(LOOPBACK, resolver=resolver))


def test_the_next_address_is_tried(elsewhere: Source) -> None:
    policy = AddressPolicy([ip_network("127.0.0.0/8")])
    guarded = GuardedOutbound(policy, resolver=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    assert fetched(f"http://name.example:{elsewhere.port}/", guarded) == b"inside"


# --- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to", ["http://127.0.0.2:{port}/", "http://[::1]:{port}/", "http://0x7f000001:{port}/", "http://127.1:{port}/"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inside_is_refused(to: str, status: int) -> None:
    with socket.create_server(("127.0.0.2", 0)) as forbidden:
        forbidden.setblocking(False)
        inside = to.format(port=forbidden.getsockname()[1])
        with scripted_source(redirect(inside, status)) as source, pytest.raises(AddressRefused):
            fetched(source.url())
        with pytest.raises(BlockingIOError):
            forbidden.accept()


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://u@127.0.0.1/", "http://a b/", ""])
def test_a_redirect_to_what_is_no_address_is_refused(to: str) -> None:
    with scripted_source(redirect(to)) as source, pytest.raises((AddressRefused, SourceUnreachable)):
        fetched(source.url())


@pytest.mark.parametrize("times", [1, REDIRECTS])
def test_some_redirects_are_followed(times: int) -> None:
    def answer(request: Received) -> bytes:
        step = int(request.target.removeprefix("/"))
        return ok(b"there") if step == times else redirect(f"/{step + 1}")

    with scripted_source(answer) as source:
        assert fetched(source.url("/0")) == b"there"


def test_more_redirects_are_not() -> None:
    with scripted_source(redirect("/again")) as source:
        with pytest.raises(SourceUnreachable, match="redirects more than 3 times"):
            fetched(source.url())
        assert source.connections == REDIRECTS + 1


def test_headers_of_the_caller_stay_with_their_origin(elsewhere: Source) -> None:
    token = Header("Authorization", "Bearer callers")

    def answer(request: Received) -> bytes:
        return redirect("/second") if request.target == "/data.fits" else redirect(elsewhere.url("/third"))

    with scripted_source(answer) as source:
        assert fetched(source.url(), None, token) == b"inside"
        assert [request.headers.get("authorization") for request in source.requests] == ["Bearer callers"] * 2
    assert "authorization" not in elsewhere.requests[0].headers


def test_a_push_is_repeated_where_a_redirect_says_so(elsewhere: Source) -> None:
    with scripted_source(redirect(elsewhere.url("/there"), 307)) as source:
        outbound().push(Remote(source.url(), method="PUT"), body(), Movement())
    assert [request.body for request in source.requests] == [CONTENT]
    assert [(request.method, request.body) for request in elsewhere.requests] == [("PUT", CONTENT)]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_push_never_becomes_a_get(status: int, elsewhere: Source) -> None:
    with (
        scripted_source(redirect(elsewhere.url(), status)) as source,
        pytest.raises(SourceUnreachable, match=str(status)),
    ):
        outbound().push(Remote(source.url(), method="POST"), body(), Movement())
    assert elsewhere.connections == 0


# --- what goes along --------------------------------------------------------------------------------------------------


def test_nothing_of_the_environment_goes_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, elsewhere: Source
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login store password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, elsewhere.url())
    with scripted_source(ok(b"x")) as source:
        assert fetched(source.url()) == b"x"
        assert set(source.requests[0].headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert elsewhere.connections == 0


def test_headers_of_the_caller_go_along(elsewhere: Source) -> None:
    fetched(elsewhere.url(), None, Header("X-Survey", "north"), Header("Accept", "application/fits"))
    headers = elsewhere.requests[0].headers
    assert (headers["x-survey"], headers["accept"]) == ("north", "application/fits")


@pytest.mark.parametrize(
    "header",
    [
        Header("Host", "inside"),
        Header("HOST", "inside"),
        Header("Content-Length", "1"),
        Header("Transfer-Encoding", "chunked"),
        Header("Connection", "keep-alive"),
        Header("Proxy-Authorization", "Basic x"),
        Header("Expect", "100-continue"),
        Header("Upgrade", "h2c"),
        Header("Range", "bytes=0-1"),
        Header("Accept-Encoding", "gzip"),
        Header("X", "a\r\nHost: inside"),
        Header("X", "a\nb"),
        Header("X", "a\0b"),
        Header("X", "ü"),
        Header("X\r\nY", "a"),
        Header("X:", "a"),
        Header("", "a"),
        Header("X", "a" * 8193),
    ],
)
def test_headers_that_no_caller_may_set(header: Header, elsewhere: Source) -> None:
    with pytest.raises(InvalidArgument):
        fetched(elsewhere.url(), None, header)
    with pytest.raises(InvalidArgument):
        outbound().require_allowed(Remote(elsewhere.url(), headers=(header,)))
    assert elsewhere.connections == 0


def test_too_many_headers(elsewhere: Source) -> None:
    with pytest.raises(InvalidArgument):
        outbound().require_allowed(Remote(elsewhere.url(), headers=(Header("X", "a"),) * 21))


@pytest.mark.parametrize(("protocol", "method"), [("FTP", "GET"), ("HTTP", "DELETE"), ("HTTP", "get"), ("HTTP", "")])
def test_other_protocols_and_methods(protocol: str, method: str, elsewhere: Source) -> None:
    with pytest.raises(InvalidArgument):
        outbound().require_allowed(Remote(elsewhere.url(), protocol, method))


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_push_describes_what_it_sends(method: str, elsewhere: Source) -> None:
    outbound().push(Remote(elsewhere.url("/in?key=1"), method=method), body(), Movement())
    (request,) = elsewhere.requests
    assert (request.method, request.target, request.body) == (method, "/in?key=1", CONTENT)
    assert request.headers["content-length"] == str(len(CONTENT))
    assert request.headers["content-type"] == "application/fits"
    assert request.headers["repr-digest"].startswith("sha-256=:AAAA")
