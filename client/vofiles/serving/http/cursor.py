"""A file being sent: how far it is, and its next block. The rule that keeps it so: nothing here waits for a disk on
the reactor.

The little that is left of a file that is open is read at once where the page cache has it (RWF_NOWAIT): it is sent
before a thread would have begun. Everything else is done by one: it opens the file, reads a block, or carries it into a
socket as far as that takes it (`courier.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from socket import socket
from threading import local

import structlog

from .courier import Carried, Courier
from .mailbox import Mailbox
from .messages import FileBody, LaterBody, Response
from .pool import Pool

_log = structlog.get_logger(__name__)

BLOCK = 256 * 1024  # read at a time
AT_HAND = 1 << 20
"""Bytes of a file's rest that the reactor reads itself: a third of a millisecond."""
_threads = local()


def _buffer() -> memoryview:
    """This thread's own, which is used again for every block of every file."""
    found: memoryview | None = getattr(_threads, "buffer", None)
    if found is None:
        found = _threads.buffer = memoryview(bytearray(BLOCK))
    return found


class _Bytes:
    """What was opened and is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def pread(self, length: int, offset: int) -> memoryview:
        return self._data[offset : offset + length]


_NOTHING = FileBody(_Bytes(b""), 0, 0)
"""In place of a file that is not open."""


class Cursor:
    """The position in one body, which it closes exactly once."""

    __slots__ = (
        "_busy",
        "_closed",
        "_courier",
        "_file",
        "_later",
        "_mailbox",
        "_readers",
        "_rest",
        "_seen",
        "left",
        "offset",
        "refusal",
    )

    def __init__(self, body: FileBody | LaterBody, mailbox: Mailbox, readers: Pool) -> None:
        self._mailbox = mailbox
        self._readers = readers
        self._later: LaterBody | None = None
        self._file: FileBody = _NOTHING
        self._courier: Courier | None = None
        self._rest = memoryview(b"")
        """What was judged and is still to be sent: as it was judged, whatever the file has by then."""
        self._busy = False
        self._closed = False
        self.refusal: Response | None = None
        """What is to be sent instead, where it could not be opened."""
        found = body.find() if isinstance(body, LaterBody) else body
        if found is not None:
            self._take(found)
        elif isinstance(body, LaterBody):
            self._later, self.left, self.offset = body, body.length, 0

    def _take(self, file: FileBody) -> None:
        self._file, self.left, self.offset = file, file.length, file.offset
        self._seen = file.check is None
        """Whether all of it has been seen, and found to be right; nothing is to be seen where nobody checks."""

    @property
    def is_open(self) -> bool:
        """Whether it can be read, or sent, without being opened first."""
        return self._later is None

    def advance(self, count: int) -> None:
        """`count` bytes of the file have been handed on."""
        self.offset += count
        self.left -= count

    # --- on the reactor ---

    def find_block(self, most: int = AT_HAND) -> memoryview | None:
        """The next block, as of `next_block`, if at most so much is left and the page cache has it, else None. Raises
        what checking raises. None also while a head has to go first, which the courier has.
        """
        if self._courier is not None and self._courier.head:
            return None
        if self._rest:
            return self._rest
        source = self._file.source
        if not isinstance(source, int) or not 0 < self.left <= most:
            return None
        block = _buffer()[: min(self.left, BLOCK)]
        try:
            count = os.preadv(source, [block], self.offset, os.RWF_NOWAIT)
        except OSError:  # not in the cache; a file system that cannot tell; whatever else is wrong a thread will meet
            return None
        if count < len(block):
            return None
        self._check_last(block)
        return block

    def read(self, length: int, then: Callable[[bytes], None]) -> None:
        """Have a thread read up to `length` bytes, and advance by as many; `then` gets them on the reactor, none when
        they cannot be read, or are not to be sent.
        """
        self._busy = True
        if not self._readers.submit(lambda: self._read_in_thread(length, then)):
            self._end(lambda: then(b""))

    def open(self, then: Callable[[Carried], None]) -> None:
        """Have a thread open it; `then` is told on the reactor whether it did: DONE, REFUSED or FAILED."""
        self._begin(self._open_now, then)

    def carry(self, wire: socket, head: bytes, then: Callable[[Carried], None]) -> None:
        """Have a thread open the file, where it is not, and send it behind `head` as far as the socket takes both;
        `then` is told on the reactor how far that was. What is left of the head it remembers.
        """
        if self._courier is None:
            self._courier = Courier(wire, self, lambda: self._readers.waiting > 0)
        courier = self._courier
        courier.head += head
        self._begin(lambda: self._carry_now(courier), then)

    def _begin(self, work: Callable[[], Carried], then: Callable[[Carried], None]) -> None:
        self._busy = True

        def run() -> None:
            carried = work()
            self._mailbox.post(lambda: self._end(lambda: then(carried)))

        if not self._readers.submit(run):
            self._end(lambda: then(Carried.FAILED))

    def close(self) -> None:
        """Let go of the file, after the thread that may be reading it has finished."""
        if not self._closed:
            self._closed = True
            if not self._busy:
                self._let_go()

    def _end(self, tell: Callable[[], None]) -> None:
        """A thread has finished."""
        self._busy = False
        if self._closed:
            self._let_go()
        else:
            tell()

    def _let_go(self) -> None:
        if self._courier is not None:
            self._courier.close()
        self._file.close()

    # --- in a thread ---

    def _open_now(self) -> Carried:
        later = self._later
        if later is None:
            return Carried.DONE
        try:
            body = later.open()
            self._take(body if isinstance(body, FileBody) else FileBody(_Bytes(body), 0, len(body)))
        except Exception as error:  # noqa: BLE001 - the body's own `refuse` words it
            self.refusal = later.refuse(error)
            return Carried.REFUSED
        self._later = None
        return Carried.DONE if self.left == later.length else Carried.FAILED

    def _carry_now(self, courier: Courier) -> Carried:
        opened = self._open_now()
        if opened is not Carried.DONE:
            return opened
        try:
            return courier.carry()
        except ConnectionError:
            return Carried.GONE
        except Exception:  # noqa: BLE001 - as above
            _log.exception("a file could not be read while it was sent")
            return Carried.FAILED

    @property
    def wanted(self) -> bool:
        """Whether there is still somebody to send it to."""
        return not self._closed

    def next_block(self, length: int = BLOCK) -> bytes | memoryview:
        """At most `length` bytes from where it is, valid until the next call; the last of them only if all is right.

        Raises OSError where the file has none, and whatever reading and checking raise.
        """
        if self._rest:
            return self._rest[:length]
        check = self._file.check
        try:
            block = self._read_block(min(length, self.left, BLOCK))
        except Exception as error:
            if check is not None:
                check.unreadable(error)
            raise
        self._check_last(block)
        return block

    def _check_last(self, block: bytes | memoryview) -> None:
        if len(block) == self.left and not self._seen:
            assert self._file.check is not None
            self._file.check.update(block)
            self._file.check.require()
            self._seen = True

    def _read_block(self, length: int) -> bytes | memoryview:
        source = self._file.source
        block: bytes | memoryview
        if isinstance(source, int):
            block = _buffer()[:length]
            block = block[: os.preadv(source, [block], self.offset)]
        else:
            block = source.pread(length, self.offset)
        if not block:
            raise OSError("a file is shorter than was announced")
        return block

    def pass_on(self, block: bytes | memoryview, count: int) -> None:
        """The first `count` bytes of the block that was had last have been sent. Called even where none have."""
        check = self._file.check
        if not self._seen:
            assert check is not None
            check.update(block[:count])
        elif self._rest:
            self._rest = self._rest[count:]
        elif check is not None and count < len(block):
            self._rest = memoryview(bytes(block[count:]))
        self.advance(count)

    def _read_in_thread(self, length: int, then: Callable[[bytes], None]) -> None:
        try:
            block = bytes(self.next_block(length))
            self.pass_on(block, len(block))
        except Exception:  # noqa: BLE001 - a Preadable may raise anything; the answer is cut short and the log says why
            _log.exception("a file could not be read while it was sent")
            block = b""
        self._mailbox.post(lambda: self._end(lambda: then(block)))
