"""The operation that finds nodes.

Rule: one function an operation, one service call a function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import Find, FindAnswer


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def find(caller: Caller, request: Find) -> FindAnswer:
        return desk.searches.find(caller, request)

    return {"find": find}
