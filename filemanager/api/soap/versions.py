"""Operations on what a file had before, and on what comes behind what it has.

Rule: one function an operation, one service call a function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import AppendInit, ListVersions, ListVersionsAnswer, TransferAnswer


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def append_init(caller: Caller, request: AppendInit) -> TransferAnswer:
        return TransferAnswer(desk.appends.append_init(caller, request))

    def list_versions(caller: Caller, request: ListVersions) -> ListVersionsAnswer:
        return desk.versions.list_versions(caller, request)

    return {"appendInit": append_init, "listVersions": list_versions}
