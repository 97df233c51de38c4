"""Stretches of bytes: which of a content are there, and which are missing.

Rule: pure; what is kept is sorted, apart and never empty, however it was added. A stretch is (start, end), its end not
part of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

Stretch = tuple[int, int]


class Stretches:
    """Some of the bytes of a content."""

    def __init__(self, some: Iterable[Stretch] = ()) -> None:
        self._some: list[Stretch] = []
        for start, end in some:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Those from `start` on and before `end` too."""
        if start >= end:
            return
        # Those that touch it become one with it.
        first = bisect_left(self._some, start, key=itemgetter(1))
        last = bisect_right(self._some, end, key=itemgetter(0))
        if first < last:
            start, end = min(start, self._some[first][0]), max(end, self._some[last - 1][1])
        self._some[first:last] = [(start, end)]

    @property
    def prefix(self) -> int:
        """How many are there from the first on without a gap."""
        return self._some[0][1] if self._some and self._some[0][0] == 0 else 0

    @property
    def end(self) -> int:
        """Behind the last of them."""
        return self._some[-1][1] if self._some else 0

    def __len__(self) -> int:
        return sum(end - start for start, end in self._some)

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._some)

    def missing(self, size: int, piece: int) -> Iterator[Stretch]:
        """What is not there of so many bytes, in order, in pieces of at most `piece`."""
        done = 0
        for start, end in [*self._some, (size, size)]:
            for begin in range(done, min(start, size), piece):
                yield begin, min(begin + piece, start, size)
            done = end


def parse_stretches(told: object, size: int) -> Stretches | None:
    """What a list of pairs says, as it was written from Stretches of so many bytes; None for anything else."""
    if not isinstance(told, list):
        return None
    found = Stretches()
    for pair in told:
        if not (isinstance(pair, list) and len(pair) == 2 and all(type(each) is int for each in pair)):
            return None
        start, end = pair
        if not max(found.end, 0) <= start < end <= size:
            return None
        found.add(start, end)
    return found
