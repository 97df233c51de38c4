"""The operation that tells callers of the stores.

Rule: one function an operation, one service call a function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import GetStores, GetStoresAnswer


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def get_stores(caller: Caller, request: GetStores) -> GetStoresAnswer:
        return desk.stores.get_stores(caller, request)

    return {"getStores": get_stores}
