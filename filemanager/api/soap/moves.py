"""Operations that move nodes.

Rule: one function an operation, one service call a function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.api.soap.jobs import node_and_job, require_wait
from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import Move, NodeJobAnswer
from vofiles.serving.soap import Parked


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def move(caller: Caller, request: Move) -> NodeJobAnswer | Parked:
        require_wait(request.wait)
        moved = desk.moves.move(caller, request)
        if moved.job is None:
            return moved
        return node_and_job(desk, caller, moved.node.identifier, moved.job.job, request.wait)

    return {"move": move}
