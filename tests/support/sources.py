"""Small HTTP/1.1 servers on loopback that answer with whatever bytes a test scripts, lies included.

Rule: they keep what came in; a test that expects no connection asks for `connections`.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Callable[["Received"], bytes]


@dataclass
class Received:
    """One request as a scripted server got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Source:
    """A running scripted server."""

    address: str
    port: int
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/data.fits") -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}{path}"


@contextmanager
def scripted_source(
    answer: Answer | bytes, *, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[Source]:
    """A server that reads one request a connection, answers with the bytes given, and closes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        source = Source(address, listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, source, answer, tls), daemon=True)
        thread.start()
        try:
            yield source
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(listener: socket.socket, source: Source, answer: Answer | bytes, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            link, _ = listener.accept()
        except OSError:
            return
        source.connections += 1
        try:
            with tls.wrap_socket(link, server_side=True) if tls else link as used:
                received = _read_request(used)
                source.requests.append(received)
                used.sendall(answer if isinstance(answer, bytes) else answer(received))
        except OSError:
            continue  # the client went away; what it did is what the test looks at


def _read_request(link: socket.socket) -> Received:
    stream = link.makefile("rb")
    method, target, _ = stream.readline().decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    for line in iter(stream.readline, b"\r\n"):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return Received(method, target, headers, stream.read(int(headers.get("content-length", "0"))))


def ok(body: bytes, *headers: str) -> bytes:
    """A plain answer with a body and its length."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def redirect(to: str, status: int = 302) -> bytes:
    """An answer that sends the client elsewhere."""
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
