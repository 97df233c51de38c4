"""Sends one answer after another: bytes first, then perhaps a file, in bounded blocks and only as fast as the client
reads.

The rule that keeps it so: at most one block is in memory. twisted's transport would queue answers and register with
epoll for each; a plain socket is written to directly here, and the transport only says when there is room again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog
from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer

from .courier import Carried
from .cursor import BLOCK, Cursor
from .messages import Response
from .reactor import Wire

_log = structlog.get_logger(__name__)

Instead = Callable[[Response], None]
"""Sends another answer, because the one that was to be sent could not be begun."""


class Output(Protocol):
    """Where a connection's answers go. `progress` counts the bytes handed on, ever."""

    progress: int

    def offer(self, data: bytes, /) -> int:
        """Send as much of `data` as can be sent at once, and answer how much that was. Only between two answers."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Send `data` soon."""

    def send(self, data: bytes | memoryview, file: Cursor | None, sent: Callable[[], None], /) -> None:
        """Send `data`, then `file`, which is closed whatever happens; `sent` is called only when all was handed on.
        Where the file could not be opened nothing is sent, and another answer asked for.
        """

    def detach(self) -> None:
        """Nothing more will be sent: leave the transport alone, so that it can close."""

    def lost(self) -> None:
        """The connection has gone: let go of the file."""


@implementer(IPullProducer)
class PlainOutput:
    """Writes to a TCP socket itself; `failed` is called when that cannot go on."""

    def __init__(self, transport: Wire, failed: Callable[[], None], instead: Instead) -> None:
        self.progress = 0
        self._instead = instead
        self._transport = transport
        self._socket = transport.getHandle()
        self._failed = failed
        self._data: bytes | memoryview = b""
        self._file: Cursor | None = None
        self._sent: Callable[[], None] | None = None
        self._armed = False  # waiting for room in the socket
        self._carrying = False  # a thread sends the file
        self._over = False
        transport.registerProducer(self, False)  # noqa: FBT003 - twisted's signature

    def offer(self, data: bytes) -> int:
        if self._data or self._over:
            return 0
        try:
            count = self._socket.send(data)
        except OSError:  # no room, or nobody there: who sends the rest will see
            return 0
        self.progress += count
        return count

    def write(self, data: bytes | memoryview) -> None:
        self._data = bytes(self._data) + data if self._data else data
        if not self._armed and not self._carrying:
            self._pump()

    def send(self, data: bytes | memoryview, file: Cursor | None, sent: Callable[[], None]) -> None:
        if self._over:
            if file is not None:
                file.close()
            return
        self._sent = sent
        self._file = file
        if file is not None and not file.is_open and not self._data:
            self._carry(file, bytes(data))
            return
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
        """Send what is here; a thread carries the file behind it."""
        file = self._file
        try:
            if file is not None:
                self._send_at_hand(file)
            self._send_data()
        except BlockingIOError:
            self._arm()
        except Exception as error:  # noqa: BLE001 - whoever checks a body may raise anything
            self._fail(error)
        else:
            if file is None or not file.left:
                self._finish()
            else:
                self._carry(file)

    def _send_at_hand(self, file: Cursor) -> None:
        """Send what is here and the blocks behind it that are at hand. Raises BlockingIOError where the socket is full,
        other OSErrors, and what checking raises.
        """
        while block := file.find_block():
            before = len(self._data)
            count = self._send_both(block)
            self._take_away(count)
            file.pass_on(block, max(0, count - before))
            if count < before + len(block):
                raise BlockingIOError

    def _send_both(self, block: memoryview) -> int:
        """How many bytes the socket takes of what is here and the block behind it."""
        try:
            return self._socket.sendmsg((self._data, block)) if self._data else self._socket.send(block)
        except BlockingIOError:
            return 0

    def _send_data(self) -> None:
        while self._data:
            self._take_away(self._socket.send(self._data))

    def _take_away(self, count: int) -> None:
        """So much was sent, of what is here at first."""
        self.progress += count
        self._data = memoryview(self._data)[count:] if count < len(self._data) else b""

    def _carry(self, file: Cursor, head: bytes = b"") -> None:
        self._carrying = True
        left = file.left

        def carried(how: Carried) -> None:
            self._carrying = False
            self.progress += left - file.left
            self._go_on(file, how)

        file.carry(self._socket, head, carried)

    def _go_on(self, file: Cursor, how: Carried) -> None:
        if how is Carried.FULL:
            self._arm()
        elif how in (Carried.DONE, Carried.TIRED):
            self._pump()
        elif file.refusal is not None:
            self._file = self._sent = None
            file.close()
            self._instead(file.refusal)
        else:
            self._fail(None if how is Carried.GONE else OSError("a file cannot be sent as it was announced"))

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

    def _fail(self, error: Exception | None) -> None:
        if error is not None and self._file is not None and not isinstance(error, ConnectionError):
            _log.error("an answer was cut short", error=str(error))
        self.lost()
        self._failed()


@implementer(IPushProducer)
class TlsOutput:
    """Writes through twisted's TLS layer, which buffers, and says when it has too much."""

    def __init__(self, transport: Wire, failed: Callable[[], None], instead: Instead) -> None:
        self.progress = 0
        self._instead = instead
        self._transport = transport
        self._failed = failed
        self._file: Cursor | None = None
        self._sent: Callable[[], None] | None = None
        self._paused = False
        self._reading = False
        self._over = False
        transport.registerProducer(self, True)  # noqa: FBT003 - twisted's signature

    def offer(self, data: bytes) -> int:
        if self._paused or self._over:
            return 0
        self.write(data)
        return len(data)

    def write(self, data: bytes | memoryview) -> None:
        self.progress += len(data)
        self._transport.write(bytes(data))

    def send(self, data: bytes | memoryview, file: Cursor | None, sent: Callable[[], None]) -> None:
        if self._over:
            if file is not None:
                file.close()
            return
        self._sent = sent
        self._file = file
        if file is None or file.is_open:
            self.write(data)
            self._pump()
        else:
            self._reading = True
            file.open(lambda how: self._opened(file, data, how))

    def _opened(self, file: Cursor, data: bytes | memoryview, how: Carried) -> None:
        self._reading = False
        if how is Carried.DONE:
            self.write(data)
            self._pump()
        elif file.refusal is not None:
            self._file = self._sent = None
            file.close()
            self._instead(file.refusal)
        else:
            self._fail(OSError("a file cannot be sent as it was announced"))

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
                # The reactor has to encrypt it anyway: to have a thread read it, too, would cost more than to read it.
                block = file.find_block(file.left)
                if block is None:
                    self._reading = True
                    file.read(min(file.left, BLOCK), self._arrived)
                    return
                file.pass_on(block, len(block))
                self.write(block)
        except Exception as error:  # noqa: BLE001 - whoever checks a body may raise anything
            self._fail(error)

    def _arrived(self, block: bytes) -> None:
        self._reading = False
        if not block:
            self._fail(OSError("a file is shorter than was announced, or cannot be read"))
            return
        self.write(block)
        self._pump()

    def _finish(self) -> None:
        file, self._file = self._file, None
        sent, self._sent = self._sent, None
        if file is not None:
            file.close()
        if sent is not None:
            sent()

    def _fail(self, error: Exception) -> None:
        _log.error("an answer was cut short", error=str(error))
        self.lost()
        self._failed()
