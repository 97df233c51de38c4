"""A way to an HTTP server that can be closed at one request, so that whoever sent it can be killed just then.

with gate_to("http://127.0.0.1:9000") as gate:
    gate.close_at("PUT", ".json", after=True)     # the server does it, and its answer is never heard
    …
    gate.await_caught()
    process.kill()
    gate.open()
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.support.serving import wait_until


class Gate:
    """Passes on what comes, but for one request."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        self.host, self.port = parts.hostname, parts.port or 80
        self.url = ""
        self._lock = threading.Lock()
        self._wanted: tuple[str, str] | None = None
        self.after = False
        """Whether the request that is caught is passed on before."""
        self._caught, self._opened = threading.Event(), threading.Event()

    def close_at(self, method: str, word: str, *, after: bool = False) -> None:
        """Catch the next request of a method with a word in its address."""
        self._caught.clear()
        self._opened.clear()
        with self._lock:
            self._wanted, self.after = (method, word), after

    def catches(self, method: str, address: str) -> bool:
        """Whether this is the request; the next one like it is not."""
        with self._lock:
            if self._wanted is None or method != self._wanted[0] or self._wanted[1] not in address:
                return False
            self._wanted = None
        self._caught.set()
        return True

    def hold(self) -> None:
        """Let nothing pass until it is opened."""
        self._opened.wait()

    def await_caught(self) -> None:
        """Wait for the request."""
        wait_until(self._caught.is_set, "the request to be caught")

    def open(self) -> None:
        """Let everything pass; what was caught is never answered."""
        self._opened.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gate: Gate

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # A copy is told by a header, and by nothing in its address.
        copied = self.headers.get("x-amz-copy-source")
        caught = self.gate.catches(self.command, self.path if copied is None else f"{self.path} copy")
        if caught and not self.gate.after:
            self.gate.hold()
            self.close_connection = True
            return
        connection = HTTPConnection(self.gate.host, self.gate.port)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in {"connection", "expect"}:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if caught:
            self.gate.hold()
            self.close_connection = True
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815 - as http.server calls them

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def gate_to(target: str) -> Iterator[Gate]:
    """A gate to the server at a URL, while the block runs."""
    gate = Gate(target)
    handler = type("Handler", (_Handler,), {"gate": gate})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    gate.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gate
    finally:
        gate.open()
        server.shutdown()
        thread.join()
        server.server_close()
