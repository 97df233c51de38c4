"""Jobs: verbs that can be long, as a script follows them.

    job = node.copy_to("home:archive", wait=False)
    if job is not None:
        job.wait(progress=print)

Rule: a job is at work in the service, whoever looks; what is here only asks how it stands, and says stop or again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from vofiles import contract, faults
from vofiles.contract import (
    CancelJob,
    GetJob,
    ItemState,
    JobState,
    ListJobItems,
    ListJobItemsAnswer,
    ListJobs,
    ListJobsAnswer,
    RetryJob,
)
from vofiles.errors import JobEnded, Unreachable, VofilesError
from vofiles.instant import to_datetime
from vofiles.ivorn import decode_segment
from vofiles.root import Root
from vofiles.waiting import pauses

CALL_WAIT = 20
"""Seconds that one question waits for a job's end."""
LOOK_EVERY = 1
"""The same, where somebody wants to see how it goes on."""
PATIENCE = 120.0
"""Seconds in which a service that does not answer is asked again about a job."""


@dataclass(frozen=True)
class JobInfo:
    """A job as it was when it was asked about."""

    id: str
    verb: str
    """What it does to each item: copy, move, delete, importTree, exportTree, drain."""
    state: str
    """QUEUED, RUNNING, COMPLETED, FAILED or CANCELLED."""
    created: datetime
    modified: datetime
    ended: datetime | None
    total: int
    """How many items it has."""
    done: int
    failed: int
    bytes_total: int
    """Bytes of content that it moves in all, as far as is known."""
    bytes_done: int
    failure: str | None
    """Why the whole of it failed, where that is not an item's fault."""

    @property
    def is_ended(self) -> bool:
        return self.state in JobState.ENDED


@dataclass(frozen=True)
class JobItemInfo:
    """One entry that a job works on, and its outcome."""

    number: int
    """Its place in the job, from 1."""
    state: str
    """WAITING, RUNNING, DONE, FAILED or CANCELLED."""
    path: str
    """Below what the job works on; empty for that itself."""
    size: int | None
    """Bytes of its content."""
    bytes_done: int
    failure: str | None
    """Why it failed."""


JobProgress = Callable[[JobInfo], object]
"""Told how a job stands, now and then until its end."""


def job_of(job: contract.Job) -> JobInfo:
    """What the wire says of a job."""
    return JobInfo(
        id=job.job,
        verb=job.verb,
        state=job.state,
        created=to_datetime(job.created),
        modified=to_datetime(job.modified),
        ended=to_datetime(job.ended) if job.ended is not None else None,
        total=job.total,
        done=job.done,
        failed=job.failed,
        bytes_total=job.bytes_total,
        bytes_done=job.bytes_done,
        failure=job.failure.message if job.failure else None,
    )


def item_of(item: contract.JobItem) -> JobItemInfo:
    """What the wire says of an item."""
    return JobItemInfo(
        number=item.number,
        state=item.state,
        path=_path_of(item),
        size=item.size,
        bytes_done=item.bytes_done,
        failure=item.failure.message if item.failure else None,
    )


def _path_of(item: contract.JobItem) -> str:
    return "/".join(decode_segment(step) for step in item.path.split("/"))


