"""Waiting: how long to pause before asking or trying again, and who is told of it.

Rule: pauses grow, are bounded in length and in sum, and are slept by a `Waiter` that a caller can replace; no other
module of the client sleeps. Before each pause whoever wants to hear is told what it is for.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice

from vofiles.errors import StoreUnreachable, VofilesError

Waiter = Callable[[float], None]
"""Lets so many seconds pass; `time.sleep` unless a caller gives another one."""

sleep: Waiter = time.sleep

FIRST_PAUSE = 0.02
"""Seconds; a small file's callback is usually in by then."""
LONGEST_PAUSE = 1.0
"""Seconds; a FileManager asks a store at most so often anyway."""


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause that is about to be made."""

    what: str
    """What stands in the way, as a sentence."""
    seconds: float
    passed: float
    """Seconds of pauses before it that brought nothing."""
    limit: float
    """Seconds of pauses after which it is given up."""
    trouble: bool
    """Whether something has failed; else it only takes its time."""


Told = Callable[[Pause], None]
"""Hears of pauses, from any thread."""

_told: ContextVar[Told | None] = ContextVar("told of pauses", default=None)


@contextmanager
def telling(told: Told) -> Iterator[None]:
    """Have pauses told of, those of this block and of the threads that it begins."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def tell(pause: Pause) -> None:
    """Tell of a pause, where somebody wants to hear."""
    told = _told.get()
    if told is not None:
        told(pause)


def pauses(
    patience: float, *, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE, jitter: float = 0.1
) -> Iterator[float]:
    """Lengths of pauses in seconds, each twice the one before up to `longest`, that add up to `patience` at the most.

    Each is up to `jitter` of itself shorter, so that many clients do not come back at the same moment.
    """
    left, pause = patience, first
    while left > 0:
        length = min(pause, left) * (1 - jitter * random.random())  # noqa: S311 (spreads load, keeps no secret)
        yield length
        left -= max(length, 1e-3)
        pause = min(pause * 2, longest)


class Patience:
    """How often and how long something is tried again; counted anew whenever it has come further than ever."""

    def __init__(self, wait: Waiter, *, attempts: float, seconds: float) -> None:
        """Given up after so many attempts, or so many seconds of pauses, that brought nothing."""
        self._wait, self._attempts, self._seconds = wait, attempts, seconds
        self._furthest = self._fruitless = 0
        self._passed = 0.0
        self._between = self._pauses()
        self._limit = seconds
        if attempts < float("inf"):
            self._limit = sum(islice(self._pauses(jitter=0), int(attempts) - 1))

    def pause(self, error: Exception, reached: int) -> None:
        """Let a pause pass after an attempt that failed by `error` when so much was `reached`. Raises that error, as
        one of the tree, when it is time to give up.
        """
        if reached > self._furthest:
            self._between, self._furthest, self._fruitless, self._passed = self._pauses(), reached, 0, 0.0
        else:
            self._fruitless += 1
        length = next(self._between, None)
        if length is None or self._fruitless >= self._attempts:
            if isinstance(error, VofilesError):
                raise error
            raise StoreUnreachable("", reason=f"{error} (tried {self._fruitless} times)") from error
        what = error.message if isinstance(error, VofilesError) else f"The file store does not answer: {error}"
        tell(Pause(what, length, self._passed, self._limit, trouble=True))
        self._passed += length
        self._wait(length)

    def _pauses(self, jitter: float = 0.1) -> Iterator[float]:
        return pauses(self._seconds, first=0.1, longest=8, jitter=jitter)
