"""The runner: has the items of all jobs done, so many at a time for each store, spaces in turn.

    WAITING --claimed--> RUNNING --step--> Waiting: stepped again when due, or when its transfer ends
                                       `-> Done, Failed: its outcome; after the last of a job its `finish`, and the end

Rule: decides what is done next and writes down what came of it, and has no threads: whoever has (`Crew`) calls `plan`
and `perform`. The database is the truth; memory holds only which items are in somebody's hands just now, so a kill at
any point costs a step done twice, and steps are idempotent. One process at a time runs the jobs of a database.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from filemanager.config import Config
from filemanager.domain.job import Job, JobItem
from filemanager.domain.step import Done, Failed, Step, Waiting
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.jobs import BATCH
from filemanager.services.settlement import Settlements
from filemanager.services.work import Work
from vofiles.contract import Failure, ItemState, JobState
from vofiles.errors import Unexpected, Unreachable, VofilesError
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

LEASE: Final = 120 * SECOND
"""When an item in somebody's hands is looked after if no outcome of its step was written, in microseconds."""
ATTEMPTS: Final = 6
"""Steps in vain, because somebody did not answer, after which an item has failed."""
FIRST_REST: Final = 1 * SECOND
"""How long an item rests after the first of those, in microseconds; doubled after each one that follows."""
CHUNK: Final = 32
"""Items that no store has to do with which one thread is given at once: their outcomes share a commit."""
FLUSH: Final = 0.25
"""Seconds after which the outcomes so far are written even so."""
POLL: Final = 15.0
"""Seconds that may pass before items are found that nobody woke us for."""
_SHORTEST: Final = 0.1
"""Seconds between two looks when nobody wakes us."""

Key = tuple[int, int]
"""A job's key and an item's number in it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Items of one job for one thread, claimed."""

    job: Job
    items: tuple[JobItem, ...]


@dataclass(frozen=True, slots=True)
class _InVain:
    """A step that met nobody."""

    failure: Failure


_Outcome = Step | _InVain


class JobRunner:
    """For one scheduler and any number of workers."""

    def __init__(
        self, config: Config, database: Database, clock: Clock, transfers: Settlements, ends: Settlements
    ) -> None:
        """`transfers` tells of the ends of transfers; `ends` is told of those of jobs."""
        self._config, self._database, self._clock = config, database, clock
        self._transfers, self._ends = transfers, ends
        self._works: dict[str, Work] = {}
        self._turns: dict[Ivorn | None, int] = {}
        """In each lane the space that had the last turn."""
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
        self._end_jobs()
        found = self._to_look_after(free)
        if len(found) < free:
            found += self._claim(free - len(found))
        with self._changed:
            self._in_hand.update(_key(item) for each in found for item in each.items)
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

        def claim(tx: Transaction) -> tuple[list[Assignment], dict[Ivorn | None, int]]:
            running, left = tx.jobs.running_items(), free
            found: list[Assignment] = []
            turns: dict[Ivorn | None, int] = {}
            for lane in (*(store.identifier for store in tx.stores.list_stores()), None):
                room = self._room(lane, running.get(lane, 0), left)
                picked = self._next_in(tx, lane, room) if room > 0 else []
                if picked:
                    turns[lane] = picked[-1].space
                    found += _begun(tx, picked, now, CHUNK if lane is None else 1)
                    left = free - len(found)
            return found, turns

        found, turns = self._database.write(claim)
        self._turns |= turns
        return found

    def _room(self, lane: Ivorn | None, running: int, free: int) -> int:
        """How many items of a lane can begin."""
        if lane is None:
            return min(free * CHUNK, self._config.jobs.workers * CHUNK - running)
        return min(free, self._config.jobs.per_store - running)

    def _next_in(self, tx: Transaction, lane: Ivorn | None, room: int) -> list[JobItem]:
        """The next items of a lane: the spaces in turn, in each of them who came first."""
        queues: dict[int, deque[JobItem]] = {}
        after = self._turns.get(lane, -1)
        while len(queues) < room:
            found = tx.jobs.waiting_items(lane, after, room)
            if not found or found[0].space in queues:
                break
            after = found[0].space
            queues[after] = deque(found)
        picked: list[JobItem] = []
        while len(picked) < room and any(queues.values()):
            picked += [queue.popleft() for queue in queues.values() if queue][: room - len(picked)]
        return picked

    # --- what came of it ---

    def _step(self, job: Job, item: JobItem) -> _Outcome:
        work = self._works.get(job.verb)
        if work is None:
            return Failed(Failure(Unexpected.__name__, f"{job.verb} is not known to this version"))
        try:
            return work.cancel(job, item) if job.cancelling else work.step(job, item)
        except Unreachable as error:
            return _InVain(Failure(error.name, error.message))
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
            before = [each for each in tx.jobs.find_items(job.key, list(by_number)) if not each.has_ended]
            after = [_after(each, by_number[each.number], now, cancelling=job.cancelling) for each in before]
            tx.jobs.save_items(after)
            tx.jobs.save_job(job.with_items(before, after, now))
            return after

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

    # --- the ends of jobs ---

    def _end_jobs(self) -> None:
        while jobs := self._database.read(lambda tx: tx.jobs.jobs_to_end(BATCH)):
            for job in jobs:
                if self._bring_to_end(job):
                    self._ends.publish(job.number)

    def _bring_to_end(self, job: Job) -> bool:
        """Cancel some of what waits, or end the job; answers whether it has ended."""
        try:
            return self._database.write(lambda tx: self._end(tx, job, None))
        except Unreachable:
            raise
        except VofilesError as error:
            failure = Failure(error.name, error.message)
        except Exception:  # noqa: BLE001 - or this job would be in everybody's way
            _log.exception("job %s ended by a fault of this service", job.number)
            unexpected = Unexpected(job.number)
            failure = Failure(unexpected.name, unexpected.message)
        return self._database.write(lambda tx: self._end(tx, job, failure))

    def _end(self, tx: Transaction, found: Job, failure: Failure | None) -> bool:
        """As `_bring_to_end`; with a failure the verb itself is not asked to finish."""
        now = self._clock.now()
        job = tx.jobs.lock_job(found.number)
        if job is None or job.has_ended:
            return False
        if job.cancelling and job.waiting:
            waiting = tx.jobs.items(job.key, ItemState.WAITING, 0, BATCH)
            gone = [item.moved_to(ItemState.CANCELLED) for item in waiting]
            tx.jobs.save_items(gone)
            job = job.with_items(waiting, gone, now)
        if job.left == 0:
            work = self._works.get(job.verb)
            if failure is None and work is not None:
                tx.jobs.save_job(job)
                failure = work.finish(tx, job)
                # It may have found that there is more to do.
                job = tx.jobs.lock_job(job.number) or job
            if job.left == 0:
                job = job.at_end(now, failure)
        tx.jobs.save_job(job)
        return job.has_ended


