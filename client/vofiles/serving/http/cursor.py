"""A file being sent: how far it is, and its next block. The rule that keeps it so: nothing here waits for a disk on
the reactor.

What the page cache has is read at once (RWF_NOWAIT); everything else, a `Preadable` too, is read by a thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import structlog

from .mailbox import Mailbox
from .messages import FileBody
from .pool import Pool

_log = structlog.get_logger(__name__)


class Cursor:
    """The position in one `FileBody`, which it closes exactly once."""

    __slots__ = ("_busy", "_closed", "_file", "_mailbox", "_readers", "descriptor", "left", "offset")

    def __init__(self, file: FileBody, mailbox: Mailbox, readers: Pool) -> None:
        self.descriptor = file.source if isinstance(file.source, int) else None
        self.offset = file.offset
        self.left = file.length
        self._file = file
        self._mailbox = mailbox
        self._readers = readers
        self._busy = False
        self._closed = False

    def advance(self, count: int) -> None:
        """`count` bytes of the file have been handed on."""
        self.offset += count
        self.left -= count

    def find_cached(self, length: int) -> bytes | None:
        """The next `length` bytes if the page cache has all of them, else None. Does not advance."""
        if self.descriptor is None:
            return None
        block = bytearray(length)
        return bytes(block) if self._read_nowait(block, self.offset) == length else None

    def is_cached(self, length: int) -> bool:
        """Whether the page cache has the end of the next `length` bytes, from which one may guess that it has them
        all.
        """
        return self.descriptor is not None and self._read_nowait(bytearray(1), self.offset + length - 1) == 1

    def _read_nowait(self, block: bytearray, offset: int) -> int:
        assert self.descriptor is not None
        try:
            return os.preadv(self.descriptor, [block], offset, os.RWF_NOWAIT)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EOPNOTSUPP):  # not in the cache; a file system that cannot tell
                return 0
            raise

    def read(self, length: int, then: Callable[[bytes], None]) -> None:
        """Have a thread read up to `length` bytes; `then` gets them on the reactor, none when they cannot be read."""
        self._busy = True
        if not self._readers.submit(lambda: self._read_in_thread(length, then)):
            self._arrived(b"", then)

    def _read_in_thread(self, length: int, then: Callable[[bytes], None]) -> None:
        source = self._file.source
        try:
            block = (
                os.pread(source, length, self.offset) if isinstance(source, int) else source.pread(length, self.offset)
            )
        except Exception:  # noqa: BLE001 - a Preadable may raise anything; the answer is cut short and the log says why
            _log.exception("a file could not be read while it was sent")
            block = b""
        self._mailbox.post(lambda: self._arrived(block, then))

    def _arrived(self, block: bytes, then: Callable[[bytes], None]) -> None:
        self._busy = False
        if self._closed:
            self._file.close()
        else:
            then(block)

    def close(self) -> None:
        """Let go of the file, after the thread that may be reading it has finished."""
        if not self._closed:
            self._closed = True
            if not self._busy:
                self._file.close()
