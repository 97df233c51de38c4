"""The page docs/protocol-astrogrid.md, as docs/protocol.py draws it: AstroGrid's operations in both dialects.

Rule: as there, nothing of an exchange and no figure is written down by hand.
"""

from collections.abc import Mapping

from docs.drawing import documentation, exchange, filled, link
from docs.figures import number
from filemanager.api.astrogrid.attributes import PREFIX
from filemanager.api.astrogrid.dialects import CODE
from filemanager.api.astrogrid.hints import UNTOLD
from filemanager.api.astrogrid.types import (
    DUPLICATE_NODE,
    FILE_MANAGER,
    NAMESPACE,
    NODE_NOT_FOUND,
    OPERATIONS,
    SPOKEN,
    WSDL,
)
from filemanager.config import Terms
from tests.support.exchanges import Exchange

PROSE = "protocol-astrogrid.in.md"
PORT = "FileManagerPortType"
FAULTS = (NODE_NOT_FOUND, DUPLICATE_NODE, FILE_MANAGER)
DIALECTS = {"v0.2": "As published", "v0.1": "As spoken"}
"""What the names of exchanges begin with, and what that is."""


def page(exchanges: Mapping[str, Exchange]) -> str:
    """The whole page. Raises KeyError for an operation or a fault that has no exchange."""
    terms = Terms()
    names = [operation.name for operation in OPERATIONS]
    told = documentation(WSDL, PORT)
    return filled(
        PROSE,
        {
            "NAMESPACE": NAMESPACE,
            "SPOKEN": SPOKEN,
            "PREFIX": PREFIX,
            "CODE": CODE,
            "DEPTH": number(UNTOLD.depth or 0),
            "EXTRA": number(UNTOLD.maximum_extra_nodes or 0),
            "maximum_extra_nodes": number(terms.maximum_extra_nodes),
            "maximum_wait": number(terms.maximum_wait),
            "contents": f"**Operations**: {' · '.join(link(name) for name in names)}",
            "faults": "\n\n".join(f"### {name}\n{exchange(exchanges[f'v0.1.{name}'])}" for name in FAULTS),
            "operations": "\n\n".join(f"## {name}\n{told[name]}\n\n{_dialects(name, exchanges)}" for name in names),
        },
    )


def _dialects(name: str, exchanges: Mapping[str, Exchange]) -> str:
    return "\n\n".join(f"{title}:\n\n{exchange(exchanges[f'{key}.{name}'])}" for key, title in DIALECTS.items())