def _begun(tx: Transaction, picked: Sequence[JobItem], now: Instant, chunk: int) -> list[Assignment]:
    """Write down that these items are RUNNING; those of jobs that are to end are left."""
    found: list[Assignment] = []
    jobs = tx.jobs.jobs(sorted({item.job for item in picked}))
    for key in sorted(jobs):
        job = tx.jobs.lock_job(jobs[key].number)
        if job is None or job.has_ended or job.cancelling:
            continue
        before = [item for item in picked if item.job == key]
        after = [item.moved_to(ItemState.RUNNING, due=Instant(now + LEASE)) for item in before]
        tx.jobs.save_items(after)
        job = job.with_items(before, after, now).moved_to(JobState.RUNNING)
        tx.jobs.save_job(job)
        found += [Assignment(job, tuple(after[start : start + chunk])) for start in range(0, len(after), chunk)]
    return found


def _after(item: JobItem, outcome: _Outcome, now: Instant, *, cancelling: bool) -> JobItem:
    """An item that was stepped. It may have been saved meanwhile by its step, so it is changed as it is now."""
    if isinstance(outcome, Done):
        size = outcome.size if outcome.size is not None else item.size
        return item.moved_to(
            ItemState.DONE, result=outcome.result or item.result, size=size, bytes_done=size or 0, failure=None
        )
    if isinstance(outcome, Waiting):
        transfer = outcome.transfer or item.transfer
        return replace(item, due=outcome.due, bytes_done=outcome.bytes_done, transfer=transfer)
    attempts = item.attempts + 1
    if isinstance(outcome, _InVain) and attempts < ATTEMPTS:
        return replace(item, attempts=attempts, due=Instant(now + (FIRST_REST << item.attempts)))
    state = ItemState.CANCELLED if cancelling else ItemState.FAILED
    return item.moved_to(state, failure=outcome.failure, bytes_done=0)


def _key(item: JobItem) -> Key:
    return item.job, item.number


def _nothing() -> None:
    """Nothing is followed yet."""
