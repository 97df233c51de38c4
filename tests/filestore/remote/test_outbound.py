"""Fetching from and sending to other people's addresses, against real servers on loopback."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from filestore.domain.transfer import Remote
from filestore.ports import Body
from filestore.remote.addresses import AddressPolicy
from filestore.remote.outbound import REDIRECTS, GuardedOutbound, OutboundLimits
from tests.support.sources import Received, Source, ok, redirect, scripted_source
from vofiles.contract import Digest, Header
from vofiles.errors import AddressRefused, Incomplete, InvalidArgument, SourceUnreachable, TooLarge, VofilesError

LOOPBACK = AddressPolicy([ip_network("127.0.0.1/32")])
CONTENT = bytes(range(256)) * 4096


def outbound(policy: AddressPolicy = LOOPBACK, **limits: float) -> GuardedOutbound:
    return GuardedOutbound(policy, OutboundLimits(**limits))  # type: ignore[arg-type]


def fetched(url: str, port: GuardedOutbound | None = None, *headers: Header) -> bytes:
    with (port or outbound()).fetch(Remote(url, headers=headers)) as incoming:
        return b"".join(incoming.chunks())


def body(content: bytes = CONTENT) -> Body:
    digests = (Digest("sha-256", "00" * 32),)
    return Body(len(content), "application/fits", digests, lambda: iter([content[:1000], content[1000:]]))


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
        guarded.push(Remote(url, method="PUT"), body())
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
        outbound().push(Remote(source.url(), method="PUT"), body())
    assert [request.body for request in source.requests] == [CONTENT]
    assert [(request.method, request.body) for request in elsewhere.requests] == [("PUT", CONTENT)]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_push_never_becomes_a_get(status: int, elsewhere: Source) -> None:
    with (
        scripted_source(redirect(elsewhere.url(), status)) as source,
        pytest.raises(SourceUnreachable, match=str(status)),
    ):
        outbound().push(Remote(source.url(), method="POST"), body())
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
    outbound().push(Remote(elsewhere.url("/in?key=1"), method=method), body())
    (request,) = elsewhere.requests
    assert (request.method, request.target, request.body) == (method, "/in?key=1", CONTENT)
    assert request.headers["content-length"] == str(len(CONTENT))
    assert request.headers["content-type"] == "application/fits"
    assert request.headers["repr-digest"].startswith("sha-256=:AAAA")


# --- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 404, 500, 503])
def test_another_status_than_200_is_no_content(status: int) -> None:
    with (
        scripted_source(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as source,
        pytest.raises(SourceUnreachable, match=str(status)) as refusal,
    ):
        fetched(source.url())
    assert ("status", str(status)) in refusal.value.properties


def test_a_push_that_is_refused_early_names_the_status() -> None:
    """The other side answers and closes without reading: its answer counts, not the broken pipe."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            link, _ = listener.accept()
            with link:
                link.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
                link.shutdown(socket.SHUT_WR)
                while link.recv(65536):
                    pass

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        with pytest.raises(SourceUnreachable, match="413"):
            outbound().push(Remote(f"http://127.0.0.1:{listener.getsockname()[1]}/", method="PUT"), body())
        thread.join(10)


def test_length_and_type_are_told() -> None:
    with (
        scripted_source(ok(CONTENT, "Content-Type: application/fits")) as source,
        outbound().fetch(Remote(source.url())) as incoming,
    ):
        assert (incoming.length, incoming.content_type) == (len(CONTENT), "application/fits")
        assert b"".join(incoming.chunks()) == CONTENT


def test_chunks_are_put_together() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"
    with scripted_source(answer) as source:
        assert fetched(source.url()) == b"hello world"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", id="dies before its length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", id="dies at once"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", id="no last chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", id="dies in a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", id="no chunk length"),
    ],
)
def test_a_source_that_lies_or_dies_is_incomplete(answer: bytes) -> None:
    with scripted_source(answer) as source, pytest.raises(Incomplete):
        fetched(source.url())


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 70000])
def test_what_is_not_http_is_no_usable_answer(answer: bytes) -> None:
    with scripted_source(answer) as source, pytest.raises(SourceUnreachable):
        fetched(source.url())


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceUnreachable, match="does not listen"):
        fetched(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("length", [True, False])
def test_too_many_bytes_are_refused(length: bool) -> None:
    answer = ok(b"x" * 2000) if length else b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 2000
    with scripted_source(answer) as source, pytest.raises(TooLarge):
        fetched(source.url(), outbound(maximum_size=1000))


def trickling(start: bytes, drip: bytes, stop: threading.Event, listener: socket.socket) -> None:
    link, _ = listener.accept()
    with link:
        link.sendall(start)
        while not stop.wait(0.02):
            try:
                link.sendall(drip)
            except OSError:
                return


@pytest.mark.parametrize(
    ("start", "drip", "error"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", SourceUnreachable, id="in the head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x", Incomplete, id="in the body"),
    ],
)
def test_a_trickle_ends_at_the_deadline(start: bytes, drip: bytes, error: type[VofilesError]) -> None:
    """Each wait is short and something always comes; only the deadline of the whole can end it."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickling, args=(start, drip, stop, listener), daemon=True)
        thread.start()
        try:
            with pytest.raises(error, match="too long"):
                fetched(f"http://127.0.0.1:{listener.getsockname()[1]}/", outbound(seconds=0.5))
        finally:
            stop.set()
            thread.join(10)


def test_silence_ends_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(SourceUnreachable, match="too long"):
        fetched(f"http://127.0.0.1:{listener.getsockname()[1]}/", outbound(idle=0.2))


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, for store.example."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=store.example -out cert.pem -keyout key.pem"
    extension = ["-addext", "subjectAltName=DNS:store.example"]
    subprocess.run([*command.split(), *extension], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def secure(certificate: Path) -> Iterator[Source]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with scripted_source(ok(b"secure"), tls=context) as source:
        yield source


@pytest.fixture
def trusting(certificate: Path) -> GuardedOutbound:
    """Trusts the certificate; every name is 127.0.0.1."""
    tls = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    return GuardedOutbound(LOOPBACK, tls=tls, resolver=lambda _host, _port: ["127.0.0.1"])


def test_the_certificate_is_checked_against_the_name(secure: Source, trusting: GuardedOutbound) -> None:
    assert fetched(f"https://store.example:{secure.port}/", trusting) == b"secure"
    for host in ("other.example", "127.0.0.1"):
        with pytest.raises(SourceUnreachable, match="certificate"):
            fetched(f"https://{host}:{secure.port}/", trusting)
    assert len(secure.requests) == 1


def test_an_unknown_issuer_is_refused(secure: Source) -> None:
    guarded = GuardedOutbound(LOOPBACK, resolver=lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(SourceUnreachable, match="certificate"):
        fetched(f"https://store.example:{secure.port}/", guarded)
    assert secure.requests == []
