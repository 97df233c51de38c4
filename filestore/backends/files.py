"""Files: every effect that the disk back end has on the world, one method each.

Rule: nothing else in `backends` touches the file system, so that a test can record, fail or kill at each step. Methods
raise OSError as the system does; what it means is for `disk` to say. Paths are made of numbers by `disk` alone.
"""

import errno
import fcntl
import os
from pathlib import Path
from typing import Protocol

# Not every file system copies by itself, nor from another one; then the bytes are read and written.
_NO_COPYING = frozenset({errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})
# Not every file system reserves space; then there is nothing to do about it.
_NO_RESERVING = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
# Not every file system writes past the page cache; then it is written through it.
_NO_DIRECT = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})


class Files(Protocol):
    """The file system, as far as it is needed."""

    def create(self, path: Path) -> int:
        """A descriptor to write a file that was not there."""

    def open(self, path: Path) -> int:
        """A descriptor to read a file."""

    def reopen(self, path: Path) -> int:
        """A descriptor to write on in a file that is there."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """How many bytes were written; it may be fewer than given."""

    def pread(self, descriptor: int, length: int, offset: int) -> bytes: ...
    def copy(self, source: int, offset: int, length: int, target: int) -> int:
        """How many bytes were written from another file, from there; it may be fewer than asked for, 0 only at its end.
        A file system that can shares them.
        """

    def reserve(self, descriptor: int, size: int) -> None:
        """Have room for so many bytes, where the file system can."""

    def cut(self, descriptor: int, size: int) -> None:
        """Drop what a file has behind so many bytes, and write on there."""

    def write_directly(self, descriptor: int) -> bool:
        """From now on have writes go to the disk itself; False where the file system cannot. A write is refused then
        (EINVAL) that is not of whole pages, in the file as in memory.
        """

    def write_by_memory(self, descriptor: int) -> None:
        """From now on have them go by way of the system's memory again."""

    def sync(self, descriptor: int) -> None:
        """Make a file's bytes durable."""

    def sync_directory(self, path: Path) -> None:
        """Make a directory's entries durable."""

    def close(self, descriptor: int) -> None: ...
    def size(self, descriptor: int) -> int: ...
    def is_at(self, descriptor: int, path: Path) -> bool:
        """Whether an open file is the one that stands at a path."""

    def link(self, path: Path, other: Path) -> None:
        """A second entry for the same file."""

    def rename(self, path: Path, other: Path) -> None:
        """Give a file another name, where nothing else has it or what has it goes."""

    def unlink(self, path: Path) -> None: ...
    def make_directory(self, path: Path) -> None:
        """A directory, for its owner's eyes only; making one that is there is no error."""

    def exists(self, path: Path) -> bool: ...
    def names(self, path: Path) -> list[str]:
        """What a directory holds."""

    def free_space(self, path: Path) -> int:
        """Bytes that can be written where a path is."""

    def forget(self, descriptor: int, offset: int, length: int) -> None:
        """Have what memory holds of a file's bytes dropped, from there (length 0: to the end), so that they do not take
        the place of what people read, and are read from the disk the next time.
        """


class SystemFiles:
    """The file system of this machine."""

    def create(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def open(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def reopen(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return os.write(descriptor, data)

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        return os.pread(descriptor, length, offset)

    def copy(self, source: int, offset: int, length: int, target: int) -> int:
        try:
            return os.copy_file_range(source, target, length, offset)
        except OSError as error:
            if error.errno not in _NO_COPYING:
                raise
        return self.write(target, self.pread(source, length, offset))

    def reserve(self, descriptor: int, size: int) -> None:
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in _NO_RESERVING:
                raise

    def cut(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)
        os.lseek(descriptor, size, os.SEEK_SET)

    def write_directly(self, descriptor: int) -> bool:
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_DIRECT)
        except OSError as error:
            if error.errno not in _NO_DIRECT:
                raise
            return False
        return True

    def write_by_memory(self, descriptor: int) -> None:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_DIRECT)

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def sync_directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def size(self, descriptor: int) -> int:
        return os.fstat(descriptor).st_size

    def is_at(self, descriptor: int, path: Path) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), path.lstat())
        except FileNotFoundError:
            return False

    def link(self, path: Path, other: Path) -> None:
        os.link(path, other)

    def rename(self, path: Path, other: Path) -> None:
        path.rename(other)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)

    def exists(self, path: Path) -> bool:
        return path.exists()

    def names(self, path: Path) -> list[str]:
        return os.listdir(path)  # noqa: PTH208 - names are wanted, not paths

    def free_space(self, path: Path) -> int:
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize

    def forget(self, descriptor: int, offset: int, length: int) -> None:
        os.posix_fadvise(descriptor, offset, length, os.POSIX_FADV_DONTNEED)
