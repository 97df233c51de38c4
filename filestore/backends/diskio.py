"""One container's file: written once, then only read.

Rule: what the system says becomes what the port says in `storage`, and nowhere else: a full disk is StoreFull, too many
open files are ServiceBusy, everything else that fails is StorageFailure, which nobody retries.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filestore.backends.files import Files
from filestore.domain.sidecar import Sidecar
from filestore.ports import Reader, StorageFailure
from vofiles.errors import ContainerNotFound, ServiceBusy, StoreFull

PAGE: Final = 4096
"""Bytes: what is written directly begins and ends at a multiple of it, in the file as in memory."""
DIRECT: Final = 1 << 20
"""Bytes, of a file whose size is known, from which on writing directly is worth it, and of one write likewise."""
PIECE: Final = 1 << 20
"""Bytes written at a time by way of memory; more at a time were slower."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Only opening a file fails with these: the medium has nothing to do with it, and nothing was done.
_CROWDED: Final = frozenset({errno.EMFILE, errno.ENFILE})


@contextmanager
def storage(about: str) -> Iterator[None]:
    """Put the system's errors into the port's words. Raises StoreFull, ServiceBusy, StorageFailure."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(about, reason="no room is left on its disk") from error
        if error.errno in _CROWDED:
            raise ServiceBusy("too many files are open") from error
        raise StorageFailure(f"{about}: {error}") from error


def drop(files: Files, path: Path) -> None:
    """Remove a file; one that is not there is no error. Raises OSError."""
    with suppress(FileNotFoundError):
        files.unlink(path)


def write_all(files: Files, descriptor: int, data: bytes | memoryview) -> None:
    """Write all of it, however little the system takes at a time. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[files.write(descriptor, left) :]


def write_sidecar(files: Files, path: Path, sidecar: Sidecar) -> None:
    """Write a sidecar and make its bytes durable; its directory entry is the caller's matter. Raises OSError."""
    descriptor = files.create(path)
    try:
        write_all(files, descriptor, sidecar.to_json().encode("utf-8") + b"\n")
        files.sync(descriptor)
    finally:
        files.close(descriptor)


class DiskWriter:
    """A container's file on its way in."""

    def __init__(self, files: Files, path: Path, sidecar: Path, size: int | None, *, kept: int | None = None) -> None:
        """Make the file, or go on behind the first `kept` bytes of the one that is there, and reserve its size. Raises
        ContainerNotFound where there are fewer, StoreFull, StorageFailure.
        """
        self._files = files
        self._path = path
        self._sidecar = sidecar
        self._written = kept or 0
        self._large = size is not None and size >= DIRECT
        """Whether it may be written directly."""
        self._direct = False
        """Whether it is, just now."""
        self._entered = kept is not None
        """Whether its directory entry is durable."""
        with storage(path.name):
            self._descriptor: int | None = files.create(path) if kept is None else _reopen(files, path, kept)
        if size:
            try:
                with storage(path.name):
                    files.reserve(self._descriptor, size)
            except BaseException:
                # What was kept is worth more than the room.
                self.abort() if kept is None else self.close()
                raise

    def write(self, data: bytes | memoryview) -> None:
        assert self._descriptor is not None
        with storage(self._path.name):
            left = memoryview(data)
            while left:
                count = self._write_some(self._descriptor, left)
                self._written += count
                left = left[count:]

    def _write_some(self, descriptor: int, data: memoryview) -> int:
        """How many bytes were written: directly what can be, the rest by way of memory. Raises OSError."""
        whole = len(data) - len(data) % PAGE
        if not self._large or self._written % PAGE or whole < DIRECT:
            return self._write_by_memory(descriptor, data[:PIECE])
        if not self._direct:
            self._direct = self._large = self._files.write_directly(descriptor)
        if self._direct:
            try:
                return self._files.write(descriptor, data[:whole])
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._large = False
        return self._write_by_memory(descriptor, data[:PIECE])

    def _write_by_memory(self, descriptor: int, data: memoryview) -> int:
        if self._direct:
            self._files.write_by_memory(descriptor)
            self._direct = False
        return self._files.write(descriptor, data)

    def take(self, reader: Reader, offset: int, length: int) -> None:
        source = reader.fileno()
        assert self._descriptor is not None
        if source is None:
            data = reader.pread(length, offset)
            self.write(data)
            if len(data) < length:
                raise StorageFailure(f"{self._path.name}: {length - len(data)} bytes are missing at the end")
            return
        end = offset + length
        with storage(self._path.name):
            while offset < end:
                taken = self._files.copy(source, offset, end - offset, self._descriptor)
                if not taken:
                    raise OSError(errno.EIO, f"{end - offset} bytes are missing at the end")
                offset += taken
        self._written += length

    def keep(self) -> int:
        # A size that was reserved is the file's size: how much of it was written is ours to know.
        self.sync()
        if not self._entered:
            with storage(self._path.name):
                self._files.sync_directory(self._path.parent)
            self._entered = True
        return self._written

    def seal(self, sidecar: Sidecar) -> None:
        self.sync()
        with storage(self._path.name):
            write_sidecar(self._files, self._sidecar, sidecar)
            self._files.sync_directory(self._path.parent)

    def sync(self) -> None:
        """Make the bytes durable. Raises StoreFull, StorageFailure."""
        assert self._descriptor is not None
        with storage(self._path.name):
            self._files.sync(self._descriptor)

    def abort(self) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        # What cannot be removed is swept at the next start. A file that another writer has put here since is not ours.
        with suppress(OSError):
            if self._files.is_at(descriptor, self._path):
                drop(self._files, self._sidecar)
                drop(self._files, self._path)
        with suppress(OSError):
            self._files.close(descriptor)

    def close(self) -> None:
        """Let go of the file and leave it."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._files.close(descriptor)


def _reopen(files: Files, path: Path, kept: int) -> int:
    """A descriptor to write on behind so many bytes. Raises ContainerNotFound where there are fewer, OSError."""
    try:
        descriptor = files.reopen(path)
    except FileNotFoundError as error:
        raise ContainerNotFound(path.name) from error
    try:
        there = files.size(descriptor)
        if there >= kept:
            files.cut(descriptor, kept)
            return descriptor
    except BaseException:
        files.close(descriptor)
        raise
    files.close(descriptor)
    raise ContainerNotFound(path.name, reason=f"it has {there} bytes, not {kept}")


class DiskReader:
    """A container's file on its way out."""

    def __init__(self, files: Files, path: Path, number: str, *, kept: int | None = None) -> None:
        """Open it, or the first `kept` bytes of it. Raises ContainerNotFound where there are fewer, StorageFailure."""
        self._files = files
        self._number = number
        with storage(number):
            try:
                self._descriptor: int | None = files.open(path)
            except FileNotFoundError as error:
                raise ContainerNotFound(number) from error
            self._size = files.size(self._descriptor)
        if kept is not None:
            if self._size < kept:
                self.close()
                raise ContainerNotFound(number)
            self._size = kept

    @property
    def size(self) -> int:
        return self._size

    def pread(self, length: int, offset: int) -> bytes:
        assert self._descriptor is not None
        with storage(self._number):
            return self._files.pread(self._descriptor, min(length, max(0, self._size - offset)), offset)

    def fileno(self) -> int | None:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._files.close(descriptor)
