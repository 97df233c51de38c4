"""Histories of calls that overlap, and whether some one-at-a-time order explains them (I7).

    history = History()
    with history.call("set", ("colour", "blue")) as answer:      # from any thread
        answer(…)
    explain(history.calls, start, step)                          # an order, or None

After Wing and Gong, "Testing and verifying concurrent objects" (1993): a call may be put first if none of the others
had answered before it began; try each that the specification allows, and remember what has been tried (Lowe, 2017).

Rule: knows nothing of nodes; what a call means is the `step` of a specification.
"""

import itertools
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, from when it began to when it had answered."""

    number: int
    what: str
    argument: Hashable
    answer: Hashable
    began: int
    ended: int


@dataclass
class History:
    """Calls as they happen; for any number of threads."""

    calls: list[Call] = field(default_factory=list)
    _clock: "itertools.count[int]" = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def call(self, what: str, argument: Hashable = None) -> Iterator[Callable[[Hashable], None]]:
        """Note a call that runs in the block; what the block hands to its value is the answer."""
        answers: list[Hashable] = []
        began = self._tick()
        yield answers.append
        ended = self._tick()
        with self._lock:
            self.calls.append(Call(len(self.calls), what, argument, answers[-1], began, ended))

    def _tick(self) -> int:
        with self._lock:
            return next(self._clock)


Step = Callable[[S, Call], S | None]
"""The state after a call that answered so, or None where no state like this answers so."""


def explain(calls: Sequence[Call], start: S, step: Step[S]) -> list[Call] | None:
    """An order of these calls that a one-at-a-time service could have done them in, None where there is none."""
    tried: set[tuple[frozenset[int], S]] = set()

    def search(left: tuple[Call, ...], state: S) -> list[Call] | None:
        if not left:
            return []
        key = (frozenset(call.number for call in left), state)
        if key in tried:
            return None
        tried.add(key)
        first_end = min(call.ended for call in left)
        for call in left:
            if call.began > first_end:
                continue
            after = step(state, call)
            if after is None:
                continue
            rest = search(tuple(other for other in left if other is not call), after)
            if rest is not None:
                return [call, *rest]
        return None

    return search(tuple(sorted(calls, key=lambda call: call.began)), start)
