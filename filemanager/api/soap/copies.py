"""The operation that copies nodes.

Rule: one function an operation, one service call a function; what can be long waits for its job as `jobs` says.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.api.soap.jobs import node_and_job, require_wait
from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import Copy, NodeJobAnswer
from vofiles.serving.soap import Parked


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def copy(caller: Caller, request: Copy) -> NodeJobAnswer | Parked:
        require_wait(request.wait)
        made = desk.copies.copy(caller, request)
        if made.job is None:
            return made
        return node_and_job(desk, caller, made.node.identifier, made.job.job, request.wait)

    return {"copy": copy}
