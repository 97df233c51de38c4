"""Arrivals: contents that are complete at a store, and that this service has not been told of yet.

Rule: who reads a content, adds to it, copies it or takes it elsewhere has its store asked first, so that a 201 to a PUT
is true for whoever acts after it. Of many files that is done for a bounded time: an address that was given out may go
unused for hours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.node import Node
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.finding import get_node
from vofiles.contract import NodeKind
from vofiles.errors import NodeNotFound
from vofiles.ivorn import LongIdentifier

AT_ONCE: Final = 20
"""Transfers asked about between two looks at the clock."""
PATIENCE: Final = 3.0
"""Seconds that asking about all that is below a folder may take."""


def open_on(tx: Transaction, nodes: list[int]) -> list[str]:
    """The numbers of the imports and appends on these nodes that have not ended, as far as is known here."""
    found = tx.transfers.open_among(nodes) if nodes else []
    return [each.number for each in found if each.is_import and each.container is not None]


@dataclass(frozen=True)
class Arrivals:
    """What may have arrived."""

    config: Config
    database: Database
    clock: Clock
    refresh: Callable[[list[str]], bool]
    """Asks stores about open transfers, by their numbers; answers whether one has ended."""

    def ask(self, caller: Caller, identifier: LongIdentifier) -> None:
        """Have what was put into a file, or below a folder, a moment ago known here. A node that is not there has
        nothing: it may have been there when the call was made that this one repeats.
        """

        def find(tx: Transaction) -> list[str]:
            try:
                return _open_below(tx, get_node(tx, self.config.identifier, caller, identifier))
            except NodeNotFound:
                return []

        numbers = self.database.read(find)
        end = self.clock.elapsed() + PATIENCE
        while numbers and self.clock.elapsed() < end:
            self.refresh(numbers[:AT_ONCE])
            numbers = numbers[AT_ONCE:]


def _open_below(tx: Transaction, node: Node) -> list[str]:
    if node.kind != NodeKind.FOLDER:
        return open_on(tx, [node.key])
    # What is open in a space is little beside what lies in it.
    coming = tx.transfers.imports_into(node.owner)
    return [each.number for each in coming if each.node is not None and _is_below(tx, each.node, node)]


def _is_below(tx: Transaction, key: int, folder: Node) -> bool:
    return any(above.key == folder.key for above in tx.nodes.ancestors(key))
