"""The load: HTTP requests written out beforehand, over bare sockets, each worker with one kept connection.

Rule: the client stays off the critical path, for it has to share two cores with the servers. What it sends is one block
in memory, again and again; what it gets is counted and dropped by the kernel (MSG_TRUNC), save under TLS.
"""

import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

BLOCK = 1 << 20
SECONDS = 300


@dataclass(frozen=True)
class Target:
    """A server, and what every request to it carries."""

    port: int
    headers: str = ""
    """Header lines, each with its line end."""
    secure: bool = False

    def connect(self) -> socket.socket:
        """A connection, with TLS where the server has it; who it is is not asked."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.secure:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain)


@dataclass(frozen=True)
class Put:
    """New contents of `size` bytes at these paths, dealt out among the workers."""

    target: Target
    size: int
    clients: int
    paths: tuple[str, ...]

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection; job n of worker w has path n * clients + w."""
        line = Line(self.target)
        block = random.randbytes(min(self.size, BLOCK))

        def once(count: int) -> None:
            path = self.paths[count * self.clients + worker]
            head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\n{self.target.headers}Content-Length: {self.size}\r\n\r\n"
            status, _ = line.ask(head.encode("ascii"), block, max(1, self.size // BLOCK))
            if status not in (201, 204):
                raise ConnectionError(f"PUT was answered {status}")

        return once


@dataclass(frozen=True)
class Get:
    """One content of `size` bytes, again and again."""

    target: Target
    size: int
    path: str

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection."""
        del worker
        line = Line(self.target)
        head = f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n{self.target.headers}\r\n".encode("ascii")

        def once(count: int) -> None:
            status, received = line.ask(head)
            if (status, received) != (200, self.size):
                raise ConnectionError(f"GET {count} was answered {status} with {received} bytes of {self.size}")

        return once


class Line:
    """A kept connection. A server may close one that is idle (Apache does when all its threads are busy); then what was
    asked is asked again on another, as any client would.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = target.connect()

    def ask(self, head: bytes, block: bytes = b"", times: int = 0) -> tuple[int, int]:
        """Status and bytes of the answer to a request whose body is a block, so many times over."""
        try:
            return self._ask(head, block, times)
        except ConnectionError:
            self._connection.close()
            self._connection = self._target.connect()
            return self._ask(head, block, times)

    def _ask(self, head: bytes, block: bytes, times: int) -> tuple[int, int]:
        if times == 1:
            self._connection.sendall(head + block)
        else:
            self._connection.sendall(head)
            for _ in range(times):
                self._connection.sendall(block)
        return answer(self._connection)


def answer(connection: socket.socket) -> tuple[int, int]:
    """Status and bytes of the body of one answer, which tells its length. Raises ConnectionError if it breaks."""
    held = b""
    while (end := held.find(b"\r\n\r\n")) < 0:
        if not (piece := connection.recv(65536)):
            raise ConnectionError("the connection ended in an answer's head")
        held += piece
    head = held[:end].decode("latin-1").lower()
    status = int(head[9:12])
    _, found, rest = head.partition("\r\ncontent-length:")
    size = int(rest.partition("\r\n")[0]) if found else 0
    left = size - (len(held) - end - 4)
    drop = 0 if isinstance(connection, ssl.SSLSocket) else socket.MSG_TRUNC
    buffer = bytearray(BLOCK)
    while left:
        count = connection.recv_into(buffer, min(left, BLOCK), drop)
        if not count:
            raise ConnectionError(f"the connection ended {left} bytes early")
        left -= count
    return status, size
