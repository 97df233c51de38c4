"""What the other side answers to a fetch or a push, lies, silence and TLS included, by real servers on loopback."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filestore.domain.transfer import Remote
from filestore.remote.outbound import GuardedOutbound
from filestore.services.flows import Movement
from tests.support.outbound import CONTENT, LOOPBACK, body, fetched, outbound
from tests.support.sources import Source, ok, scripted_source
from vofiles.errors import Incomplete, SourceUnreachable, TooLarge, VofilesError


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
            outbound().push(Remote(f"http://127.0.0.1:{listener.getsockname()[1]}/", method="PUT"), body(), Movement())
        thread.join(10)


def test_length_and_type_are_told() -> None:
    with (
        scripted_source(ok(CONTENT, "Content-Type: application/fits")) as source,
        outbound().fetch(Remote(source.url()), Movement()) as incoming,
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


@pytest.mark.parametrize("said", [True, False])
def test_an_end_is_said_in_tls(certificate: Path, trusting: GuardedOutbound, *, said: bool) -> None:
    """Whoever can cut a line can end a connection, too, and with it a body of no told length."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def serve() -> None:
        link, _ = listener.accept()
        with context.wrap_socket(link, server_side=True) as secure:
            secure.recv(1 << 16)
            secure.sendall(b"HTTP/1.1 200 OK\r\n\r\nall that there is")
            if said:
                with contextlib.suppress(OSError):
                    secure.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        url = f"https://store.example:{listener.getsockname()[1]}/"
        if said:
            assert fetched(url, trusting) == b"all that there is"
        else:
            with pytest.raises(Incomplete, match="TLS failed after 17 bytes"):
                fetched(url, trusting)
        served.result()
