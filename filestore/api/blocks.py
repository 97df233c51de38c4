"""The memory that large bodies are taken in with: a number of blocks for all of them together.

Rule: whoever has one block never waits for another. A block is as large as writing past the page cache likes it, and
lies so in memory that a disk can read from it.
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Final

SIZE: Final = 4 << 20
"""Bytes of a block."""
ALIGNED: Final = 4096
"""What disks read is a multiple of so many bytes."""


class Blocks:
    """So many blocks; the one that was given back last is given first, for it may be in a processor's cache."""

    def __init__(self, count: int) -> None:
        self._free: LifoQueue[memoryview | None] = LifoQueue()
        for _ in range(count):
            self._free.put(None)  # made when it is first wanted

    @contextmanager
    def one(self) -> Iterator[memoryview]:
        """A block, as soon as one is free; not to be asked for by who has one."""
        block = self._free.get() or _make()
        try:
            yield block
        finally:
            self._free.put(block)

    @contextmanager
    def another(self) -> Iterator[memoryview | None]:
        """One more block, None where none is free."""
        try:
            found = self._free.get_nowait() or _make()
        except Empty:
            yield None
            return
        try:
            yield found
        finally:
            self._free.put(found)


def _make() -> memoryview:
    memory = mmap.mmap(-1, SIZE)
    # Large pages: a disk is given few long pieces instead of a thousand short ones.
    memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)


def pour(pieces: list[bytes], block: memoryview) -> int:
    """Put pieces into a block, one behind the other; how many bytes that are."""
    filled = 0
    for piece in pieces:
        block[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled
