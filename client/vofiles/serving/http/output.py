"""Sends one answer after another: bytes first, then perhaps a file, in bounded blocks and only as fast as the client
reads.

The rule that keeps it so: at most one block is in memory. twisted's transport would queue answers and register with
epoll for each; a plain socket is written to directly here, and the transport only says when there is room again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

import structlog
from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer

from .cursor import Cursor
from .reactor import Wire

_log = structlog.get_logger(__name__)

BLOCK = 256 * 1024  # read and sent through Python at a time
KERNEL_BLOCK = 1024 * 1024  # sent by sendfile at a time
TURN = 4 * KERNEL_BLOCK  # sent before other connections have their turn
SMALL = 64 * 1024  # a file this short goes out with the head, in one call


class Output(Protocol):
    """Where a connection's answers go. `progress` counts the bytes handed on, ever."""

    progress: int

    def write(self, data: bytes, /) -> None:
        """Send `data` soon."""

    def send(self, data: bytes, file: Cursor | None, sent: Callable[[], None], /) -> None:
        """Send `data`, then `file`, which is closed whatever happens; `sent` is called only when all was handed on."""

    def detach(self) -> None:
        """Nothing more will be sent: leave the transport alone, so that it can close."""

    def lost(self) -> None:
        """The connection has gone: let go of the file."""


@implementer(IPullProducer)
class PlainOutput:
    """Writes to a TCP socket itself; `failed` is called when that cannot go on."""

    def __init__(self, transport: Wire, failed: Callable[[], None]) -> None:
        self.progress = 0
        self._transport = transport
        self._socket = transport.getHandle()
        self._failed = failed
        self._data: bytes | memoryview = b""
        self._file: Cursor | None = None
        self._sent: Callable[[], None] | None = None
        self._armed = False  # waiting for room in the socket
        self._reading = False  # waiting for a thread that reads the file
        self._over = False
        transport.registerProducer(self, False)  # noqa: FBT003 - twisted's signature

    def write(self, data: bytes) -> None:
        self._data = bytes(self._data) + data if self._data else data
        if not self._armed and not self._reading:
            self._pump()

    def send(self, data: bytes, file: Cursor | None, sent: Callable[[], None]) -> None:
        if self._over:
            if file is not None:
                file.close()
            return
        self._sent = sent
        self._file = file
        if file is not None and file.left <= SMALL and (block := file.find_cached(file.left)):
            data += block
            file.advance(len(block))
        self.write(data)

    def resumeProducing(self) -> None:  # noqa: N802 - twisted's name
        """The socket has room again."""
        if self._armed:
            self._armed = False
            self._pump()

    def stopProducing(self) -> None:  # noqa: N802 - twisted's name
        """Twisted says this when the connection is lost; the connection says so itself, by `lost`."""

    def detach(self) -> None:
        self.lost()
        self._transport.unregisterProducer()

    def lost(self) -> None:
        self._over = True
        self._sent = None
        self._data = b""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _pump(self) -> None:
        """Send until there is no more, no more room, or others should have their turn."""
        turn = TURN
        try:
            while not self._over:
                self._send_data()
                if self._file is None or not self._file.left:
                    self._finish()
                    return
                if turn <= 0:
                    self._arm()
                    return
                turn -= KERNEL_BLOCK
                if not self._send_file(self._file):
                    return
        except BlockingIOError:
            self._arm()
        except OSError as error:
            self._fail(error)

    def _send_data(self) -> None:
        while self._data:
            count = self._socket.send(self._data)
            self.progress += count
            self._data = memoryview(self._data)[count:] if count < len(self._data) else b""

    def _send_file(self, file: Cursor) -> bool:
        """Send some of the file; False when a thread has to read it first."""
        length = min(file.left, KERNEL_BLOCK)
        if file.descriptor is None or not file.is_cached(length):
            self._reading = True
            file.read(min(length, BLOCK), self._arrived)
            return False
        count = os.sendfile(self._socket.fileno(), file.descriptor, file.offset, length)
        if not count:
            raise OSError("a file is shorter than was announced")
        self.progress += count
        file.advance(count)
        return True

    def _arrived(self, block: bytes) -> None:
        self._reading = False
        if not block:
            self._fail(OSError("a file is shorter than was announced, or cannot be read"))
            return
        assert self._file is not None  # else the cursor is closed and calls nobody
        self._file.advance(len(block))
        self._data = block
        self._pump()

    def _arm(self) -> None:
        self._armed = True
        self._transport.startWriting()

    def _finish(self) -> None:
        file, self._file = self._file, None
        sent, self._sent = self._sent, None
        if file is not None:
            file.close()
        if sent is not None:
            sent()

    def _fail(self, error: OSError) -> None:
        if self._file is not None and not isinstance(error, ConnectionError):
            _log.error("an answer was cut short", error=str(error))
        self.lost()
        self._failed()


@implementer(IPushProducer)
class TlsOutput:
    """Writes through twisted's TLS layer, which buffers, and says when it has too much."""

    def __init__(self, transport: Wire, failed: Callable[[], None]) -> None:
        self.progress = 0
        self._transport = transport
        self._failed = failed
        self._file: Cursor | None = None
        self._sent: Callable[[], None] | None = None
        self._paused = False
        self._reading = False
        self._over = False
        transport.registerProducer(self, True)  # noqa: FBT003 - twisted's signature

    def write(self, data: bytes) -> None:
        self.progress += len(data)
        self._transport.write(data)

    def send(self, data: bytes, file: Cursor | None, sent: Callable[[], None]) -> None:
        if self._over:
            if file is not None:
                file.close()
            return
        self._sent = sent
        self._file = file
        self.write(data)
        self._pump()

    def pauseProducing(self) -> None:  # noqa: N802 - twisted's name
        self._paused = True

    def resumeProducing(self) -> None:  # noqa: N802 - twisted's name
        self._paused = False
        if self._sent is not None and not self._reading:
            self._pump()

    def stopProducing(self) -> None:  # noqa: N802 - twisted's name
        """Twisted says this when the connection is lost; the connection says so itself, by `lost`."""

    def detach(self) -> None:
        self.lost()
        self._transport.unregisterProducer()

    def lost(self) -> None:
        self._over = True
        self._sent = None
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _pump(self) -> None:
        """Hand on blocks until the layer has enough."""
        try:
            while not self._over and not self._paused:
                file = self._file
                if file is None or not file.left:
                    self._finish()
                    return
                block = file.find_cached(min(file.left, SMALL))
                if block is None:
                    self._reading = True
                    file.read(min(file.left, BLOCK), self._arrived)
                    return
                file.advance(len(block))
                self.write(block)
        except OSError as error:
            self._fail(error)

    def _arrived(self, block: bytes) -> None:
        self._reading = False
        if not block:
            self._fail(OSError("a file is shorter than was announced, or cannot be read"))
            return
        assert self._file is not None  # else the cursor is closed and calls nobody
        self._file.advance(len(block))
        self.write(block)
        self._pump()

    def _finish(self) -> None:
        file, self._file = self._file, None
        sent, self._sent = self._sent, None
        if file is not None:
            file.close()
        if sent is not None:
            sent()

    def _fail(self, error: OSError) -> None:
        _log.error("an answer was cut short", error=str(error))
        self.lost()
        self._failed()
