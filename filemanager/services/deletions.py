"""Deletions: a file or a folder goes to the trash, or for good.

Rule: whatever goes disappears in one commit. What goes for good and is more than a few nodes goes to the trash first,
where nobody finds it, and is removed there by a job.
"""

from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.conditions import require_generation, require_version
from filemanager.domain.node import Node
from filemanager.domain.rights import require_deletable
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.finding import get_node
from filemanager.services.jobs import describe_job
from filemanager.services.moves import lock_space
from filemanager.services.purge_jobs import SMALL, begin_purge, count_nodes
from filemanager.services.purging import purge_all
from filemanager.services.telling import Ended, Telling
from filemanager.services.trashing import Trashing
from vofiles.contract import Delete, DeleteAnswer
from vofiles.errors import FolderNotEmpty, NodeNotFound
from vofiles.ivorn import Ivorn, NodeIdentifier


@dataclass(frozen=True)
class DeletionService:
    """The use case of deleting."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    telling: Telling

    def delete(self, caller: Caller, request: Delete) -> DeleteAnswer:
        """Delete a node, a folder with all below it if that is said; the job where it goes for good and is not small.

        Raises NodeNotFound, FolderNotEmpty, GenerationConflict, VersionConflict, KeyReused, PermissionDenied for a
        root.
        """
        service = self.config.identifier
        trashing = Trashing.of(self.config, caller, self.clock, self.numbers)
        number = self.numbers.new_number()
        # Counted before the transaction that others would wait for; what it says is only how many items there are.
        nodes = self.database.read(lambda tx: _count(tx, service, caller, request)) if request.purge else 0

        def remove(tx: Transaction) -> tuple[DeleteAnswer, Ended]:
            node = _lock(tx, service, caller, request)
            identifier = NodeIdentifier(service, node.number)
            if not request.purge:
                return DeleteAnswer(identifier), trashing.put(tx, node) or None
            if tx.usages.if_small(node.key, SMALL) is not None:
                return DeleteAnswer(), purge_all(tx, caller.account, [node], trashing.now)
            cancelled = trashing.put(tx, node)
            job = begin_purge(tx, self.config, caller, node.owner, trashing.now, number, nodes, node.number)
            tx.trash.claim(node.key, job.number)
            return DeleteAnswer(job=describe_job(service, job)), cancelled

        return self.telling.write(caller, request, DeleteAnswer, remove)


def _count(tx: Transaction, service: Ivorn, caller: Caller, request: Delete) -> int:
    try:
        return count_nodes(tx, get_node(tx, service, caller, request.node))
    except NodeNotFound:
        # It may have been removed by a call that this one repeats.
        return 0


def _lock(tx: Transaction, service: Ivorn, caller: Caller, request: Delete) -> Node:
    """The node as it is and stays, if it may be deleted so."""
    lock_space(tx, get_node(tx, service, caller, request.node))
    node = tx.nodes.lock_node(get_node(tx, service, caller, request.node).key)
    if node is None:
        raise NodeNotFound(request.node)
    require_deletable(node)
    require_generation(node, request.if_generation)
    require_version(node, request.if_version)
    if not request.recursive and tx.nodes.children(node.key, None, 1):
        raise FolderNotEmpty(
            node.name, reason="delete what is in it first, or all of it at once where that can be asked for (recursive)"
        )
    return node
