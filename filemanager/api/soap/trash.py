"""Operations that delete, take back, and count.

Rule: one function an operation, one service call a function; what is removed for good by a job is waited for as long as
its caller says.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.api.soap.jobs import after_job, require_wait
from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import (
    Delete,
    DeleteAnswer,
    GetUsage,
    GetUsageAnswer,
    Job,
    JobState,
    ListTrash,
    ListTrashAnswer,
    NodeAnswer,
    PurgeTrash,
    Restore,
)
from vofiles.serving.soap import Parked


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def delete(caller: Caller, request: Delete) -> DeleteAnswer | Parked:
        require_wait(request.wait)
        return _after(desk, caller, desk.deletions.delete(caller, request), request.wait)

    def list_trash(caller: Caller, request: ListTrash) -> ListTrashAnswer:
        return desk.trash.list_trash(caller, request)

    def restore(caller: Caller, request: Restore) -> NodeAnswer:
        return NodeAnswer(desk.trash.restore(caller, request))

    def purge_trash(caller: Caller, request: PurgeTrash) -> DeleteAnswer | Parked:
        require_wait(request.wait)
        return _after(desk, caller, desk.trash.purge_trash(caller, request), request.wait)

    def get_usage(caller: Caller, request: GetUsage) -> GetUsageAnswer:
        return GetUsageAnswer(desk.usages.get_usage(caller, request))

    return {
        "delete": delete,
        "listTrash": list_trash,
        "restore": restore,
        "purgeTrash": purge_trash,
        "getUsage": get_usage,
    }


def _after(desk: Desk, caller: Caller, begun: DeleteAnswer, wait: int | None) -> DeleteAnswer | Parked:
    """The answer once the job has ended, or as it stands after `wait` seconds."""

    def answer(job: Job) -> DeleteAnswer:
        return DeleteAnswer(begun.trashed, None if job.state == JobState.COMPLETED else job)

    return begun if begun.job is None else after_job(desk, caller, begun.job.job, wait, answer)