class Job:
    """One job of one's own."""

    def __init__(self, root: Root, told: contract.Job) -> None:
        self._root = root
        self._told = told

    @property
    def id(self) -> str:
        return self._told.job

    @property
    def info(self) -> JobInfo:
        """How it stood when the service was last asked."""
        return job_of(self._told)

    def __repr__(self) -> str:
        return f"<Job {self.id} {self._told.verb} {self._told.state}>"

    def refresh(self) -> JobInfo:
        """How it stands now."""
        return self._ask(0)

    def wait(self, progress: JobProgress | None = None) -> JobInfo:
        """Wait for its end, however long that takes; a service that is away is asked again for PATIENCE seconds.

        Raises what failed, named after the first item that did; JobEnded for a job that was cancelled. Whoever stops
        waiting leaves the job at work.
        """
        between = pauses(PATIENCE)
        if progress is not None:
            progress(self.info)
        while not self.info.is_ended:
            try:
                self._ask(CALL_WAIT if progress is None else LOOK_EVERY)
            except Unreachable:
                pause = next(between, None)
                if pause is None:
                    raise
                self._root.wait(pause)
            else:
                between = pauses(PATIENCE)
                if progress is not None:
                    progress(self.info)
        self._require_completed()
        return self.info

    def items(self, state: str | None = None) -> Iterator[JobItemInfo]:
        """What it works on, each with its outcome, in its order; those in one state alone, if one is given."""
        for item in map(item_of, self._items(state)):
            yield replace(item, failure=self._root.reworded(item.failure)) if item.failure else item

    def cancel(self) -> JobInfo:
        """End it: what is done stays done, what waits is not begun. Once more is no error. Raises JobEnded where it has
        ended in another way.
        """
        with self._root.own_words():
            return self._see(self._root.port.cancel_job(CancelJob(self.id)).job)

    def retry(self) -> JobInfo:
        """Have those items that failed, and no others, tried once more. Raises JobEnded while it is being cancelled."""
        return self._see(self._root.change(self._root.port.retry_job, RetryJob(self.id)).job)

    def _ask(self, wait: int) -> JobInfo:
        with self._root.own_words():
            return self._see(self._root.port.get_job(GetJob(self.id, wait)).job)

    def _see(self, told: contract.Job) -> JobInfo:
        self._told = told
        return self.info

    def _items(self, state: str | None, limit: int | None = None) -> Iterator[contract.JobItem]:
        def ask(after: str | None) -> ListJobItemsAnswer:
            return self._root.port.list_job_items(ListJobItems(self.id, state, after, limit))

        for page in self._root.pages(ask):
            yield from page.items

    def _require_completed(self) -> None:
        if self._told.state == JobState.COMPLETED:
            return
        with self._root.own_words():
            raise self._failure()

    def _failure(self) -> VofilesError:
        job, where = self._told, (("job", self.id),)
        if job.failure is not None:
            return faults.error_of(job.failure.name, job.failure.message, properties=where)
        if job.state == JobState.CANCELLED:
            done = f"it was cancelled when {job.done} of {job.total} were done"
            return JobEnded(self.id, reason=done, properties=where)
        first = next(self._items(ItemState.FAILED, limit=1), None)
        if first is None or first.failure is None:
            return faults.error_of("", f"The job {self.id} failed, and the service does not say why", properties=where)
        message = first.failure.message
        if job.total > 1:
            message = f"{job.failed} of {job.total} failed (job {self.id}); the first, {_path_of(first)}: {message}"
        return faults.error_of(first.failure.name, message, properties=where)


def list_jobs(root: Root, state: str | None) -> Iterator[Job]:
    """One's own jobs, the newest first; those in one state alone, if one is given."""

    def ask(after: str | None) -> ListJobsAnswer:
        return root.port.list_jobs(ListJobs(state, after))

    for page in root.pages(ask):
        yield from map(partial(Job, root), page.jobs)


def get_job(root: Root, number: str) -> Job:
    """The job of an id. Raises JobNotFound."""
    with root.own_words():
        return Job(root, root.port.get_job(GetJob(number)).job)


def first_wait(*, wait: bool, progress: JobProgress | None) -> int | None:
    """Seconds that the call which begins a job waits for its end: not long where somebody wants to see how it goes on;
    None: the service's own few.
    """
    if not wait:
        return 0
    return None if progress is None else LOOK_EVERY


def finished(root: Root, told: contract.Job | None, *, wait: bool, progress: JobProgress | None) -> Job | None:
    """The job that is still at work on something, or None; with `wait` it is waited for, and there is none left."""
    if told is None:
        return None
    job = Job(root, told)
    if not wait:
        return job
    job.wait(progress)
    return None
