"""A small HTTP server, as there are many in the world: files can be fetched from it and sent to it.

Rule: loopback only, and nothing but the demonstration's files; what is sent to it stays in memory.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Web:
    """The server's address, and what came in."""

    address: str
    received: dict[str, bytes] = field(default_factory=dict)
    """What was sent, by name."""

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


@contextmanager
def small_web(files: Mapping[str, bytes]) -> Iterator[Web]:
    """Serve these files by name, and take others, while the block runs."""
    web = Web("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = files.get(self.path.removeprefix("/"))
            self._answer(404 if content is None else 200, content or b"")

        def do_PUT(self) -> None:
            web.received[self.path.removeprefix("/")] = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(201, b"")

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            """Nobody reads its log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, name="small-web", daemon=True)
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
