"""Usage: how much there is of a node and all below it, counted when it is asked for."""

from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.ports import Database, Transaction
from filemanager.services.finding import get_node
from vofiles import contract
from vofiles.contract import GetUsage
from vofiles.ivorn import NodeIdentifier


@dataclass(frozen=True)
class UsageService:
    """The use case of counting."""

    config: Config
    database: Database

    def get_usage(self, caller: Caller, request: GetUsage) -> contract.Usage:
        """How much there is, counted node by node; of a root also what is in its trash. Raises NodeNotFound."""
        return self.database.read(lambda tx: self._usage(tx, caller, request))

    def _usage(self, tx: Transaction, caller: Caller, request: GetUsage) -> contract.Usage:
        node = get_node(tx, self.config.identifier, caller, request.node)
        trash = tx.trash.find_root(node.owner) if node.is_root else None
        counted = tx.usages.of_nodes([node.key] if trash is None else [node.key, trash.key])
        usage = counted[node.key]
        return contract.Usage(
            NodeIdentifier(self.config.identifier, node.number),
            files=usage.files,
            folders=usage.folders,
            size=usage.size,
            kept=usage.kept,
            trash_nodes=tx.trash.count_entries(node.owner) if node.is_root else None,
            trash_size=(counted[trash.key].space if trash is not None else 0) if node.is_root else None,
        )
