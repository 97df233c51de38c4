"""The runner: has the items of all jobs done, so many at a time for each store, spaces in turn.

    WAITING --claimed--> RUNNING --step--> Waiting: stepped again when due, or when its transfer ends
                                       `-> Done, Failed: its outcome; after the last of a job its `finish`, and the end

Rule: decides what is done next and writes down what came of it, and has no threads: whoever has (`Crew`) calls `plan`
and `perform`. The database is the truth; memory holds only which items are in somebody's hands just now, so a kill at
any point costs a step done twice, and steps are idempotent. One process at a time runs the jobs of a database.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from filemanager.config import Config
from filemanager.domain.job import Job, JobItem
from filemanager.domain.step import Failed, InVain, Step, after_step
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.job_endings import Endings
from filemanager.services.job_turns import Assignment, Turns
from filemanager.services.settlement import Settlements
from filemanager.services.work import Work
from vofiles.contract import Failure, ItemState
from vofiles.errors import Unexpected, Unreachable, VofilesError
from vofiles.instant import SECOND

FLUSH: Final = 0.25
"""Seconds after which the outcomes so far are written even so."""
POLL: Final = 15.0
"""Seconds that may pass before items are found that nobody woke us for."""
_SHORTEST: Final = 0.1
"""Seconds between two looks when nobody wakes us."""

Key = tuple[int, int]
"""A job's key and an item's number in it."""

_log = logging.getLogger(__name__)


_Outcome = Step | InVain


class JobRunner:
    """For one scheduler and any number of workers."""

    def __init__(
        self, config: Config, database: Database, clock: Clock, transfers: Settlements, ends: Settlements
    ) -> None:
        """`transfers` tells of the ends of transfers; `ends` is told of those of jobs."""
        self._config, self._database, self._clock = config, database, clock
        self._transfers = transfers
        self._works: dict[str, Work] = {}
        self._turns = Turns(config.jobs)
        self._endings = Endings(database, clock, self._works, ends)
        self._changed = threading.Condition()
        self._woken = True
        self._in_hand: set[Key] = set()
        self._ready: set[Key] = set()
        """Items whose transfers have ended."""
        self._followed: dict[Key, tuple[str, Callable[[], None]]] = {}
        """The transfers whose ends items wait for, and what takes the wish back."""

    def register(self, verb: str, work: Work) -> None:
        """Have the jobs of a verb done by this."""
        self._works[verb] = work

    # --- for the scheduler ---

    def wake(self) -> None:
        """There may be something to do; returns at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def wait(self, longest: float = POLL) -> None:
        """Wait until there may be something to do, at most so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken, timeout=longest)
            self._woken = False

    def recover(self) -> None:
        """Have whatever was under way when the service ended looked after at once. Before anything else is done."""
        now = self._clock.now()
        self._database.write(lambda tx: tx.jobs.hurry_items(now))

    def plan(self, free: int) -> list[Assignment]:
        """What `free` threads can do now; each is to be handed to `perform`."""
        found, more = list[Assignment](), True
        while more and not found:
            more = self._endings.end_some()
            found = self._to_look_after(free)
            if len(found) < free:
                found += self._claim(free - len(found))
        with self._changed:
            self._in_hand.update(_key(item) for each in found for item in each.items)
            self._woken = self._woken or more
        return found

    def pause(self) -> float:
        """Seconds until something is due by itself."""
        due = self._database.read(lambda tx: tx.jobs.next_due())
        if due is None:
            return POLL
        return min(POLL, max(_SHORTEST, (due - self._clock.now()) / SECOND))

    def perform(self, assignment: Assignment) -> None:
        """Step these items, and write down what came of it."""
        job, outcomes = assignment.job, list[tuple[JobItem, _Outcome]]()
        since = self._clock.elapsed()
        try:
            for item in assignment.items:
                outcomes.append((item, self._step(job, item)))
                if self._clock.elapsed() - since >= FLUSH:
                    self._record(job.number, outcomes)
                    outcomes, since = [], self._clock.elapsed()
            self._record(job.number, outcomes)
        finally:
            with self._changed:
                self._in_hand.difference_update(map(_key, assignment.items))
            self.wake()

    def run_all(self) -> int:
        """Do what can be done now, in this thread; answers how many items were stepped. For who has no threads."""
        steps = 0
        while found := self.plan(self._config.jobs.workers):
            for assignment in found:
                self.perform(assignment)
                steps += len(assignment.items)
        return steps

    # --- what is next ---

    def _to_look_after(self, free: int) -> list[Assignment]:
        """Running items that are due or whose transfers have ended."""
        now = self._clock.now()
        with self._changed:
            in_hand = set(self._in_hand)
            ready = [key for key in self._ready if key not in in_hand][:free]
            self._ready.difference_update(ready)

        def look(tx: Transaction) -> tuple[list[JobItem], dict[int, Job]]:
            items = [item for job, number in ready for item in tx.jobs.find_items(job, [number])]
            items += tx.jobs.due_items(now, free + len(in_hand))
            chosen = {
                _key(item): item for item in items if item.state == ItemState.RUNNING and _key(item) not in in_hand
            }
            few = list(chosen.values())[:free]
            return few, tx.jobs.jobs([item.job for item in few]) if few else {}

        items, jobs = self._database.read(look)
        return [Assignment(jobs[item.job], (item,)) for item in items]

    def _claim(self, free: int) -> list[Assignment]:
        if not self._database.read(lambda tx: tx.standing.waiting_items()):
            return []
        now = self._clock.now()
        return self._database.write(lambda tx: self._turns.claim(tx, free, now))

    # --- what came of it ---

    def _step(self, job: Job, item: JobItem) -> _Outcome:
        work = self._works.get(job.verb)
        if work is None:
            return Failed(Failure(Unexpected.__name__, f"{job.verb} is not known to this version"))
        try:
            return work.cancel(job, item) if job.cancelling else work.step(job, item)
        except Unreachable as error:
            return InVain(Failure(error.name, error.message))
        except VofilesError as error:
            return Failed(Failure(error.name, error.message))
        except Exception as error:  # noqa: BLE001 - one item's fault is no reason to leave the others
            _log.exception("item %s of job %s failed by a fault of this service", item.number, job.number)
            unexpected = Unexpected(f"{job.number}/{item.number}")
            return Failed(Failure(unexpected.name, f"{unexpected.message} ({type(error).__name__})"))

    def _record(self, number: str, outcomes: Sequence[tuple[JobItem, _Outcome]]) -> None:
        """Write down what came of items of one job, but not for those whose steps have done so themselves."""
        now, by_number = self._clock.now(), {item.number: outcome for item, outcome in outcomes}
        if not by_number:
            return

        def commit(tx: Transaction) -> list[JobItem]:
            job = tx.jobs.lock_job(number)
            if job is None:
                return []
            found = tx.jobs.find_items(job.key, list(by_number))
            before = [each for each in found if not each.has_ended]
            after = [after_step(each, by_number[each.number], now, cancelling=job.cancelling) for each in before]
            tx.jobs.save_items(after)
            tx.jobs.save_job(job.with_items(before, after, now))
            return after + [each for each in found if each.has_ended]

        self._follow(self._database.write(commit))

    def _follow(self, items: Iterable[JobItem]) -> None:
        """Be told of the ends of the transfers that these items wait for."""
        for item in items:
            key, (followed, forget) = _key(item), self._followed.get(_key(item), ("", _nothing))
            transfer = None if item.has_ended else item.transfer
            if followed == (transfer or ""):
                continue
            forget()
            self._followed.pop(key, None)
            if transfer is not None:
                self._followed[key] = transfer, self._transfers.subscribe(transfer, lambda key=key: self._settled(key))  # type: ignore[misc]
                found = self._database.read(lambda tx, transfer=transfer: tx.transfers.find_transfer(transfer))  # type: ignore[misc]
                if found is None or found.has_ended:
                    self._settled(key)

    def _settled(self, key: Key) -> None:
        with self._changed:
            self._ready.add(key)
        self.wake()


def _key(item: JobItem) -> Key:
    return item.job, item.number


def _nothing() -> None:
    """Nothing is followed yet."""
