"""Jobs over SOAP, and how long a verb's answer waits for its job.

Rule: an answer that waits for the end of a job holds no thread: it is parked, and looks from time to time itself. A
verb answers its node and, unless all was done within the call, the job.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from filemanager.api.waiting import until_job_ends
from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import (
    CancelJob,
    GetJob,
    GetNode,
    Job,
    JobAnswer,
    JobState,
    ListJobItems,
    ListJobItemsAnswer,
    ListJobs,
    ListJobsAnswer,
    NodeJobAnswer,
    RetryJob,
)
from vofiles.errors import InvalidArgument
from vofiles.ivorn import LongIdentifier, NodeIdentifier
from vofiles.serving.soap import Parked

A = TypeVar("A")


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def get_job(caller: Caller, request: GetJob) -> JobAnswer | Parked:
        job = desk.jobs.get_job(caller, request.job)
        return until_job_ends(desk, caller, job, _seconds(desk, request.wait, 0), JobAnswer)

    def list_jobs(caller: Caller, request: ListJobs) -> ListJobsAnswer:
        return desk.jobs.list_jobs(caller, request)

    def list_job_items(caller: Caller, request: ListJobItems) -> ListJobItemsAnswer:
        return desk.jobs.list_job_items(caller, request)

    def cancel_job(caller: Caller, request: CancelJob) -> JobAnswer | Parked:
        job = desk.jobs.cancel_job(caller, request.job)
        # What waits ends at once, so most answers are final ones.
        return until_job_ends(desk, caller, job, _seconds(desk, None, 1), JobAnswer)

    def retry_job(caller: Caller, request: RetryJob) -> JobAnswer:
        return JobAnswer(desk.jobs.retry_job(caller, request))

    return {
        "getJob": get_job,
        "listJobs": list_jobs,
        "listJobItems": list_job_items,
        "cancelJob": cancel_job,
        "retryJob": retry_job,
    }


def node_and_job(
    desk: Desk,
    caller: Caller,
    node: NodeIdentifier,
    job: str,
    wait: int | None,
    *,
    always: bool = False,
) -> NodeJobAnswer | Parked:
    """The node as it is once the job has ended or `wait` seconds are over (the service's few if None), and the job
    unless everything is done; with `always`, in any case. What the verb has written must be committed.
    """

    def answer(as_it_stands: Job) -> NodeJobAnswer:
        # A bare getNode: what it takes to read the node is checked anew, for it may be gone or somebody else's.
        (found, *_) = desk.nodes.get_node(caller, GetNode(LongIdentifier(node)))
        finished = as_it_stands.state == JobState.COMPLETED
        return NodeJobAnswer(found, None if finished and not always else as_it_stands)

    return after_job(desk, caller, job, wait, answer)


def after_job(desk: Desk, caller: Caller, job: str, wait: int | None, answer: Callable[[Job], A]) -> A | Parked:
    """What `answer` makes of a job once it has ended, or as it stands after `wait` seconds (the service's few if None).

    Raises InvalidArgument for a `wait` below 0.
    """
    seconds = _seconds(desk, wait, desk.config.jobs.wait)
    return until_job_ends(desk, caller, desk.jobs.get_job(caller, job), seconds, answer)


def require_wait(wait: int | None) -> None:
    """Refuse to wait for less than nothing, before anything is begun. Raises InvalidArgument."""
    if wait is not None and wait < 0:
        raise InvalidArgument("wait", reason=f"{wait} seconds are not possible")


def _seconds(desk: Desk, asked: int | None, usual: float) -> float:
    require_wait(asked)
    return min(usual if asked is None else asked, desk.config.terms.maximum_wait)
