"""Loss of power: what a disk may hold afterwards, given what was done to it and what was synced.

Rule: bytes are kept for certain when their file was synced after they were written, and a directory's entries when the
directory was; everything else may be there or not, each by itself: a file may be empty, shorter, or as long as it was
with zeros in it, and of two entries the later one alone may be there. What a failed sync concerned is lost, whatever a
later one says. Entries that were removed and not synced may be there again. `disks` enumerates that, bounded.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.stage import Stage
from tests.support.staged_files import StagedFiles

MOST = 40
"""Disks enumerated for one moment, at most."""
_ALL_SUBSETS = 3
"""Up to so many entries of one directory, every subset of them is tried."""

Disk = dict[Path, bytes | None]
"""What each path holds; None for a directory."""


@dataclass(eq=False)
class _File:
    """The bytes of one file, in the order of writing."""

    pieces: list[bytes] = field(default_factory=list)
    durable: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    """Those that a failed sync concerned."""
    reserved: int = 0

    def sync(self) -> None:
        self.durable |= set(range(len(self.pieces))) - self.lost

    def cut(self, size: int) -> None:
        """Drop what is behind; should it come back, it is behind what counts, and is cut or written over again."""
        ends = list(itertools.accumulate(map(len, self.pieces)))
        left = sum(end - len(piece) < size for end, piece in zip(ends, self.pieces, strict=True))
        del self.pieces[left:]
        if left:
            self.pieces[-1] = self.pieces[-1][: len(self.pieces[-1]) - max(0, ends[left - 1] - size)]
        self.durable, self.lost = {at for at in self.durable if at < left}, {at for at in self.lost if at < left}
        self.reserved = 0

    def fail(self) -> None:
        self.lost |= set(range(len(self.pieces))) - self.durable

    def contents(self) -> list[bytes]:
        """What may be found in it."""
        kept = self.durable
        pending = [at for at in range(len(self.pieces)) if at not in kept | self.lost]
        found = [self._with(kept)]
        if pending:
            found.append(self._with(kept | set(pending)))
            found.append(self._with(kept | set(pending[: len(pending) // 2])))
            found.append(self._with(kept | {pending[-1]}))
        if pending or self.lost:
            found.append(self._with(kept).ljust(sum(map(len, self.pieces)), b"\0"))
        return list(dict.fromkeys(found))

    def _with(self, kept: set[int]) -> bytes:
        data = b"".join(piece if at in kept else bytes(len(piece)) for at, piece in enumerate(self.pieces))
        end = sum(len(piece) for piece in self.pieces[: max(kept, default=-1) + 1])
        return data[:end].ljust(self.reserved, b"\0")


@dataclass(eq=False)
class _Directory:
    """A directory's entries, and what was done to them since they were synced."""

    durable: dict[str, "_File | _Directory"] = field(default_factory=dict)
    pending: list[tuple[str, "_File | _Directory | None"]] = field(default_factory=list)

    def entries(self, kept: tuple[int, ...]) -> "dict[str, _File | _Directory]":
        found = dict(self.durable)
        for at in kept:
            name, what = self.pending[at]
            if what is None:
                found.pop(name, None)
            else:
                found[name] = what
        return found

    def now(self) -> "dict[str, _File | _Directory]":
        return self.entries(tuple(range(len(self.pending))))

    def sync(self) -> None:
        self.durable, self.pending = self.now(), []

    def subsets(self) -> list[tuple[int, ...]]:
        """Which of the pending changes are on the disk."""
        everything = tuple(range(len(self.pending)))
        if len(everything) <= _ALL_SUBSETS:
            sizes = range(len(everything) + 1)
            return [chosen for size in sizes for chosen in itertools.combinations(everything, size)]
        prefixes = [everything[:size] for size in range(len(everything) + 1)]
        without_one = [tuple(at for at in everything if at != gone) for gone in everything]
        return list(dict.fromkeys([*prefixes, *without_one, *((at,) for at in everything)]))


