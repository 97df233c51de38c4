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
    from vofiles.info import NodeInfo, TransferStatus
    from vofiles.tree import Home, Node

__version__ = "0.1.0"

__all__ = ["Home", "Node", "NodeInfo", "TransferStatus", "VofilesError", "__version__", "connect"]

_HOMES = {
    "Home": "tree",
    "Node": "tree",
    "NodeInfo": "info",
    "TransferStatus": "info",
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
