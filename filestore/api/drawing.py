"""A large body's turn in a thread: it is read from the socket into blocks, and written, at the same time.

    socket ──fill──► a block ──write──► upload
                     another one, being written by a thread beside

Rule: a turn ends when the socket is dry, when the body is complete, or when others wait and it has had its share. What
is written by a turn is a multiple of what disks like; the few bytes behind it are left for who comes next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filestore.api.blocks import ALIGNED, Blocks, pour
from filestore.domain.checksum import await_all
from vofiles.serving.http import Loan, Pool

SHARE: Final = 16 << 20
"""Bytes after which others who wait for a thread have their turn."""

Write = Callable[[memoryview], object]
Begin = Callable[[memoryview], Callable[[], object]]
"""See `Filling.begin_write`."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What large bodies are taken in with."""

    pool: Pool
    """Threads of turns."""
    blocks: Blocks


def draw(loan: Loan, pieces: list[bytes], begin: Begin, bulk: Bulk) -> list[bytes]:
    """Write `pieces` and what can be read now; what is left to be written. Raises what `begin` and its answer raise."""
    share = SHARE
    begun: Callable[[], object] = _nothing
    before = begun
    with bulk.blocks.one() as first, bulk.blocks.another() as second:
        block, spare = first, second
        filled = pour(pieces, block)
        try:
            while True:
                filled += loan.fill(block[filled:])
                share -= filled
                if loan.dry or not loan.left or (share <= 0 and bulk.pool.waiting):
                    return _write_pages(block[:filled], lambda data: begin(data)())
                before, begun = begun, begin(block)
                if spare is None:
                    begun()
                else:
                    before()
                    block, spare = spare, block
                filled = 0
        finally:
            await_all((before, begun))


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
