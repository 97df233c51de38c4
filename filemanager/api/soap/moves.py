"""Operations that move nodes.

Rule: one function an operation, one service call a function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import Move, NodeJobAnswer


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def move(caller: Caller, request: Move) -> NodeJobAnswer:
        return desk.moves.move(caller, request)

    return {"move": move}
