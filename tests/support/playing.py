"""Servers that answer as a script says, as they should or not, and lines to them."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vofiles.serving.lines import Lines

LONG = 30.0
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
FINE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine"

Script = Callable[["Peer", socket.socket], None]


class Peer:
    """A server that does with each connection what its script says; the last script is for all that come after."""

    def __init__(self, listener: socket.socket, scripts: tuple[Script, ...], tls: ssl.SSLContext | None) -> None:
        self._listener, self._scripts, self._tls = listener, scripts, tls
        self.over = threading.Event()
        """Set when the test is over, for scripts that wait."""
        self.heard: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"http{'s' if self._tls else ''}://{host}:{port}/"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(len(self.connections), len(self._scripts) - 1)]
            self.connections.append(connection)
            self._threads.append(threading.Thread(target=self._play, args=(script, connection)))
            self._threads[-1].start()

    def hear(self, connection: socket.socket) -> bool:
        """Read a request; False where the other end has gone."""
        heard = b""
        while not _is_whole(heard):
            piece = connection.recv(4096)
            if not piece:
                return False
            heard += piece
        self.heard.append(heard)
        return True

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LONG)

    def _play(self, script: Script, connection: socket.socket) -> None:
        try:
            with connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True) as link:
                script(self, link)
        except OSError:
            connection.close()


def _is_whole(request: bytes) -> bool:
    head, found, body = request.partition(b"\r\n\r\n")
    return bool(found) and len(body) == int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])


@contextmanager
def playing(*scripts: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Peer]:
    with socket.create_server((host, 0)) as listener:
        peer = Peer(listener, scripts, tls)
        thread = threading.Thread(target=peer.serve)
        thread.start()
        try:
            yield peer
        finally:
            peer.close()
            thread.join(LONG)


@contextmanager
def lines_to(peer: Peer, authorities: Path | None = None) -> Iterator[Lines]:
    lines = Lines(peer.address, authorities=authorities)
    try:
        yield lines
    finally:
        lines.close()


def always(answer: bytes) -> Script:
    """Answers every request alike, on kept connections."""

    def play(peer: Peer, link: socket.socket) -> None:
        while peer.hear(link):
            link.sendall(answer)

    return play


def once(answer: bytes) -> Script:
    """Answers one request, and closes."""

    def play(peer: Peer, link: socket.socket) -> None:
        if peer.hear(link):
            link.sendall(answer)

    return play


def mute(peer: Peer, link: socket.socket) -> None:
    """Hears, and says nothing."""
    peer.hear(link)
    peer.over.wait(LONG)
