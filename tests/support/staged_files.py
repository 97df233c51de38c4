"""A store's disk on a stage: each operation of the port Files that changes something is an effect.

Rule: what only looks (open, read, exists, list) is no effect, but a stopped process does not even look. Writing past
the page cache is played, whatever file system it is: what is not of whole pages is refused then.
"""

import errno
import os
from pathlib import Path

from filestore.backends.diskio import PAGE
from filestore.backends.files import SystemFiles
from tests.support.stage import Stage


class StagedFiles(SystemFiles):
    """The real file system, for one process; `close_all` at its end closes what it left open."""

    def __init__(self, stage: Stage, process: str) -> None:
        self._stage, self._process = stage, process
        self._open: set[int] = set()
        self._direct: set[int] = set()

    def create(self, path: Path) -> int:
        create = super().create
        descriptor = self._stage.effect(self._process, "file", f"create {path.suffix or 'bytes'}", lambda: create(path))
        self._open.add(descriptor)
        return descriptor

    def open(self, path: Path) -> int:
        self._stage.require_alive(self._process)
        descriptor = super().open(path)
        self._open.add(descriptor)
        return descriptor

    def reopen(self, path: Path) -> int:
        self._stage.require_alive(self._process)
        descriptor = super().reopen(path)
        self._open.add(descriptor)
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        write, less = super().write, data[: len(data) // 2]
        directly = descriptor in self._direct
        if directly and (len(data) % PAGE or os.lseek(descriptor, 0, os.SEEK_CUR) % PAGE):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return self._stage.effect(
            self._process,
            "file",
            f"write {len(data)} bytes{' directly' if directly else ''}",
            lambda: write(descriptor, data),
            half=lambda: write(descriptor, less),
        )

    def write_directly(self, descriptor: int) -> bool:
        self._direct.add(descriptor)
        return True

    def write_by_memory(self, descriptor: int) -> None:
        self._direct.discard(descriptor)

    def copy(self, source: int, offset: int, length: int, target: int) -> int:
        copy = super().copy
        return self._stage.effect(
            self._process,
            "file",
            f"copy {length} bytes",
            lambda: copy(source, offset, length, target),
            half=lambda: copy(source, offset, length // 2, target),
        )

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        self._stage.require_alive(self._process)
        return super().pread(descriptor, length, offset)

    def reserve(self, descriptor: int, size: int) -> None:
        reserve = super().reserve
        self._stage.effect(self._process, "file", "reserve", lambda: reserve(descriptor, size))

    def cut(self, descriptor: int, size: int) -> None:
        cut = super().cut
        self._stage.effect(self._process, "file", "cut", lambda: cut(descriptor, size))

    def sync(self, descriptor: int) -> None:
        sync = super().sync
        self._stage.effect(self._process, "file", "fsync", lambda: sync(descriptor))

    def sync_directory(self, path: Path) -> None:
        sync = super().sync_directory
        self._stage.effect(self._process, "file", "fsync of a directory", lambda: sync(path))

    def close(self, descriptor: int) -> None:
        self._stage.require_alive(self._process)
        self._open.discard(descriptor)
        self._direct.discard(descriptor)
        super().close(descriptor)

    def link(self, path: Path, other: Path) -> None:
        link = super().link
        self._stage.effect(self._process, "file", "link", lambda: link(path, other))

    def rename(self, path: Path, other: Path) -> None:
        if not self.exists(path):
            raise FileNotFoundError(path)
        rename = super().rename
        self._stage.effect(self._process, "file", f"rename {path.suffix or 'bytes'}", lambda: rename(path, other))

    def unlink(self, path: Path) -> None:
        if not self.exists(path):
            raise FileNotFoundError(path)
        unlink = super().unlink
        self._stage.effect(self._process, "file", f"unlink {path.suffix or 'bytes'}", lambda: unlink(path))

    def make_directory(self, path: Path) -> None:
        if self.exists(path):
            return
        make = super().make_directory
        self._stage.effect(self._process, "file", "make a directory", lambda: make(path))

    def exists(self, path: Path) -> bool:
        self._stage.require_alive(self._process)
        return super().exists(path)

    def names(self, path: Path) -> list[str]:
        self._stage.require_alive(self._process)
        return super().names(path)

    def close_all(self) -> None:
        """What the kernel does when a process ends."""
        while self._open:
            os.close(self._open.pop())
