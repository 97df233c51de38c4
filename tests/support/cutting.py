"""A TCP proxy on loopback that breaks connections when a test says so, as networks do.

    with cutting_proxy() as proxy:
        proxy.target = port
        proxy.cut_after(sent=100_000)           # the next connection breaks when it has sent so much
        proxy.cut_after(received=0, times=3)    # the next three get no byte of an answer

What is relayed is counted; nothing is changed on the way. `Through` has a client's requests go there.
"""

import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_FOREVER = float("inf")


@dataclass
class Cut:
    """When a connection breaks: after so many bytes from the client, or of the answer."""

    sent: float = _FOREVER
    received: float = _FOREVER


@dataclass
class Proxy:
    """The proxy; connections are relayed to `target`, a port of loopback."""

    port: int
    target: int = 0
    connections: int = 0
    broken: int = 0
    _cuts: deque[Cut] = field(default_factory=deque)

    def cut_after(self, *, sent: float = _FOREVER, received: float = _FOREVER, times: int = 1) -> None:
        """Break the next connections so."""
        self._cuts.extend([Cut(sent, received)] * times)

    def next_cut(self) -> Cut:
        self.connections += 1
        return self._cuts.popleft() if self._cuts else Cut()


class Through(HTTPAdapter):
    """Sends what goes to one address to another one, so that a proxy stands between client and store."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__()
        self._address, self._instead = address, f"http://127.0.0.1:{port}"

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace(self._address, self._instead, 1)
        return super().send(request, *args, **options)


@contextmanager
def cutting_proxy() -> Iterator[Proxy]:
    """A proxy while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listener, proxy), name="cutting-proxy", daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _accept(listener: socket.socket, proxy: Proxy) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(client, proxy, proxy.next_cut()), daemon=True).start()


def _relay(client: socket.socket, proxy: Proxy, cut: Cut) -> None:
    with client, socket.create_connection(("127.0.0.1", proxy.target)) as server, selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, (server, "sent"))
        ready.register(server, selectors.EVENT_READ, (client, "received"))
        left = {"sent": cut.sent, "received": cut.received}
        with suppress(OSError):
            while True:
                for key, _ in ready.select():
                    other, way = key.data
                    assert isinstance(key.fileobj, socket.socket)
                    piece = key.fileobj.recv(int(min(65536, left[way] + 1)))
                    if not piece:
                        return
                    if len(piece) > left[way]:
                        other.sendall(piece[: int(left[way])])
                        proxy.broken += 1
                        if way == "sent":
                            # To who receives, an end: with a reset, what it has not read yet would be gone too.
                            _reset(client, server)
                        return
                    left[way] -= len(piece)
                    other.sendall(piece)


def _reset(*links: socket.socket) -> None:
    """Have both ends see a broken connection, not an orderly end."""
    for link in links:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
