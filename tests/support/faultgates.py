"""Gates: TCP proxies on loopback that hold one HTTP message where a test wants it, until it is let through or dropped.

    with running_gate() as gate:
        gate.target = port
        held = gate.hold(ANSWER, b"importInit")     # the answer to the next request with that in it
        … somebody asks …
        held.await_there()                          # whoever was asked has done it, whoever asks has not heard
        held.release()                              # or drop()

Rule: nothing is changed on the way, and a connection that one side closes is closed to the other at once, as if there
were no gate. A body sent to a transfer's address flows as it comes; every other request is relayed whole.
"""

import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from tests.support.serving import PATIENCE

REQUEST: Final = "request"
ANSWER: Final = "answer"
_PIECE = 1 << 16
_CHUNKED = re.compile(rb"^transfer-encoding:\s*chunked", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^content-length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)


class Held:
    """One message, from when a test wishes to hold it until it goes on."""

    def __init__(self, moment: str, mark: bytes) -> None:
        self.moment, self.mark = moment, mark
        self._there, self._decided = threading.Event(), threading.Event()
        self._passes = False

    def await_there(self) -> None:
        """Return when the message has come as far as the gate."""
        assert self._there.wait(PATIENCE), f"no {self.moment} with {self.mark!r} has come"

    def release(self) -> None:
        """Let it through."""
        self._passes = True
        self._decided.set()

    def drop(self) -> None:
        """Lose it, and the connection with it; also when it has not come yet."""
        self._decided.set()

    def stand(self) -> bool:
        """Hold the message; answers whether it goes on."""
        self._there.set()
        assert self._decided.wait(2 * PATIENCE), "a test has forgotten a message"
        return self._passes


@dataclass
class Gate:
    """One gate, before one server."""

    port: int
    target: int = 0
    """The server's port, which changes when it is started again."""
    _wishes: list[Held] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hold(self, moment: str, *marks: bytes) -> Held:
        """Hold the next request that has these bytes in it one after the other, or the answer to it."""
        held = Held(moment, b".*".join(re.escape(mark) for mark in marks))
        with self._lock:
            self._wishes.append(held)
        return held

    def passes(self, moment: str, request: bytes) -> bool:
        """Hold a message if that is wished; answers whether it goes on."""
        with self._lock:
            wish = next(
                (each for each in self._wishes if each.moment == moment and re.search(each.mark, request, re.DOTALL)),
                None,
            )
            if wish is None:
                return True
            self._wishes.remove(wish)
        return wish.stand()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._lock:
            wishes, self._wishes = self._wishes, []
        for wish in wishes:
            wish.drop()


class _Connection:
    """One client's connection and, once a request is let through, the one to the server."""

    def __init__(self, gate: Gate, client: socket.socket) -> None:
        self._gate, self._client = gate, client
        self._server: socket.socket | None = None
        self._request = b""
        """As much of the request as has been read; what is kept of it once it was relayed is what wishes look at."""
        self._relayed = False
        self._left = 0.0
        """Bytes of its body that are still to flow; of one in chunks all that come."""
        self._answered = True

    def run(self) -> None:
        try:
            with suppress(OSError):
                while self._step():
                    pass
        finally:
            self._client.close()
            if self._server is not None:
                self._server.close()

    def _step(self) -> bool:
        ready, _, _ = select.select([each for each in (self._client, self._server) if each is not None], [], [])
        if self._server in ready and not self._take_answer():
            return False
        return self._client not in ready or self._take_request()

    def _take_answer(self) -> bool:
        assert self._server is not None
        piece = self._server.recv(_PIECE)
        if not piece:
            return False
        if not self._answered:
            self._answered = True
            if not self._gate.passes(ANSWER, self._request):
                return False
        self._client.sendall(piece)
        return True

    def _take_request(self) -> bool:
        piece = self._client.recv(_PIECE)
        if not piece:
            return False
        if self._left:
            self._left -= len(piece)
            assert self._server is not None
            self._server.sendall(piece)
            return True
        if self._relayed:
            self._request, self._relayed = b"", False
        self._request += piece
        return self._relay()

    def _relay(self) -> bool:
        head, end, body = self._request.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        left = int(found[1]) - len(body) if found else 0.0
        flows = b" /content/" in head
        if _CHUNKED.search(head):
            left = float("inf")
        if not end or (left and not flows):
            return True
        if not self._gate.passes(REQUEST, self._request):
            return False
        if self._server is None:
            self._server = socket.create_connection(("127.0.0.1", self._gate.target))
        self._answered, self._relayed, self._left = False, True, left
        self._server.sendall(self._request)
        return True


@contextmanager
def running_gate() -> Iterator[Gate]:
    """A gate while the block runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        gate = Gate(listener.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_Connection(gate, client).run, daemon=True).start()

        thread = threading.Thread(target=accept, name="gate", daemon=True)
        thread.start()
        try:
            yield gate
        finally:
            gate.close()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
