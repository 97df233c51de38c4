"""Endings: jobs that have nothing left to do, or that are to be cancelled.

Rule: what a verb does last and the end of the job are one commit, whenever that comes; a verb that fails at it fails
the job, and is in nobody else's way.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from filemanager.domain.job import Job
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.jobs import BATCH
from filemanager.services.settlement import Settlements
from filemanager.services.work import Work
from vofiles.contract import Failure, ItemState
from vofiles.errors import Unexpected, Unreachable, VofilesError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endings:
    """The end of jobs; `ends` is told of each."""

    database: Database
    clock: Clock
    works: Mapping[str, Work]
    ends: Settlements

    def end_some(self) -> bool:
        """End what is at its end, and cancel some of what is to be; whether there may be more of that to do. Some at a
        time, so that nobody waits until a million items are cancelled.
        """
        changed = [self._bring_to_end(job) for job in self.database.read(lambda tx: tx.jobs.jobs_to_end(BATCH))]
        return any(changed)

    def _bring_to_end(self, job: Job) -> bool:
        """Cancel some of what waits, or end the job; answers whether anything changed."""
        after = self._after_end(job)
        if after is not None and after.has_ended:
            self.ends.publish(job.number)
        return after is not None

    def _after_end(self, job: Job) -> Job | None:
        try:
            return self.database.write(lambda tx: self._end(tx, job, None))
        except Unreachable:
            raise
        except VofilesError as error:
            failure = Failure(error.name, error.message)
        except Exception:  # noqa: BLE001 - or this job would be in everybody's way
            _log.exception("job %s ended by a fault of this service", job.number)
            unexpected = Unexpected(job.number)
            failure = Failure(unexpected.name, unexpected.message)
        return self.database.write(lambda tx: self._end(tx, job, failure))

    def _end(self, tx: Transaction, found: Job, failure: Failure | None) -> Job | None:
        """The job after that, if it has changed; with a failure the verb itself is not asked to finish."""
        now = self.clock.now()
        before = job = tx.jobs.lock_job(found.number)
        if job is None or job.has_ended:
            return None
        if job.cancelling and job.waiting:
            waiting = tx.jobs.items(job.key, ItemState.WAITING, 0, BATCH)
            gone = [item.moved_to(ItemState.CANCELLED) for item in waiting]
            tx.jobs.save_items(gone)
            job = job.with_items(waiting, gone, now)
        if job.left == 0:
            work = self.works.get(job.verb)
            if failure is None and work is not None:
                tx.jobs.save_job(job)
                failure = work.finish(tx, job)
                # It may have found that there is more to do.
                job = tx.jobs.lock_job(job.number) or job
            if job.left == 0:
                job = job.at_end(now, failure)
        if job == before:
            return None
        tx.jobs.save_job(job)
        return job
