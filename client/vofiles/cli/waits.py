"""What a command waits for, said on standard error: once it is more than a moment, and then less and less often.

Rule: what is over within a moment is not worth a line; of several threads that wait for the same one speaks.
"""

import threading
import time
from collections.abc import Callable, Iterator

from vofiles.cli.exits import complain
from vofiles.waiting import Pause

MOMENT = 2.0
"""Seconds of pauses after which the first line comes, where something has failed."""
THEN = 10.0
"""Seconds after which the next one comes, and the first of what only takes its time; each further one after as long
again.
"""
TOGETHER = 5.0
"""Seconds within which others that wait have nothing new to say."""


class Waits:
    """Hears of pauses, from any thread."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        """`elapsed` tells seconds."""
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._said: tuple[float, float] | None = None
        """At which mark something was said last, and when."""

    def __call__(self, pause: Pause) -> None:
        """Say that there is a pause, if it is time for that."""
        marks = _marks(MOMENT if pause.trouble else THEN, pause.passed + pause.seconds)
        mark = next((mark for mark in marks if mark >= pause.passed), None)
        if mark is None or not self._is_news(mark):
            return
        limit = f"for up to {_span(pause.limit)}" if pause.limit < float("inf") else "for as long as it takes"
        if mark == MOMENT:
            complain(f"{pause.what}: waiting, {limit}")
        else:
            complain(f"{pause.what}: waiting for {_span(mark)} already, {limit}")

    def _is_news(self, mark: float) -> bool:
        now = self._elapsed()
        with self._lock:
            said = self._said
            news = said is None or mark > said[0] or now - said[1] > TOGETHER
            if news:
                self._said = (mark, now)
        return news


def _marks(first: float, end: float) -> Iterator[float]:
    """When something is said, before `end`."""
    mark = first
    while mark < end:
        yield mark
        mark = THEN if mark == MOMENT else 2 * mark


def _span(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 120 else f"{round(seconds / 60)} min"
