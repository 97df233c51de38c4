"""Jobs: beginning them inside a verb's own transaction, and what their callers ask and tell of them.

Rule: a job and all its items are committed together with what its verb changes in the tree, so that a kill leaves both
or neither. What runs them is `job_runner`. A job of another's and one that is not there are told apart by nobody (I9).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.rights import may_see_job
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.repeats import Once
from filemanager.services.settlement import Settlements, Wake
from vofiles import contract
from vofiles.contract import (
    ItemState,
    JobState,
    ListJobItems,
    ListJobItemsAnswer,
    ListJobs,
    ListJobsAnswer,
    RetryJob,
)
from vofiles.errors import InvalidArgument, JobEnded, JobNotFound, TooLarge
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, NodeIdentifier

BATCH: Final = 1000
"""Items that one transaction changes where all of a job's are to be."""
_STATES: Final = frozenset({JobState.QUEUED, JobState.RUNNING, *JobState.ENDED})
_ITEM_STATES: Final = frozenset({ItemState.WAITING, ItemState.RUNNING, *ItemState.ENDED})


def begin_job(
    tx: Transaction,
    config: Config,
    now: Instant,
    number: str,
    caller: Caller,
    verb: str,
    owner: Ivorn,
    items: Sequence[JobItem],
    *,
    node: str | None = None,
    result: str | None = None,
    request: Mapping[str, str] | None = None,
) -> Job:
    """Store a new job in the transaction of its verb; whoever calls wakes the runner once that is committed.

    `number` is a fresh one, `owner` whose space it works in; `node` and `result` are numbers of nodes. The items' own
    numbers are their places here, whatever they are before. Raises TooLarge for more items than a job may have,
    StoreNotFound.
    """
    if len(items) > config.jobs.maximum_items:
        raise TooLarge(f"{verb} of {len(items)} nodes", reason=f"a job has at most {config.jobs.maximum_items}")
    frozen = [replace(item, number=place) for place, item in enumerate(items, 1)]
    job = Job(
        number=number,
        verb=verb,
        caller=caller.account,
        owner=owner,
        created=now,
        modified=now,
        node=node,
        result=result,
        request=dict(request or {}),
        total=len(frozen),
        bytes_total=sum(item.size or 0 for item in frozen),
    )
    return tx.jobs.add_job(job, frozen)


def add_items(tx: Transaction, job: Job, items: Sequence[JobItem], now: Instant) -> Job:
    """Give a job more items, in the transaction of its `finish`: it goes on then. The same numbers rule as at its
    beginning. Raises StoreNotFound.
    """
    more = [replace(item, number=place) for place, item in enumerate(items, job.total + 1)]
    tx.jobs.add_items(job, more)
    size = sum(item.size or 0 for item in more)
    job = replace(job, total=job.total + len(more), bytes_total=job.bytes_total + size, modified=max(now, job.modified))
    tx.jobs.save_job(job)
    return job


def note_item(tx: Transaction, item: JobItem, **changes: str | None) -> None:
    """Write `node`, `result` or `transfer` down in an item, in the transaction of what its step begins or makes."""
    for held in tx.jobs.find_items(item.job, [item.number]):
        tx.jobs.save_items([replace(held, **changes)])  # type: ignore[arg-type]


