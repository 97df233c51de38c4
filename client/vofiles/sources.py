"""What bytes are put from: a file on disk, bytes in memory, or anything open for reading.

Rule: whatever it is, it is read in bounded blocks, knows its size where that can be known, and says whether it can be
sent a second time, and whether it is a file that can be known again; nothing here knows the network.
"""

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from vofiles.checksums import Checksums
from vofiles.errors import Incomplete, InvalidArgument

BLOCK = 1 << 20
"""Bytes read and sent at once."""

LARGE = 64 << 20
"""Bytes from which on a movement goes on where it was interrupted, in place of from the start."""

Content = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""What may be put; a `str` is a path on this machine."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells whether a file on this machine is the one that it was, and unchanged."""

    path: str
    """Absolute."""
    size: int
    modified: int
    """Nanoseconds since 1970."""
    inode: int


class Sendable(Protocol):
    """Bytes on their way out, block by block."""

    @property
    def size(self) -> int | None:
        """Bytes in all; None where only reading it tells."""

    @property
    def done(self) -> int:
        """Bytes that have been read."""

    def read(self) -> bytes:
        """The next block, empty at the end."""


class Source:
    """Bytes to send, read once from the start to the end, or again after `rewind`."""

    def __init__(self, stream: BinaryIO, *, label: str, owned: bool) -> None:
        self._stream = stream
        self._owned = owned
        self.label = label
        """What to call it to a person."""
        self._lock = Lock()
        """Who reads here moves the stream."""
        self._start = _position(stream)
        self.size = _size_from(stream, self._start)
        """Bytes from where the stream stood; None where only reading it tells."""
        self.done = 0
        """How far it was read, in bytes from its start."""
        self.checksums = Checksums()
        """Of what was read since the start or the last rewind; no byte counts twice."""
        self._digested = 0
        self.identity = _identity_of(stream) if self._start == 0 else None
        """Of the file that it is all of; None for anything else."""

    @property
    def is_large(self) -> bool:
        """Whether sending it is gone on with where it was interrupted, as far as it lies with the source."""
        return self.rewindable and self.size is not None and self.size >= LARGE

    @property
    def rewindable(self) -> bool:
        """Whether it can be sent again."""
        return self._start is not None

    def rewind(self) -> None:
        """Back to the start. Raises InvalidArgument where there is no way back."""
        if self.done == self._digested == 0:
            return
        self._seek(0)
        self.checksums, self._digested = Checksums(), 0

    def go_to(self, offset: int) -> None:
        """On from a byte. What lies before it and has not been read yet is read now, for the digests.

        Raises InvalidArgument where there is no way back, Incomplete where it is shorter, OSError.
        """
        self._seek(min(offset, self._digested))
        while self.done < offset:
            self._read(min(BLOCK, offset - self.done))

    def has_changed(self) -> bool:
        """Whether it is a file that has been written to since it was opened. Raises OSError."""
        return self.identity is not None and _identity_of(self._stream) != self.identity

    def read(self) -> bytes:
        """The next block, empty at the end. Raises Incomplete where there is less than `size`, and OSError."""
        # A file that grows meanwhile is sent as long as it was: that length is announced already.
        return self._read(BLOCK if self.size is None else min(BLOCK, self.size - self.done))

    def peek(self, offset: int, length: int) -> bytes:
        """At most so many bytes from there, however far it has been read; for any number of threads. Raises
        InvalidArgument where there is no way back, OSError.
        """
        with self._lock:
            start = self._require_start()
            self._stream.seek(start + offset)
            try:
                return self._stream.read(length)
            finally:
                self._stream.seek(start + self.done)

    def _require_start(self) -> int:
        if self._start is None:
            raise InvalidArgument(self.label, reason="it cannot be read a second time")
        return self._start

    def _seek(self, offset: int) -> None:
        with self._lock:
            self._stream.seek(self._require_start() + offset)
            self.done = offset

    def _read(self, wanted: int) -> bytes:
        with self._lock:
            block = self._stream.read(wanted) if wanted else b""
            if not isinstance(block, bytes):
                raise InvalidArgument(self.label, reason="it must be open for reading bytes, as with open(path, 'rb')")
            if wanted and not block and self.size is not None:
                raise Incomplete(self.label, reason=f"{self.done} bytes instead of {self.size}")
            self.done += len(block)
        if self.done > self._digested:
            self.checksums.update(block[self._digested - self.done :])
            self._digested = self.done
        return block

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owned:
            self._stream.close()


def open_source(content: Content) -> Source:
    """The source of some content. Raises OSError where a path cannot be read, InvalidArgument for anything else."""
    if isinstance(content, bytes | bytearray | memoryview):
        return Source(io.BytesIO(bytes(content)), label="the bytes given", owned=True)
    if isinstance(content, str | os.PathLike):
        path = Path(content)
        return Source(path.open("rb", buffering=0), label=str(path), owned=True)
    if not callable(getattr(content, "read", None)):
        raise InvalidArgument("content", reason="give a path, bytes, or a file that is open for reading")
    return Source(content, label=str(getattr(content, "name", "the stream given")), owned=False)


def _position(stream: BinaryIO) -> int | None:
    try:
        return stream.tell() if stream.seekable() else None
    except (AttributeError, OSError):
        return None


def _size_from(stream: BinaryIO, start: int | None) -> int | None:
    if start is None:
        return None
    end = stream.seek(0, os.SEEK_END)
    stream.seek(start)
    return max(end - start, 0)


def _identity_of(stream: BinaryIO) -> Identity | None:
    name = getattr(stream, "name", None)
    if not isinstance(name, str | os.PathLike):
        return None  # Nothing on a disk, or something without a name.
    try:
        path, status = Path(str(name)).absolute(), os.fstat(stream.fileno())
        # By its name another one may be meant meanwhile.
        if stat.S_ISREG(status.st_mode) and path.stat().st_ino == status.st_ino:
            return Identity(str(path), status.st_size, status.st_mtime_ns, status.st_ino)
    except (AttributeError, OSError, ValueError):
        pass
    return None
