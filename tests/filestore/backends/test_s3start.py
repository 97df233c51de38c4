"""What is tried of a bucket before clients are sent to it, where what is in between takes part."""

import socketserver
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from filestore.backends.s3start import open_bucket
from filestore.config import S3
from vofiles.configuration import ConfigurationError

LISTING = b"<R><IsTruncated>false</IsTruncated></R>"


class Between(socketserver.StreamRequestHandler):
    """A proxy that is the bucket of another name, and takes what is copied by itself."""

    server: "Proxy"

    def handle(self) -> None:
        line = self.rfile.readline().decode().split()
        if not line:
            return
        headers = {}
        while told := self.rfile.readline().strip():
            name, _, value = told.decode().partition(":")
            headers[name.lower()] = value.strip()
        if "expect" in headers:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.rfile.read(int(headers.get("content-length", 0)))
        copies = "x-amz-copy-source" in headers
        self.server.asked.append((line[0], line[1].partition("?")[0], copies))
        status, body = HTTPStatus.OK, LISTING
        if line[0] == "GET" and "/staging/" in line[1]:
            status, body = self.server.says
        elif line[0] == "PUT":
            body = b""
        lines = [f"HTTP/1.1 {status} {status.phrase}", f"Content-Length: {len(body)}", "Connection: close", "", ""]
        self.wfile.write("\r\n".join(lines).encode() + body)


class Proxy(socketserver.ThreadingTCPServer):
    """What was asked of it (method, address, whether it was to copy), and what it says of what was copied."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Between)
        self.asked: list[tuple[str, str, bool]] = []
        self.says = (HTTPStatus.NOT_FOUND, b"<Error><Code>NoSuchKey</Code></Error>")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The only way to the bucket."""
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for name in ("HTTP_PROXY", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr("filestore.backends.s3client.ATTEMPTS", 1)
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def start() -> None:
    settings: Any = S3("contents", "some", "secret", "http://bucket.invalid", addressing="path", direct=True)
    open_bucket(settings).close()


def test_addresses_are_tried_through_the_proxy_that_all_calls_take(proxy: Proxy) -> None:
    start()
    (tried,) = [address for method, address, copies in proxy.asked if copies and method == "PUT"]
    assert tried.startswith("http://bucket.invalid/contents/staging/")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown"),
        (HTTPStatus.FORBIDDEN, "AccessDenied"),
        (HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError"),
        (HTTPStatus.NOT_FOUND, "404"),
    ],
)
def test_only_what_is_not_there_was_refused(proxy: Proxy, status: HTTPStatus, code: str) -> None:
    body = b"" if code == "404" else f"<Error><Code>{code}</Code></Error>".encode()
    proxy.says = (status, body)
    with pytest.raises(ConfigurationError, match=f"to try an address is refused \\({code}\\)"):
        start()