@dataclass(frozen=True)
class JobService:
    """The use cases of who asked for a job."""

    config: Config
    database: Database
    clock: Clock
    once: Once
    ends: Settlements
    """Who waits for the end of a job, by its number."""
    wake: Callable[[], None]
    """Tells the runner that there may be something to do."""

    def get_job(self, caller: Caller, number: str) -> contract.Job:
        """A job as it stands. Raises JobNotFound."""
        return self.database.read(lambda tx: describe_job(self.config.identifier, get_job(tx, caller, number)))

    def subscribe(self, number: str, wake: Wake) -> Callable[[], None]:
        """Have `wake` called when a job has ended, at once if it has; answers what takes the wish back."""
        unsubscribe = self.ends.subscribe(number, wake)
        job = self.database.read(lambda tx: tx.jobs.find_job(number))
        if job is None or job.has_ended:
            wake()
        return unsubscribe

    def list_jobs(self, caller: Caller, request: ListJobs) -> ListJobsAnswer:
        """A page of the caller's jobs, the newest first. Raises InvalidArgument."""
        limit = self._limit(request.limit)
        state = _require_state(request.state, _STATES)

        def page(tx: Transaction) -> ListJobsAnswer:
            before = None
            if request.after:
                last = tx.jobs.find_job(request.after)
                if last is None or last.caller != caller.account:
                    raise InvalidArgument("after", reason="it is the `next` of the page before")
                before = last.key
            found = tx.jobs.list_jobs(caller.account, state, before, limit + 1)
            following = found[limit - 1].number if len(found) > limit else None
            return ListJobsAnswer(following, tuple(describe_job(self.config.identifier, job) for job in found[:limit]))

        return self.database.read(page)

    def list_job_items(self, caller: Caller, request: ListJobItems) -> ListJobItemsAnswer:
        """A page of a job's items in their order. Raises JobNotFound, InvalidArgument."""
        limit = self._limit(request.limit)
        state = _require_state(request.state, _ITEM_STATES)
        after = _item_number(request.after)

        def page(tx: Transaction) -> ListJobItemsAnswer:
            job = get_job(tx, caller, request.job)
            found = tx.jobs.items(job.key, state, after, limit + 1)
            following = str(found[limit - 1].number) if len(found) > limit else None
            service = self.config.identifier
            return ListJobItemsAnswer(following, tuple(describe_item(service, item) for item in found[:limit]))

        return self.database.read(page)

    def cancel_job(self, caller: Caller, number: str) -> contract.Job:
        """Have a job end: what waits is not begun any more, what runs is ended by the runner, what is done stays done.

        Cancelling twice is no error. Raises JobNotFound, JobEnded where it ended in another way.
        """
        now = self.clock.now()

        def cancel(tx: Transaction) -> Job:
            get_job(tx, caller, number)
            job = _lock(tx, number)
            if job.state == JobState.CANCELLED or job.cancelling:
                return job
            if job.has_ended:
                raise JobEnded(number, reason=f"it is {job.state}")
            # At once, so that the runner does not leave them until they are due.
            running = tx.jobs.items(job.key, ItemState.RUNNING, 0, BATCH)
            tx.jobs.save_items([replace(item, due=now) for item in running])
            job = replace(job, cancelling=True, modified=max(now, job.modified))
            tx.jobs.save_job(job)
            return job

        job = self.database.write(cancel)
        self.wake()
        return describe_job(self.config.identifier, job)

    def retry_job(self, caller: Caller, request: RetryJob) -> contract.Job:
        """Try those items of a job that failed, and no others, once more. Raises JobNotFound, KeyReused, JobEnded while
        it is being cancelled.
        """
        now = self.clock.now()

        def retry(tx: Transaction) -> contract.Job:
            get_job(tx, caller, request.job)
            job = _lock(tx, request.job)
            if job.cancelling:
                raise JobEnded(request.job, reason="it is being cancelled")
            again = tx.jobs.retry_items(job.key)
            if again:
                job = job.retried(again, now)
                tx.jobs.save_job(job)
            return describe_job(self.config.identifier, job)

        answer = self.once.write(caller, request, contract.Job, retry)
        self.wake()
        return answer

    def prune(self) -> int:
        """Forget jobs that ended long ago; answers how many rows went."""
        before = Instant(self.clock.now() - self.config.jobs.keep * SECOND)
        old = self.database.read(lambda tx: tx.jobs.jobs_ended(before, 10))
        removed = 0
        for job in old:
            while (gone := self.database.write(lambda tx, key=job.key: tx.jobs.delete_job(key, BATCH))) == BATCH:  # type: ignore[misc]
                removed += gone
            removed += gone + 1
        return removed

    def _limit(self, asked: int | None) -> int:
        most = self.config.terms.maximum_page
        if asked is not None and asked < 1:
            raise InvalidArgument("limit", reason="it is at least 1")
        return most if asked is None else min(asked, most)


def get_job(tx: Transaction, caller: Caller, number: str) -> Job:
    """The job that a caller names. Raises JobNotFound."""
    job = tx.jobs.find_job(number)
    if job is None or not may_see_job(caller, job):
        raise JobNotFound(number)
    return job


def describe_job(service: Ivorn, job: Job) -> contract.Job:
    """The wire value of a job."""
    return contract.Job(
        job=job.number,
        verb=job.verb,
        state=job.state,
        caller=job.caller,
        created=job.created,
        modified=job.modified,
        total=job.total,
        done=job.done,
        failed=job.failed,
        bytes_total=job.bytes_total,
        bytes_done=job.bytes_done,
        node=_identifier(service, job.node),
        result=_identifier(service, job.result),
        ended=job.ended,
        failure=job.failure,
    )


def describe_item(service: Ivorn, item: JobItem) -> contract.JobItem:
    """The wire value of a job's item."""
    return contract.JobItem(
        number=item.number,
        state=item.state,
        path=item.path,
        bytes_done=item.bytes_done,
        size=item.size,
        node=_identifier(service, item.node),
        result=_identifier(service, item.result),
        failure=item.failure,
    )


def _identifier(service: Ivorn, number: str | None) -> NodeIdentifier | None:
    return None if number is None else NodeIdentifier(service, number)


def _lock(tx: Transaction, number: str) -> Job:
    job = tx.jobs.lock_job(number)
    if job is None:
        raise JobNotFound(number)
    return job


def _require_state(state: str | None, known: frozenset[str]) -> str | None:
    if state is not None and state not in known:
        raise InvalidArgument("state", reason=f"it is one of {', '.join(sorted(known))}")
    return state


def _item_number(after: str | None) -> int:
    if not after:
        return 0
    if not after.isascii() or not after.isdecimal() or len(after) > 9:
        raise InvalidArgument("after", reason="it is the `next` of the page before")
    return int(after)
