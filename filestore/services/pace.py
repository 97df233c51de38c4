"""Pace: so many bytes a second, however fast the disk is.

Rule: bytes are paid for behind them, by waiting; what is left over from slower moments counts for a second at most.
Time passes by what is given: how it is told, and how it is waited for.
"""

from collections.abc import Callable
from typing import Final

BURST: Final = 1.0
"""Seconds of which bytes may be read at once, after a pause."""


class Halted(Exception):
    """Nobody wants the reading to go on in this process."""


class Pace:
    """One reader's pace; for one thread."""

    def __init__(self, rate: int, elapsed: Callable[[], float], wait: Callable[[float], bool]) -> None:
        """`rate`: bytes a second, 0 for no limit; `elapsed`: seconds that only grow; `wait`: let so many seconds pass,
        and answer whether it is all over.
        """
        self._rate, self._elapsed, self._wait = rate, elapsed, wait
        self._paid = elapsed()
        """Up to when time has been spent."""

    def spend(self, size: int) -> None:
        """So many bytes have been read. Raises Halted."""
        now = self._elapsed()
        if self._rate:
            self._paid = max(self._paid, now - BURST) + size / self._rate
        if self._wait(max(0.0, self._paid - now) if self._rate else 0.0):
            raise Halted
