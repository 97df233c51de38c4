"""Moves: a file or folder goes to another parent, to another name, or both.

Rule: one row whatever hangs below it. Every move locks the root of its space before it looks where anything is, so that
of two moves that cross each other the later one sees what the earlier one has done, and no cycle is ever made (I4). The
node and the folder it goes into are locked too, as every change of a node and every new child does.

What has the name already stays, unless the caller says `replace`: then it goes to the trash as it is, whatever it is
and whatever is in it, and can be restored.
"""

from dataclasses import dataclass, replace

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.conditions import require_generation
from filemanager.domain.node import Node, require_depth, require_folder
from filemanager.domain.rights import require_movable
from filemanager.ports import Clock, Numbers, Transaction
from filemanager.services.arrivals import Arrivals
from filemanager.services.description import describe_node
from filemanager.services.finding import get_node, get_parent, lock_present
from filemanager.services.jobs import describe_job
from filemanager.services.relocations import Relocations
from filemanager.services.telling import Ended, Telling
from filemanager.services.trashing import Trashing
from vofiles.contract import Move, NodeJobAnswer, NodeKind
from vofiles.errors import IntoItself, NodeNotFound, ParentNotFound
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import parse_name


@dataclass(frozen=True)
class MoveService:
    """The use case of moving."""

    config: Config
    clock: Clock
    numbers: Numbers
    telling: Telling
    relocations: Relocations
    arrivals: Arrivals

    def move(self, caller: Caller, request: Move) -> NodeJobAnswer:
        """The node in its new place, and the job that brings its content, with all below it, to another store, where
        one is named. Moving it to where it is changes nothing.

        Raises NodeNotFound, ParentNotFound, NotAFolder, InvalidName, DuplicateNode, IntoItself, GenerationConflict,
        KeyReused, PermissionDenied for a root.
        """
        service, number = self.config.identifier, self.numbers.new_number()
        trashing = Trashing.of(self.config, caller, self.clock, self.numbers)
        if request.store is not None:
            self.arrivals.ask(caller, request.node)

        def commit(tx: Transaction) -> tuple[NodeJobAnswer, Ended]:
            node, cancelled = move_node(tx, caller, request, trashing)
            job = None
            if request.store is not None:
                job = self.relocations.begin_move(tx, caller, node, request.store, trashing.now, number)
            answer = NodeJobAnswer(describe_node(tx, service, node), describe_job(service, job) if job else None)
            return answer, cancelled or None

        return self.telling.write(caller, request, NodeJobAnswer, commit)


def move_node(tx: Transaction, caller: Caller, request: Move, trashing: Trashing) -> tuple[Node, list[str]]:
    """Move a node within its space, in the transaction of whoever does more besides; its content stays where it is.

    Answers besides the numbers of the transfers that ended with what was replaced. Raises what `MoveService.move` does.
    """
    name = None if request.name is None else parse_name(request.name)
    node, parent = _lock_both(tx, trashing.service, caller, request)
    require_generation(node, request.if_generation)
    require_folder(parent)
    moved = replace(node, name=name or node.name, parent=parent.key, parent_number=parent.number)
    if moved == node:
        return node, []
    if parent.key != node.parent:
        _require_room(tx, moved, node, parent)
    cancelled = _replace(tx, moved, trashing) if request.replace else []
    moved = moved.changed(trashing.now)
    tx.nodes.save_node(moved)
    before, after = _differences(node, moved)
    tx.changes.add_change(
        Change(caller.account, node.owner, moved.modified, node.number, ChangeOperation.MOVE, before, after)
    )
    return moved, cancelled


def lock_space(tx: Transaction, node: Node) -> None:
    """Keep others from moving anything in a node's space until the transaction ends. To be called before what is
    decided on is read, and before any other row is locked.
    """
    above = tx.nodes.ancestors(node.key)
    tx.nodes.lock_node(above[-1].key if above else node.key)


def _lock_both(tx: Transaction, service: Ivorn, caller: Caller, request: Move) -> tuple[Node, Node]:
    """The node and the folder it goes into, as they are and stay."""
    lock_space(tx, get_node(tx, service, caller, request.node))
    found = require_movable(get_node(tx, service, caller, request.node))
    into = _find_parent(tx, service, caller, request.parent, found)
    if into.key == found.key:
        raise IntoItself(found.name)
    # In the order of their keys, as all who lock several.
    locked = {key: lock_present(tx, key) for key in sorted((found.key, into.key))}
    node, parent = locked[found.key], locked[into.key]
    if node is None or node.parent != found.parent:
        raise NodeNotFound(request.node)
    if parent is None:
        raise ParentNotFound(into.name)
    return node, parent


def _find_parent(
    tx: Transaction, service: Ivorn, caller: Caller, identifier: LongIdentifier | None, node: Node
) -> Node:
    if identifier is not None:
        return get_parent(tx, service, caller, identifier)
    parent = tx.nodes.find_key(node.parent) if node.parent is not None else None
    if parent is None:
        raise ParentNotFound(node.name)
    return parent


def _require_room(tx: Transaction, moved: Node, node: Node, parent: Node) -> None:
    """Refuse a place below the node itself, and one that is too deep for what hangs below it.

    Raises IntoItself, InvalidName.
    """
    above = tx.nodes.ancestors(parent.key)
    if node.key in {each.key for each in above}:
        raise IntoItself(node.name)
    deeper = len(above) + 1 > len(tx.nodes.ancestors(node.key))
    # What fits where it is fits less deep, and then nobody has to look what there is.
    below = tx.nodes.height(node.key) if deeper and node.kind == NodeKind.FOLDER else 0
    require_depth(moved.name, len(above) + 1 + below)


def _replace(tx: Transaction, moved: Node, trashing: Trashing) -> list[str]:
    """Put what has the name into the trash; nothing where there is nothing. Raises IntoItself."""
    there = tx.nodes.find_path(moved.parent_number or "", [moved.name])
    there = tx.nodes.lock_node(there.key) if there is not None else None
    if there is None or there.parent != moved.parent:
        return []
    if there.key in {each.key for each in tx.nodes.ancestors(moved.key)}:
        raise IntoItself(moved.name, reason="it would take the place of a folder that it is in")
    return trashing.put(tx, there)


def _differences(node: Node, moved: Node) -> tuple[dict[str, str | None], dict[str, str | None]]:
    before: dict[str, str | None] = {"node.name": node.name, "node.parent": node.parent_number}
    after: dict[str, str | None] = {"node.name": moved.name, "node.parent": moved.parent_number}
    same = {key for key in before if before[key] == after[key]}
    return (
        {key: value for key, value in before.items() if key not in same},
        {key: value for key, value in after.items() if key not in same},
    )
