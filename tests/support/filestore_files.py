"""File systems for tests of the disk back end: failing as told, slow to write, losing power, watched.

All of them are the real one with something between; `SteppedFiles` sees every effect before it happens.
"""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filestore.backends.files import SystemFiles

READING = frozenset({"open", "reopen", "pread", "size", "is_at", "exists", "names", "free_space", "forget"})
"""Methods that change nothing."""


class SteppedFiles(SystemFiles):
    """Calls `step(method, argument)` before each effect."""

    def __init__(self, step: Callable[[str, object], None]) -> None:
        self._step = step

    def __getattribute__(self, name: str) -> object:
        found = object.__getattribute__(self, name)
        if name.startswith("_") or not callable(found):
            return found
        step = object.__getattribute__(self, "_step")

        def stepped(*arguments: object) -> object:
            step(name, arguments[0])
            return found(*arguments)

        return stepped


class Recorder:
    """Every effect, in order."""

    def __init__(self) -> None:
        self.effects: list[str] = []

    def __call__(self, method: str, argument: object) -> None:
        if method not in READING:
            self.effects.append(method)


class Failing:
    """Has a method fail with an error, from its n-th call on."""

    def __init__(self, method: str, number: int, *, after: int = 0) -> None:
        self.method, self.number, self.left = method, number, after
        self.failed = 0

    def __call__(self, method: str, argument: object) -> None:
        if method != self.method:
            return
        if self.left:
            self.left -= 1
            return
        self.failed += 1
        raise OSError(self.number, os.strerror(self.number))


class ShortWrites(SystemFiles):
    """Takes few bytes at a time."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return super().write(descriptor, data[:7])

    def copy(self, source: int, offset: int, length: int, target: int) -> int:
        return super().copy(source, offset, min(length, 7), target)


class NoLinks(SystemFiles):
    """A file system without hard links."""

    def link(self, path: Path, other: Path) -> None:
        raise OSError(errno.EPERM, "no links here")


class VolatileFiles(SystemFiles):
    """Keeps, when power is lost, only what was synced: bytes of synced files, entries of synced directories."""

    def __init__(self) -> None:
        self._paths: dict[int, Path] = {}
        self._unsynced_bytes: set[Path] = set()
        self._synced: dict[Path, int] = {}
        """How many bytes of a file are kept, from its start."""
        self._unsynced_entries: set[Path] = set()

    def create(self, path: Path) -> int:
        descriptor = super().create(path)
        self._paths[descriptor] = path
        self._unsynced_entries.add(path)
        self._synced[path] = 0
        return descriptor

    def reopen(self, path: Path) -> int:
        descriptor = super().reopen(path)
        self._paths[descriptor] = path
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._unsynced_bytes.add(self._paths[descriptor])
        return super().write(descriptor, data)

    def copy(self, source: int, offset: int, length: int, target: int) -> int:
        self._unsynced_bytes.add(self._paths[target])
        return super().copy(source, offset, length, target)

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        self._unsynced_bytes.discard(self._paths[descriptor])
        self._synced[self._paths[descriptor]] = os.lseek(descriptor, 0, os.SEEK_CUR)

    def link(self, path: Path, other: Path) -> None:
        super().link(path, other)
        self._unsynced_entries.add(other)

    def rename(self, path: Path, other: Path) -> None:
        super().rename(path, other)
        self._unsynced_entries.add(other)

    def make_directory(self, path: Path) -> None:
        if not path.exists():
            self._unsynced_entries.add(path)
        super().make_directory(path)

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self._unsynced_entries = {entry for entry in self._unsynced_entries if entry.parent != path}

    def lose_power(self) -> None:
        for path in self._unsynced_bytes:
            if path.exists():
                os.truncate(path, self._synced.get(path, 0))
        for path in self._unsynced_entries:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
