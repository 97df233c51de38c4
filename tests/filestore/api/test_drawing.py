"""A turn of a large body: the disk is given the next block before it has ended the last one, and no block is used for
anything else while somebody may still read from it.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from filestore.api.blocks import SIZE, Blocks
from filestore.api.drawing import Bulk, draw
from vofiles.serving.http import Loan, Pool

CONTENT = os.urandom(4 * SIZE + 4096 + 5)


class Writing:
    """What is written of a body: blocks in their order, none before somebody waits; at most `failing` of them well."""

    def __init__(self, *, failing: int | None = None) -> None:
        self.written = b""
        self.waited: set[int] = set()
        self.most = 0
        """Blocks at a time that were begun and had not ended."""
        self._begun: list[memoryview] = []
        self._ended = 0
        self._failing = failing

    @property
    def begun(self) -> set[int]:
        return set(range(len(self._begun)))

    def begin(self, data: memoryview) -> Callable[[], object]:
        number = len(self._begun)
        self._begun.append(data)
        self.most = max(self.most, len(self._begun) - self._ended)
        return lambda: self._wait(number)

    def _wait(self, number: int) -> None:
        self.waited.add(number)
        while self._ended <= number:
            if self._ended == self._failing:
                raise OSError("it fails")
            self.written += bytes(self._begun[self._ended])
            self._ended += 1


@pytest.fixture
def bulk() -> Iterator[Bulk]:
    pool = Pool("bulk", 1)
    yield Bulk(pool, Blocks(2))
    pool.stop()


@pytest.fixture
def loan(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loan]:
    """All of the content, on its way, in one turn however long its sender waits for a processor."""
    monkeypatch.setattr("vofiles.serving.http.loan.PATIENCE", 60_000)
    here, there = socket.socketpair()
    here.setblocking(False)
    sending = threading.Thread(target=lambda: send(there))
    sending.start()
    lent = Loan(here, len(CONTENT))
    yield lent
    lent.close()
    here.close()
    sending.join()
    there.close()


def send(wire: socket.socket) -> None:
    try:
        wire.sendall(CONTENT)
    except OSError:
        """Nobody wants the rest."""


def test_the_next_block_is_handed_over_before_the_last_one_is_written(loan: Loan, bulk: Bulk) -> None:
    writing = Writing()
    rest = b"".join(draw(loan, [], writing.begin, bulk))
    assert writing.written + rest == CONTENT
    assert len(rest) == 5
    assert writing.most == 2


def test_with_one_block_it_is_written_before_it_is_filled_again(loan: Loan, bulk: Bulk) -> None:
    writing = Writing()
    with bulk.blocks.one():
        rest = b"".join(draw(loan, [], writing.begin, bulk))
    assert writing.written + rest == CONTENT
    assert writing.most == 1


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_who_fails_leaves_nothing_begun(loan: Loan, bulk: Bulk, failing: int) -> None:
    """A block that is given back while something reads from it would be another body's the next moment."""
    writing = Writing(failing=failing)
    with pytest.raises(OSError, match="it fails"):
        draw(loan, [], writing.begin, bulk)
    assert writing.waited == writing.begun
    with bulk.blocks.one(), bulk.blocks.another() as second:
        assert second is not None
