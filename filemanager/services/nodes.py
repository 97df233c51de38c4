"""Nodes: adding, reading, listing and describing them.

Rule: a node is only ever found through `finding`, which knows what the caller may see, and only ever answered as
`description` says; every change of the tree leaves a Change.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.conditions import require_generation
from filemanager.domain.node import Node, require_depth, require_folder, require_kind
from filemanager.domain.properties import PropertyEdit
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.accounts import require_known_store
from filemanager.services.description import describe_node
from filemanager.services.finding import get_node, get_parent, lock_present
from filemanager.services.keeping import Kept
from filemanager.services.repeats import Once
from vofiles import contract
from vofiles.contract import (
    AddNode,
    BundleHints,
    GetNode,
    ListChildren,
    ListChildrenAnswer,
    NodeKind,
    SetProperties,
)
from vofiles.errors import InvalidArgument, InvalidName, NodeNotFound, ParentNotFound
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName, parse_name

A = TypeVar("A")


@dataclass(frozen=True)
class NodeService:
    """The use cases of nodes."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    once: Once
    refresh: Callable[[list[str]], bool]
    """Asks stores about open transfers, by their numbers; answers whether one has ended."""
    kept: Kept = field(default_factory=Kept)

    @property
    def _service(self) -> Ivorn:
        return self.config.identifier

    def add_node(self, caller: Caller, request: AddNode) -> contract.Node:
        """Make an empty node.

        Raises ParentNotFound, NotAFolder, InvalidName, InvalidArgument, TooLarge, ReadOnlyProperty, StoreNotFound,
        DuplicateNode.
        """
        add = self.adding(caller, request)
        return self.once.write(caller, request, contract.Node, lambda tx: describe_node(tx, self._service, add(tx)[0]))

    def adding(self, caller: Caller, request: AddNode) -> Callable[[Transaction], tuple[Node, Node]]:
        """What makes an empty node in a transaction, and answers it and the folder that it is in; for who tells more
        of it than it alone. It and its making raise as `add_node` does.
        """
        name, kind = parse_name(request.name), require_kind(request.type)
        edit = PropertyEdit.of(request.properties)
        edit.require_root(is_root=False)
        _, values = edit.effect_on({})
        now, number = self.clock.now(), self.numbers.new_number()

        def add(tx: Transaction) -> tuple[Node, Node]:
            found = get_parent(tx, self._service, caller, request.parent)
            parent = lock_present(tx, found.key)
            if parent is None:
                raise ParentNotFound(request.parent)
            require_folder(parent)
            require_known_store(tx, edit)
            require_depth(name, len(tx.nodes.ancestors(parent.key)) + 1)
            node = tx.nodes.add_node(
                Node(number, name, kind, parent.owner, now, now, parent=parent.key, parent_number=parent.number)
            )
            tx.nodes.put_properties(node.key, edit.put)
            after = {"node.name": name, "node.type": kind, "node.parent": parent.number} | values
            tx.changes.add_change(Change(caller.account, node.owner, now, number, ChangeOperation.ADD_NODE, {}, after))
            return node, parent

        return add

    def get_node(self, caller: Caller, request: GetNode) -> tuple[contract.Node, ...]:
        """The node and, by the hints, its parents upwards and its children level by level.

        Where a transfer on it is open its store is asked first, so that who reads after a PUT sees what was put.
        Raises NodeNotFound.
        """
        return self.look(caller, request, lambda tx, found: tuple(self.kept.describe(tx, self._service, found)))

    def look(self, caller: Caller, request: GetNode, tell: Callable[[Transaction, list[Node]], A]) -> A:
        """What is to be told of the same nodes, in the transaction that finds them. Raises NodeNotFound."""
        hints, most = request.hints or BundleHints(), self.config.terms.maximum_extra_nodes

        def told(tx: Transaction) -> A:
            return tell(tx, bundle_around(tx, get_node(tx, self._service, caller, request.node), hints, most))

        def first_look(tx: Transaction) -> tuple[list[str], A]:
            node = get_node(tx, self._service, caller, request.node)
            imports = tx.transfers.open_imports([node.key]) if node.kind == NodeKind.FILE else {}
            return [transfer.number for transfer in imports.values()], tell(tx, bundle_around(tx, node, hints, most))

        numbers, first = self.database.read(first_look)
        if numbers and self.refresh(numbers):
            return self.database.read(told)
        return first

    def list_children(self, caller: Caller, request: ListChildren) -> ListChildrenAnswer:
        """A page of a folder's children in the order of their names.

        Raises NodeNotFound, NotAFolder, InvalidArgument.
        """
        most = self.config.terms.maximum_page
        limit = most if request.limit is None else min(request.limit, most)
        if limit < 1:
            raise InvalidArgument("limit", reason="it is at least 1")
        after = _cursor(request.after)

        def page(tx: Transaction) -> ListChildrenAnswer:
            folder = require_folder(get_node(tx, self._service, caller, request.node))
            children = tx.nodes.children(folder.key, after, limit + 1)
            following = children[limit - 1].name if len(children) > limit else None
            return ListChildrenAnswer(following, tuple(self.kept.describe(tx, self._service, children[:limit])))

        return self.database.read(page)

    def set_properties(self, caller: Caller, request: SetProperties) -> contract.Node:
        """Add, change and remove properties of a node.

        Raises NodeNotFound, InvalidArgument, TooLarge, ReadOnlyProperty, StoreNotFound, GenerationConflict.
        """
        edit = PropertyEdit.of(request.properties, request.remove_keys)
        now = self.clock.now()

        def save(tx: Transaction) -> contract.Node:
            found = get_node(tx, self._service, caller, request.node)
            node = lock_present(tx, found.key)
            if node is None:
                raise NodeNotFound(request.node)
            require_generation(node, request.if_generation)
            require_known_store(tx, edit)
            edit.require_root(is_root=node.is_root)
            before, after = edit.effect_on(tx.nodes.properties_of([node.key]).get(node.key, {}))
            if after:
                node = node.changed(now)
                tx.nodes.save_node(node)
                tx.nodes.put_properties(node.key, edit.put)
                tx.nodes.remove_properties(node.key, edit.remove)
                tx.changes.add_change(
                    Change(
                        caller.account,
                        node.owner,
                        node.modified,
                        node.number,
                        ChangeOperation.SET_PROPERTIES,
                        before,
                        after,
                    )
                )
            return describe_node(tx, self._service, node)

        return self.once.write(caller, request, contract.Node, save)


def bundle_around(tx: Transaction, node: Node, hints: BundleHints, most: int) -> list[Node]:
    """A node, then what the hints wish besides, `most` nodes at most. One statement for each level, however many nodes
    are on it.
    """
    left = hints.maximum_extra_nodes
    left = most if left is None or left < 0 else min(left, most)
    found = [node]
    if hints.parents:
        found += tx.nodes.ancestors(node.key)[:left]
        left -= len(found) - 1
    depth, level = hints.depth or 0, [node]
    while depth and left > 0:
        folders = [each.key for each in level if each.kind == NodeKind.FOLDER]
        level = tx.nodes.children_of(folders, left) if folders else []
        if not level:
            break
        found += level
        left -= len(level)
        depth -= 1
    return found


def _cursor(after: str | None) -> NodeName | None:
    if not after:
        return None
    try:
        return parse_name(after)
    except InvalidName as error:
        raise InvalidArgument("after", reason="it is the `next` of the page before") from error
