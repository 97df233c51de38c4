"""An HTTP client that says exactly what a test tells it to, byte by byte, and reads what comes back."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PATIENCE = 30.0


@dataclass(frozen=True)
class Reply:
    """One response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Gone(Exception):
    """The server closed the connection where a response should have been."""


class RawClient:
    """One connection to `port` on loopback."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None, receive_buffer: int | None = None) -> None:
        plain = socket.socket()
        plain.settimeout(PATIENCE)
        if receive_buffer is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            plain.connect(("127.0.0.1", port))
        except OSError:
            plain.close()
            raise
        self.socket = plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes | str) -> None:
        """Send `data`; a str has its line ends made CRLF."""
        self.socket.sendall(data if isinstance(data, bytes) else data.replace("\n", "\r\n").encode("latin-1"))

    def ask(self, data: bytes | str, *, head: bool = False) -> Reply:
        self.send(data)
        return self.reply(head=head)

    def reply(self, *, head: bool = False) -> Reply:
        """The next response; with `head` it has no body, whatever its length says."""
        raw = self._until(b"\r\n\r\n").decode("latin-1")
        first, *lines = raw.removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert len(headers) == len(lines), f"a header twice in {raw!r}"
        assert first.startswith("HTTP/1.1 ")
        status = int(first.split(" ")[1])
        empty = head or status < 200 or status in (204, 304)
        return Reply(status, headers, b"" if empty else self.exactly(int(headers["content-length"])))

    def head_of(self, length: int) -> int:
        """Read a head and what has come with it of a body of `length`; how much of the body is still to come."""
        self._until(b"\r\n\r\n")
        left = length - len(self._held)
        self._held = b""
        return left

    def exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            self._receive()
        data, self._held = self._held[:count], self._held[count:]
        return data

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        while True:
            try:
                self._receive()
            except Gone:
                data, self._held = self._held, b""
                return data

    def is_closed(self) -> bool:
        """Waits until the server closes; False when it says something first."""
        return self.rest() == b""

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._held:
            self._receive()
        data, _, self._held = self._held.partition(mark)
        return data + mark

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Gone(self._held)
        self._held += data
