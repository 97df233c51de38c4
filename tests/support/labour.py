"""A verb for tests of jobs: does what a script says, and counts.

labour = Labour(); desk.runner.register(VERB, labour)
labour.script["a.vot"] = [Waiting(due), Done()]
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from filemanager.domain.job import Job, JobItem
from filemanager.domain.step import Done, Step
from filemanager.ports import Transaction
from vofiles.contract import Failure
from vofiles.errors import VofilesError

VERB = "test"

Move = Step | VofilesError | Callable[[Job, JobItem], Step]


@dataclass
class Labour:
    """The port `Work`."""

    script: dict[str, list[Move]] = field(default_factory=lambda: defaultdict(list))
    """What comes of an item's steps, by path; Done once there is no more."""
    cancelling: dict[str, list[Move]] = field(default_factory=lambda: defaultdict(list))
    stepped: list[str] = field(default_factory=list)
    """The paths of the items, in the order of their steps."""
    asked_to_end: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    """Numbers of jobs."""
    at_end: Callable[[Transaction, Job], Failure | None] = lambda _tx, _job: None

    def step(self, job: Job, item: JobItem) -> Step:
        self.stepped.append(item.path)
        return self._next(self.script, job, item)

    def cancel(self, job: Job, item: JobItem) -> Step:
        self.asked_to_end.append(item.path)
        return self._next(self.cancelling, job, item)

    def finish(self, tx: Transaction, job: Job) -> Failure | None:
        self.finished.append(job.number)
        return self.at_end(tx, job)

    def _next(self, script: dict[str, list[Move]], job: Job, item: JobItem) -> Step:
        moves = script.get(item.path)
        move = moves.pop(0) if moves else Done()
        if isinstance(move, VofilesError):
            raise move
        return move(job, item) if callable(move) else move
