"""Objects on their way out: one, or several that make up an attempt which was kept.

Rule: one answer is kept open while reads follow one another, so that a whole content is one request, read ahead by the
network; any other read is a request of its own for what was asked. An answer that breaks off is asked for again from
there, of the same object (its ETag) or not at all, so that nobody gets bytes of two.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from filestore.backends.s3bucket import Bucket, Found, Stream
from filestore.backends.s3errors import Changed, Gone, answering
from vofiles.errors import ChecksumMismatch, ContainerNotFound, ServiceBusy

TRIES: Final = 3
"""Of one read; every one that brings bytes counts anew."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    """An answer, the offset of its next byte, and where it ends."""

    stream: Stream
    offset: int
    end: int


class S3Reader:
    """The bytes of one object, or the first of them."""

    def __init__(
        self,
        bucket: Bucket,
        number: str,
        found: Found,
        *,
        size: int | None = None,
        pinned: bool = True,
        released: Callable[[], None] = lambda: None,
    ) -> None:
        """`size`: bytes of it that count, all by default. `pinned`: whether another object under the same key will not
        do. `released` is called once, when the reader is closed.
        """
        self._bucket, self.number, self.found = bucket, number, found
        self._size = found.size if size is None else size
        self._tag = found.tag if pinned else None
        self._released = released
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._expected = 0
        """Where the next read is, if it follows the last one."""
        self._closed = False

    @property
    def size(self) -> int:
        return self._size

    def pread(self, length: int, offset: int) -> bytes:
        """Raises ContainerNotFound where the object has gone, ChecksumMismatch where it is another one, ServiceBusy."""
        end = min(offset + length, self._size)
        if offset >= end:
            return b""
        with self._lock:
            running: _Running | None = None
            # Where a read follows the last one, the next one will follow too: all the rest is asked for at once.
            follows = offset == self._expected
            if self._running is not None and self._running.offset == offset:
                running, self._running = self._running, None
            self._expected = end
        pieces, tries = [], TRIES
        while offset < end:
            running = running or self._open(offset, self._size if follows else end)
            try:
                piece = self._read(running, end - offset)
            except ServiceBusy:
                _drop(running)
                running, tries = None, tries - 1
                if not tries:
                    raise
                continue
            tries = TRIES
            offset += len(piece)
            pieces.append(piece)
        self._put_back(running)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        with self._lock:
            closed, self._closed = self._closed, True
            running, self._running = self._running, None
        _drop(running)
        if not closed:
            self._released()

    def _open(self, offset: int, end: int) -> _Running:
        try:
            return _Running(self._bucket.get(self.found.key, offset, end, self._tag), offset, end)
        except Gone as error:
            raise ContainerNotFound(self.number) from error
        except Changed as error:
            _log.error("the object of container %s is not the one that was opened", self.number)
            raise ChecksumMismatch(self.number, reason="its object is another one now") from error

    def _read(self, running: _Running, length: int) -> bytes:
        with answering(self.number):
            piece = running.stream.read(length)
            if not piece:
                raise ConnectionError("an answer has ended too early")
        running.offset += len(piece)
        return piece

    def _put_back(self, running: _Running | None) -> None:
        """Keep an answer for the read that follows, if there will be one."""
        with self._lock:
            if running is not None and running.offset < running.end and not self._closed:
                self._running, running = running, self._running
        _drop(running)


def _drop(running: _Running | None) -> None:
    if running is not None:
        with suppress(Exception):
            running.stream.close()


class ChainReader:
    """The bytes of several objects, one behind the other."""

    def __init__(self, readers: list[S3Reader]) -> None:
        self._readers = readers

    @property
    def size(self) -> int:
        return sum(reader.size for reader in self._readers)

    def pread(self, length: int, offset: int) -> bytes:
        """Raises what S3Reader raises."""
        pieces = []
        for reader in self._readers:
            if length <= 0:
                break
            if offset < reader.size:
                piece = reader.pread(length, offset)
                pieces.append(piece)
                length -= len(piece)
                offset += len(piece)
            offset -= reader.size
        return b"".join(pieces)

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
