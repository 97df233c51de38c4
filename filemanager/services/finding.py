"""Finding: from an identifier to a node, for a caller.

Rule: every operation that takes a node finds it here; a node of another's, one that is not there and one below a file
are told apart by nobody (I9).
"""

from filemanager.domain.caller import Caller
from filemanager.domain.node import Node
from filemanager.domain.rights import may_see_node
from filemanager.ports import Transaction
from vofiles.errors import NodeNotFound, NotFound, ParentNotFound
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier


def get_node(tx: Transaction, service: Ivorn, caller: Caller, identifier: LongIdentifier) -> Node:
    """The node that a caller names. Raises NodeNotFound."""
    return _get(tx, service, caller, identifier, NodeNotFound)


def get_parent(tx: Transaction, service: Ivorn, caller: Caller, identifier: LongIdentifier) -> Node:
    """The node that is to be a parent. Raises ParentNotFound."""
    return _get(tx, service, caller, identifier, ParentNotFound)


def _get(tx: Transaction, service: Ivorn, caller: Caller, identifier: LongIdentifier, missing: type[NotFound]) -> Node:
    if identifier.node.service != service:
        raise missing(identifier, reason=f"this service is {service}")
    node = tx.nodes.find_path(identifier.node.number, identifier.path)
    if node is None or not may_see_node(caller, node):
        raise missing(identifier)
    return node


def find_present(tx: Transaction, key: int | None) -> Node | None:
    """The node of a key, or None where it is no more or is in the trash."""
    node = tx.nodes.find_key(key) if key is not None else None
    return None if node is None or tx.trash.holds(node.key) else node


def lock_present(tx: Transaction, key: int) -> Node | None:
    """A node that was found, as it is now and stays until the transaction ends; None where it is no more or has itself
    been put into the trash since. Where a folder above it has been, whatever is done here came first.
    """
    node = tx.nodes.lock_node(key)
    # What is in the trash by itself is called by its number, and hardly anything else is.
    if node is not None and node.name == node.number and tx.trash.entries_among([key]):
        return None
    return node


def path_of(tx: Transaction, service: Ivorn, node: Node) -> LongIdentifier:
    """A node as it is called from its root; what is in the trash, as it was called before it was deleted."""
    *steps, root = [node, *tx.nodes.ancestors(node.key)]
    names = tuple(step.name for step in reversed(steps))
    entry = tx.trash.find_entry(steps[-1].number) if root.is_trash and steps else None
    if entry is not None:
        was = LongIdentifier.parse(entry.path)
        return LongIdentifier(was.node, (*was.path, *names[1:]))
    return LongIdentifier(NodeIdentifier(service, root.number), names)
