"""The back end in memory: for tests, and for those of the users of this package.

Rule: it keeps every word of the port, a full disk included, and forgets all when the process ends.
"""

import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from filestore.domain.checksum import Digester
from filestore.domain.ingest import require_digests
from filestore.domain.sidecar import Sidecar
from filestore.ports import Reader, StorageFailure, Writer
from vofiles.errors import ContainerNotFound, StoreFull

LONGEST_SMALL: Final = 64 << 10
"""Bytes of the largest content that is made durable together with others."""


@dataclass(slots=True, eq=False)
class _Kept:
    """What is kept under one number."""

    data: bytearray
    reserved: int
    sidecar: Sidecar | None = None
    safe: int = 0
    """Bytes that another attempt can go on behind."""
    attempt: int | None = None
    """What added it together with others."""

    @property
    def room(self) -> int:
        return max(self.reserved, len(self.data))


class MemoryBackend:
    """Containers in a dictionary, `capacity` bytes in all."""

    def __init__(self, capacity: int = 1 << 40) -> None:
        self._capacity = capacity
        self._kept: dict[str, _Kept] = {}
        self._aside: dict[str, _Kept] = {}
        """What is not what came."""
        self._lock = threading.RLock()

    def create(self, number: str, size: int | None) -> Writer:
        with self._lock:
            self._kept.pop(number, None)
            if (size or 0) > self.free_space():
                raise StoreFull(number, reason="no room is left in memory")
            kept = self._kept[number] = _Kept(bytearray(), size or 0)
        return _MemoryWriter(self, number, kept)

    def resume(self, number: str, kept: int, size: int | None) -> Writer:
        with self._lock:
            left = self._get_kept(number, kept)
            left.sidecar = None
            if (size or 0) > self.free_space() + left.room:
                raise StoreFull(number, reason="no room is left in memory")
            # Another value: who held on to the old writer does no harm to the new bytes.
            mine = self._kept[number] = _Kept(left.data[:kept], size or 0, safe=kept)
        return _MemoryWriter(self, number, mine)

    def open_kept(self, number: str, kept: int) -> Reader:
        with self._lock:
            return _MemoryReader(bytes(self._get_kept(number, kept).data[:kept]))

    def _get_kept(self, number: str, kept: int) -> _Kept:
        found = self._kept.get(number)
        if found is None or found.safe < kept:
            raise ContainerNotFound(number)
        return found

    def open(self, number: str) -> Reader:
        with self._lock:
            kept = self._kept.get(number)
            if kept is None:
                raise ContainerNotFound(number)
            return _MemoryReader(bytes(kept.data))

    def duplicate(self, number: str, copy: str, sidecar: Sidecar) -> None:
        data = self.open(number).pread(1 << 62, 0)
        digester = Digester(digest.algorithm for digest in sidecar.content.digests)
        digester.update(data)
        require_digests(sidecar.content.digests, digester.digests())
        writer = self.create(copy, len(data))
        writer.write(data)
        writer.seal(sidecar)

    @property
    def longest(self) -> int:
        return LONGEST_SMALL

    def add_all(self, attempt: int, contents: Sequence[tuple[str, Sidecar, bytes]]) -> Collection[str]:
        with self._lock:
            there = {number for number, _, _ in contents if number in self._kept}
            fresh = [each for each in contents if each[0] not in there]
            if sum(len(content) for _, _, content in fresh) > self.free_space():
                raise StoreFull("memory", reason="no room is left")
            for number, sidecar, content in fresh:
                self._kept[number] = _Kept(bytearray(content), 0, sidecar, attempt=attempt)
        return there

    def withdraw(self, attempt: int, numbers: Sequence[str]) -> None:
        with self._lock:
            for number in numbers:
                if number in self._kept and self._kept[number].attempt == attempt:
                    del self._kept[number]

    def delete(self, number: str) -> None:
        with self._lock:
            self._kept.pop(number, None)

    def set_aside(self, number: str) -> None:
        with self._lock:
            kept = self._kept.pop(number, None)
            if kept is not None:
                self._aside[number] = kept

    def numbers(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._kept))

    def numbers_after(self, after: str, limit: int) -> list[str]:
        return sorted(number for number in self.numbers() if number > after)[:limit]

    def has(self, number: str) -> bool:
        return number in self._kept

    def lacking(self, numbers: Sequence[str]) -> list[str]:
        return [number for number in numbers if not self.has(number)]

    def find_sidecar(self, number: str) -> Sidecar | None:
        with self._lock:
            kept = self._kept.get(number)
            return kept.sidecar if kept else None

    def free_space(self) -> int:
        with self._lock:
            return self._capacity - sum(kept.room for kept in (*self._kept.values(), *self._aside.values()))

    def append(self, kept: _Kept, data: bytes | memoryview) -> None:
        """Append to what a writer has; for the writer. Raises StoreFull."""
        with self._lock:
            if len(kept.data) + len(data) > kept.room + self.free_space():
                raise StoreFull("memory", reason="no room is left")
            kept.data += data

    def drop(self, number: str, kept: _Kept) -> None:
        """Drop what a writer has, unless another writer has the number by now; for the writer."""
        with self._lock:
            if self._kept.get(number) is kept:
                del self._kept[number]


class _MemoryWriter:
    def __init__(self, backend: MemoryBackend, number: str, kept: _Kept) -> None:
        self._backend = backend
        self._number = number
        self._kept: _Kept | None = kept

    def write(self, data: bytes | memoryview) -> None:
        assert self._kept is not None
        self._backend.append(self._kept, data)

    def take(self, reader: Reader, offset: int, length: int) -> None:
        data = reader.pread(length, offset)
        if len(data) < length:
            raise StorageFailure(f"{length - len(data)} bytes are missing at the end")
        self.write(data)

    def keep(self) -> int:
        assert self._kept is not None
        self._kept.safe = len(self._kept.data)
        return self._kept.safe

    def seal(self, sidecar: Sidecar) -> None:
        assert self._kept is not None
        self._kept.sidecar = sidecar

    def abort(self) -> None:
        if self._kept is not None:
            self._backend.drop(self._number, self._kept)
            self._kept = None

    def close(self) -> None:
        self._kept = None


class _MemoryReader:
    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def pread(self, length: int, offset: int) -> bytes:
        return self._data[offset : offset + length]

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        """There is nothing to let go of."""
