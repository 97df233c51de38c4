"""Turns: which items of which jobs begin next.

    a lane for each store, and one for what no store has to do with
    in each lane the spaces in turn; in each space the oldest job first, its items in their order

Rule: a store has so many items at work and no more, whoever's they are; and a space with a million items that wait does
not keep another with one from its turn.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.config import JobTerms
from filemanager.domain.job import Job, JobItem
from filemanager.ports import Transaction
from vofiles.contract import ItemState, JobState
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

LEASE: Final = 120 * SECOND
"""When an item in somebody's hands is looked after if no outcome of its step was written, in microseconds."""
CHUNK: Final = 32
"""Items that no store has to do with which one thread is given at once: their outcomes share a commit."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Items of one job for one thread, claimed."""

    job: Job
    items: tuple[JobItem, ...]


class Turns:
    """Remembers whose turn it was. For one scheduler."""

    def __init__(self, terms: JobTerms) -> None:
        self._terms = terms
        self._last: dict[Ivorn | None, int] = {}
        """In each lane the space that had the last turn."""

    def claim(self, tx: Transaction, free: int, now: Instant) -> list[Assignment]:
        """Write down as RUNNING what about so many threads can begin."""
        running, left = tx.jobs.running_items(), free
        found: list[Assignment] = []
        for lane in (*(store.identifier for store in tx.stores.list_stores()), None):
            room = self._room(lane, running.get(lane, 0), left)
            if room > 0:
                picked = self._next_in(tx, lane, room)
                found += _begin(tx, picked, now, CHUNK if lane is None else 1)
                left = free - len(found)
        return found

    def _room(self, lane: Ivorn | None, running: int, free: int) -> int:
        """How many items of a lane can begin."""
        if lane is None:
            return min(free * CHUNK, self._terms.workers * CHUNK - running)
        return min(free, self._terms.per_store - running)

    def _next_in(self, tx: Transaction, lane: Ivorn | None, room: int) -> list[JobItem]:
        """The next items of a lane: the spaces in turn, in each of them who came first."""
        queues: dict[int, deque[JobItem]] = {}
        after = self._last.get(lane, -1)
        while len(queues) < room:
            found = tx.jobs.waiting_items(lane, after, room)
            if not found or found[0].space in queues:
                break
            after = found[0].space
            queues[after] = deque(found)
        picked: list[JobItem] = []
        while len(picked) < room and any(queues.values()):
            picked += [queue.popleft() for queue in queues.values() if queue][: room - len(picked)]
        if picked:
            # Should the transaction be run again, somebody else is first: no harm.
            self._last[lane] = picked[-1].space
        return picked


def _begin(tx: Transaction, picked: Sequence[JobItem], now: Instant, chunk: int) -> list[Assignment]:
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
