"""Taps: HTTP servers on loopback whose bytes a test lets flow, and one that accepts and never says a word.

    with running_tap(size=3000) as tap:
        … have tap.url fetched …
        tap.flow(1000)         # every connection may send up to its 1000th byte
        tap.flow(3000)         # … to its last

Rule: each connection has a thread of its own, so that any number of them can stand still at once.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.serving import PATIENCE


@dataclass
class Tap:
    """A source of `size` bytes that stand still until they are let flow; it also takes bodies, without reading them."""

    port: int
    size: int
    speaks: bool = True
    """Whether it answers at all."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    allowed: int = 0
    connected: int = 0
    """Connections that have been made."""
    left: int = 0
    """Connections that the other side has closed."""
    closed: bool = False
    links: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/slow.fits"

    @property
    def content(self) -> bytes:
        return bytes(number % 251 for number in range(self.size))

    def flow(self, upto: int) -> None:
        """Let every connection send its bytes up to this one."""
        with self.changed:
            self.allowed = upto
            self.changed.notify_all()

    def await_connections(self, number: int) -> None:
        """Return when so many connections have been made."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.connected >= number, PATIENCE), f"{self.connected} connections"

    def await_left(self, number: int) -> None:
        """Return when the other side has closed so many connections."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.left >= number, PATIENCE), f"{self.left} were closed"

    # --- one connection ---

    def serve(self, link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            threading.Thread(target=self._send, args=(link,), daemon=True).start()
            # A body that is sent here stops when the buffers are full: nothing reads it but the first bytes.
            link.recv(1)
            with self.changed:
                self.connected += 1
                self.changed.notify_all()
            self._await_end(link)
        with self.changed:
            self.left += 1
            self.changed.notify_all()

    def _await_end(self, link: socket.socket) -> None:
        # The end shows as an error or a hang-up without reading what may have come before it.
        poller = select.poll()
        poller.register(link, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while not self.closed and not poller.poll(20):
            pass

    def _send(self, link: socket.socket) -> None:
        if not self.speaks:
            return
        with contextlib.suppress(OSError):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {self.size}\r\nContent-Type: image/fits\r\n\r\n"
            link.sendall(head.encode("ascii"))
            sent, content = 0, self.content
            while sent < self.size:
                with self.changed:
                    self.changed.wait_for(lambda sent=sent: self.allowed > sent or self.closed)  # type: ignore[misc]
                    upto = self.allowed
                if self.closed:
                    return
                link.sendall(content[sent:upto])
                sent = min(upto, self.size)


@contextmanager
def running_tap(size: int = 3000, *, speaks: bool = True) -> Iterator[Tap]:
    """A tap that is closed when the block ends, and everything that stands still with it."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        tap = Tap(listener.getsockname()[1], size, speaks)

        def accept() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                tap.links.append(link)
                threading.Thread(target=tap.serve, args=(link,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield tap
        finally:
            with tap.changed:
                tap.closed = True
                tap.changed.notify_all()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for link in tap.links:
                with contextlib.suppress(OSError):
                    link.shutdown(socket.SHUT_RDWR)


@contextmanager
def trickling_source(head: bytes, piece: bytes, pause: float = 0.01) -> Iterator[str]:
    """The URL of a server that sends `head` at once and `piece` again and again, without end."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                link, _ = listener.accept()
                with link:
                    link.recv(65536)
                    link.sendall(head)
                    while not stopped.wait(pause):
                        link.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            stopped.set()
            thread.join(10)
