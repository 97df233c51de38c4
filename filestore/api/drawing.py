"""A large body's turn in a thread: it is read from the socket into blocks, and written, at the same time.

    socket ──fill──► a block ──write──► upload
                     another one, being written by a thread beside

Rule: a turn ends when the socket is dry, when the body is complete, or when others wait and it has had its share. What
is written by a turn is a multiple of what disks like; the few bytes behind it are left for who comes next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from filestore.api.blocks import ALIGNED, Blocks, pour
from vofiles.serving.http import Loan, Pool
from vofiles.serving.http.beside import Beside

SHARE: Final = 16 << 20
"""Bytes after which others who wait for a thread have their turn."""

Write = Callable[[memoryview], object]


@dataclass(frozen=True, slots=True)
class Bulk:
    """What large bodies are taken in with."""

    pool: Pool
    """Threads of turns."""
    blocks: Blocks
    beside: Beside


def draw(loan: Loan, pieces: list[bytes], write: Write, bulk: Bulk) -> list[bytes]:
    """Write `pieces` and what can be read now; what is left to be written. Raises what `write` raises."""
    share = SHARE
    written: Callable[[], object] = _nothing
    with bulk.blocks.one() as first, bulk.blocks.another() as second:
        block, spare = first, second
        filled = pour(pieces, block)
        try:
            while True:
                filled += loan.fill(block[filled:])
                written, await_last = _nothing, written
                await_last()
                share -= filled
                if loan.dry or not loan.left or (share <= 0 and bulk.pool.waiting):
                    return _write_pages(block[:filled], write)
                if spare is None:
                    write(block)
                else:
                    written = bulk.beside.run(partial(write, block))
                    block, spare = spare, block
                filled = 0
        finally:
            written()


def write_gathered(pieces: list[bytes], write: Write, blocks: Blocks) -> list[bytes]:
    """Write what was gathered; what is left to be written. Raises what `write` raises."""
    with blocks.one() as block:
        return _write_pages(block[: pour(pieces, block)], write)


def _write_pages(data: memoryview, write: Write) -> list[bytes]:
    whole = len(data) - len(data) % ALIGNED
    if whole:
        write(data[:whole])
    return [bytes(data[whole:])] if whole < len(data) else []


def _nothing() -> None:
    """Nothing is being written."""
