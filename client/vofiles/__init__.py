"""vofiles: a virtual file manager for research data.

    import vofiles

    with vofiles.connect() as home:
        (home / "solar-project" / "query-7.vot").put("query-7.vot")

Rule: importing this package is cheap, because the servers import its vocabulary too; what speaks SOAP or HTTP is
loaded when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vofiles.connecting import connect
    from vofiles.errors import VofilesError
    from vofiles.history import ChangeInfo, History
    from vofiles.info import NodeInfo, StoreInfo, TransferStatus, Usage, VersionInfo
    from vofiles.jobs import Job, JobInfo, JobItemInfo
    from vofiles.names import HomePath
    from vofiles.trash import Trash, TrashEntry
    from vofiles.tree import Home, Node

__version__ = "0.1.0"

__all__ = [
    "ChangeInfo",
    "History",
    "Home",
    "HomePath",
    "Job",
    "JobInfo",
    "JobItemInfo",
    "Node",
    "NodeInfo",
    "StoreInfo",
    "TransferStatus",
    "Trash",
    "TrashEntry",
    "Usage",
    "VersionInfo",
    "VofilesError",
    "__version__",
    "connect",
]

_HOMES = {
    "ChangeInfo": "history",
    "History": "history",
    "Home": "tree",
    "HomePath": "names",
    "Job": "jobs",
    "JobInfo": "jobs",
    "JobItemInfo": "jobs",
    "Node": "tree",
    "NodeInfo": "info",
    "StoreInfo": "info",
    "TransferStatus": "info",
    "Trash": "trash",
    "TrashEntry": "trash",
    "Usage": "info",
    "VersionInfo": "info",
    "VofilesError": "errors",
    "connect": "connecting",
}


def __getattr__(name: str) -> Any:
    """Load a public name's module when the name is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
