"""Answers into a socket that is full, or takes only a part: what comes is the head and then the file, as it was judged.

The test is the reactor: it says when there is room again. The sockets are a pair, which holds nothing back: what one
side has not read, the other has no room for.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import cast

import pytest

from vofiles.serving.http import FileBody, LaterBody, text
from vofiles.serving.http.cursor import Cursor
from vofiles.serving.http.mailbox import Mailbox
from vofiles.serving.http.output import PlainOutput
from vofiles.serving.http.pool import Pool
from vofiles.serving.http.reactor import Reactor, Wire

CONTENT = os.urandom(100_000)
SHORT, LONG = b"a head\r\n\r\n", b"a long head" * 10_000


class Check:
    """Finds right what is CONTENT."""

    def __init__(self) -> None:
        self.seen = b""

    def update(self, data: bytes | memoryview) -> None:
        self.seen += data

    def require(self) -> None:
        assert self.seen == CONTENT

    def unreadable(self, error: Exception) -> None:
        raise AssertionError from error


class Side:
    """The server's side of a connection, and the reactor."""

    def __init__(self, wire: socket.socket) -> None:
        self.wire = wire
        self.posted: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self.armed = self.failed = self.sent = False
        self.output = PlainOutput(cast(Wire, self), self._fail, lambda _response: self._fail())

    def getHandle(self) -> socket.socket:  # noqa: N802 - twisted's name
        return self.wire

    def registerProducer(self, _producer: object, _streaming: object) -> None:  # noqa: N802 - likewise
        """It is told by `turn` when there is room."""

    def startWriting(self) -> None:  # noqa: N802 - likewise
        self.armed = True

    def callFromThread(self, function: Callable[[], object]) -> None:  # noqa: N802 - likewise
        self.posted.put(function)

    def send(self, head: bytes, file: Cursor) -> None:
        """Send until there is no room any more."""

        def sent() -> None:
            self.sent = True

        self.output.send(head, file, sent)
        while not self.armed:
            self.posted.get(timeout=30)()

    def turn(self) -> None:
        """What the reactor does next."""
        if self.armed:
            self.armed = False
            self.output.resumeProducing()
        else:
            self.posted.get(timeout=30)()

    def _fail(self) -> None:
        self.failed = True


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for each in (ours, theirs):
            each.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
        yield ours, theirs


@pytest.fixture
def readers() -> Iterator[Pool]:
    pool = Pool("readers", 1)
    yield pool
    pool.stop()


def fill(wire: socket.socket) -> bytes:
    filled = b""
    try:
        while True:
            filled += b"x" * wire.send(b"x")
    except BlockingIOError:
        return filled


def receive(side: Side, client: socket.socket) -> bytes:
    """Everything that comes until the answer was sent."""
    received = bytearray()
    while True:
        over = side.sent or side.failed
        try:
            while block := client.recv(65536):
                received += block
        except BlockingIOError:
            pass
        if over:
            assert not side.failed
            return bytes(received)
        side.turn()


@pytest.mark.parametrize("rotting", [False, True], ids=["", "rotting"])
@pytest.mark.parametrize("is_open", [False, True], ids=["later", "open"])
@pytest.mark.parametrize("full", [False, True], ids=["", "full"])
@pytest.mark.parametrize("head", [SHORT, LONG], ids=["short", "long"])
def test_what_comes_is_the_head_and_then_what_was_judged(
    pair: tuple[socket.socket, socket.socket],
    readers: Pool,
    tmp_path: Path,
    head: bytes,
    *,
    full: bool,
    is_open: bool,
    rotting: bool,
) -> None:
    """Rotting, the file becomes another as soon as all of it was judged."""
    wire, client = pair
    path, check, side = tmp_path / "content", Check(), Side(wire)
    path.write_bytes(CONTENT)
    descriptor = os.open(path, os.O_RDONLY)

    def open_it() -> FileBody:
        return FileBody(descriptor, 0, len(CONTENT), lambda: os.close(descriptor), check)

    later = LaterBody(len(CONTENT), open_it, lambda error: text(404, str(error)))
    cursor = Cursor(open_it() if is_open else later, Mailbox(cast(Reactor, side)), readers)
    before = fill(wire) if full else b""
    side.send(head, cursor)
    assert check.seen == CONTENT
    if rotting:
        with path.open("r+b") as file:
            file.write(bytes(len(CONTENT)))
    # No assertion of the whole: it would be shown byte for byte.
    same = receive(side, client) == before + head + CONTENT
    assert same
