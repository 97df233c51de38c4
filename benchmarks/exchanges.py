"""A client off the critical path: requests that were written beforehand, on eight kept connections of one process.

Rule: nothing is parsed but where an answer ends, and nothing checked but its status; what is measured is the server.
"""

import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TOGETHER = 8
"""Connections, and so exchanges in one job."""
FRESH = b"fresh-name-of-one-and-twenty"
"""In a request: what is replaced by a name that no other has, as long as this."""


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """An HTTP request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Exchanges:
    """Eight requests at once, and their answers; these requests one after the other, again and again."""

    port: int
    requests: tuple[bytes, ...]
    status: int = 200

    def open(self, _worker: int) -> Callable[[int], None]:
        """The connections."""
        lines = [Line(self.port, self.status) for _ in range(TOGETHER)]
        run = secrets.token_hex(8)

        def once(count: int) -> None:
            for number, line in enumerate(lines):
                serial = count * TOGETHER + number
                text = self.requests[serial % len(self.requests)]
                line.send(text.replace(FRESH, f"{run}-{serial:011x}".encode()))
            for line in lines:
                line.receive()

        return once


class Line:
    """One connection."""

    def __init__(self, port: int, status: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expected = f"HTTP/1.1 {status} ".encode()

    def send(self, text: bytes) -> None:
        self._socket.sendall(text)

    def receive(self) -> None:
        """Reads an answer to its end. Raises ConnectionError where it has another status."""
        held = self._more(b"")
        while (end := held.find(b"\r\n\r\n")) < 0:
            held = self._more(held)
        head, body = held[:end].lower(), held[end + 4 :]
        if not held.startswith(self._expected):
            raise ConnectionError(f"not {self._expected.decode()}: {held[:2000]!r}")
        _, announced, rest = head.partition(b"\r\ncontent-length:")
        if announced:
            self._skip(int(rest.partition(b"\r\n")[0]) - len(body))
            return
        while not body.endswith(b"0\r\n\r\n"):
            body = self._more(body[-5:])

    def _skip(self, left: int) -> None:
        while left > 0:
            left -= len(self._more(b""))

    def _more(self, held: bytes) -> bytes:
        received = self._socket.recv(1 << 20)
        if not received:
            raise ConnectionError("the server has closed the connection")
        return held + received


def repeated(requests: Sequence[bytes]) -> tuple[bytes, ...]:
    """As many as a job takes at least."""
    return tuple(requests) * (1 if len(requests) >= TOGETHER else TOGETHER)
