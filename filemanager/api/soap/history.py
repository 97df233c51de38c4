"""Operations that tell what happened.

Rule: one function an operation, one service call a function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import GetHistory, GetHistoryAnswer


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def get_history(caller: Caller, request: GetHistory) -> GetHistoryAnswer:
        return desk.history.get_history(caller, request)

    return {"getHistory": get_history}