class VolatileFiles(StagedFiles):
    """A store's files, on a disk that remembers what it was asked to keep; what is below `root` at first is kept."""

    def __init__(self, stage: Stage, process: str, root: Path) -> None:
        super().__init__(stage, process)
        self._root = root
        self._top = _Directory()
        self._written: dict[int, _File] = {}
        if root.exists():
            self._top.durable["."] = _read(root)

    # --- what is done ---

    def create(self, path: Path) -> int:
        descriptor = super().create(path)
        file = self._written[descriptor] = _File()
        self._directory(path.parent).pending.append((path.name, file))
        return descriptor

    def reopen(self, path: Path) -> int:
        descriptor = super().reopen(path)
        file = self._directory(path.parent).now()[path.name]
        assert isinstance(file, _File)
        self._written[descriptor] = file
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        written = super().write(descriptor, data)
        self._written[descriptor].pieces.append(bytes(data[:written]))
        return written

    def copy(self, source: int, offset: int, length: int, target: int) -> int:
        copied = super().copy(source, offset, length, target)
        self._written[target].pieces.append(os.pread(source, copied, offset))
        return copied

    def reserve(self, descriptor: int, size: int) -> None:
        super().reserve(descriptor, size)
        self._written[descriptor].reserved = size

    def cut(self, descriptor: int, size: int) -> None:
        super().cut(descriptor, size)
        self._written[descriptor].cut(size)

    def sync(self, descriptor: int) -> None:
        try:
            super().sync(descriptor)
        except OSError:
            self._written[descriptor].fail()
            raise
        self._written[descriptor].sync()

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        if path == self._root.parent:
            self._top.sync()
        else:
            self._directory(path).sync()

    def link(self, path: Path, other: Path) -> None:
        super().link(path, other)
        file = self._directory(path.parent).now()[path.name]
        self._directory(other.parent).pending.append((other.name, file))

    def rename(self, path: Path, other: Path) -> None:
        super().rename(path, other)
        file = self._directory(path.parent).now()[path.name]
        self._directory(other.parent).pending.append((other.name, file))
        self._directory(path.parent).pending.append((path.name, None))

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self._directory(path.parent).pending.append((path.name, None))

    def make_directory(self, path: Path) -> None:
        fresh = not path.exists()
        super().make_directory(path)
        if not fresh:
            return
        if path == self._root:
            self._top.pending.append((".", _Directory()))
        else:
            self._directory(path.parent).pending.append((path.name, _Directory()))

    def _directory(self, path: Path) -> _Directory:
        steps = path.relative_to(self._root).parts
        found = self._top.now()["."]
        for step in steps:
            assert isinstance(found, _Directory)
            found = found.now()[step]
        assert isinstance(found, _Directory)
        return found

    # --- what is left ---

    def disks(self) -> Iterator[Disk]:
        """What may be below `root` after power was lost now; the paths are relative to it."""
        directories, files = _parts(self._top)
        choices: list[list[tuple[int, ...]] | list[bytes]] = [each.subsets() for each in directories]
        choices += [each.contents() for each in files]
        number = 1
        for choice in choices:
            number *= len(choice)
        step = -(-number // MOST)
        # The step is made odd, so that a choice of two is not the same one each time.
        for chosen in itertools.islice(itertools.product(*choices), 0, None, step | 1 if step > 1 else 1):
            subsets = dict(zip(map(id, directories), chosen, strict=False))
            contents = dict(zip(map(id, files), chosen[len(directories) :], strict=True))
            disk: Disk = {}
            _lay_out(self._top, Path(), subsets, contents, disk)
            yield disk


def _read(path: Path) -> _File | _Directory:
    """What is on a real disk, all of it kept."""
    if path.is_dir():
        return _Directory({each.name: _read(each) for each in path.iterdir()})
    file = _File([path.read_bytes()])
    file.sync()
    return file


def _parts(top: _Directory) -> tuple[list[_Directory], list[_File]]:
    """Everything that may be found in more than one state."""
    directories: dict[int, _Directory] = {}
    files: dict[int, _File] = {}
    waiting: list[_Directory] = [top]
    while waiting:
        directory = waiting.pop()
        directories[id(directory)] = directory
        every = [*directory.durable.values(), *(what for _, what in directory.pending if what is not None)]
        for each in every:
            if isinstance(each, _File):
                files[id(each)] = each
            elif id(each) not in directories:
                waiting.append(each)
    return (
        [each for each in directories.values() if each.pending],
        [each for each in files.values() if len(each.contents()) > 1],
    )


def _lay_out(
    directory: _Directory, path: Path, subsets: Mapping[int, object], contents: Mapping[int, object], disk: Disk
) -> None:
    kept = subsets.get(id(directory), ())
    assert isinstance(kept, tuple)
    for name, what in directory.entries(kept).items():
        if isinstance(what, _Directory):
            disk[path / name] = None
            _lay_out(what, path / name, subsets, contents, disk)
        else:
            data = contents.get(id(what))
            disk[path / name] = data if isinstance(data, bytes) else what.contents()[0]


def write_out(disk: Disk, root: Path) -> None:
    """Put a disk's content below `root`, where nothing is."""
    for path, data in disk.items():
        if data is None:
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).write_bytes(data)
