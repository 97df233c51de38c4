"""Telling: what is to happen once a commit stands, where it took nodes away or began a job.

Rule: done after the commit, and lost with the process without harm: errands, jobs and the ends of transfers are in the
database, and whoever waits for them looks there, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from filemanager.domain.caller import Caller
from filemanager.ports import Transaction
from filemanager.services.repeats import Once
from filemanager.services.settlement import Settlements
from vofiles import contract


class Answer(Protocol):
    """The answer of a verb that can be long."""

    @property
    def job(self) -> contract.Job | None: ...


A = TypeVar("A", bound=Answer)
Ended = Sequence[str] | None
"""The numbers of the transfers that ended with nodes that went; None where none went."""


@dataclass(frozen=True)
class Telling:
    """Work in the database of which others are told."""

    once: Once
    settlements: Settlements
    wake_errands: Callable[[], None]
    wake_jobs: Callable[[], None]

    def write(self, caller: Caller, request: Any, kind: type[A], work: Callable[[Transaction], tuple[A, Ended]]) -> A:
        """What `work` answers first, done once for a key. Raises what `Once.write` does."""
        nothing: Ended = None
        answer, ended = self.once.write_with(caller, request, kind, work, nothing)
        if answer.job is not None:
            self.wake_jobs()
        if ended is not None:
            self.wake_errands()
            for number in ended:
                self.settlements.publish(number)
        return answer
