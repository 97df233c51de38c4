"""A node as AstroGrid's contract has it, made of what our services tell.

Rule: values only, one node at a time; what a node is told of is decided in the services.
"""

from typing import Final

from filemanager.api.astrogrid.attributes import attributes_of
from filemanager.api.astrogrid.types import Child, DataLocation, Node, NodeBundle
from filemanager.services.bundles import Entry
from filemanager.services.keeping import is_short
from vofiles.ivorn import Ivorn

ROOM: Final = 20_000
"""Nodes, and names of children, that are remembered at most; a node takes about 3 KiB, a name 400 bytes."""


class Memory:
    """The wire values that were made last, so that they are not made again, nor their text, while nothing of them has
    changed. For any number of threads.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = self._left = room
        self._made: dict[str, tuple[Entry, Node]] = {}

    def bundle_of(self, entries: tuple[Entry, ...]) -> NodeBundle:
        """The answer that has these nodes, in their order."""
        return NodeBundle(tuple(map(self._node_of, entries)))

    def _node_of(self, entry: Entry) -> Node:
        number = entry.node.identifier.number
        known = self._made.get(number)
        if known is not None and known[0] == entry:
            return known[1]
        node = node_of(entry)
        if not is_short(entry.node):
            return node
        self._left -= 1 + len(entry.children)
        if self._left < 0:
            self._made.clear()
            self._left = self._room
        else:
            self._made[number] = entry, node
        return node


def node_of(entry: Entry) -> Node:
    """The wire value of a node."""
    node = entry.node
    service = f"{node.identifier.service}#"
    return Node(
        ivorn=str(node.identifier),
        parent=str(node.parent) if node.parent is not None else None,
        children=tuple(Child(child.name, service + child.number) for child in entry.children),
        name=node.name,
        type=node.type,
        create_date=node.created,
        modify_date=node.modified,
        location=_location_of(entry),
        size=node.size or 0,
        attributes=attributes_of(entry),
    )


def store_of(entry: Entry) -> Ivorn | None:
    """The store that has a node's content, or would get it now."""
    container = _container_of(entry)
    return container.service if container is not None else entry.store


def _location_of(entry: Entry) -> DataLocation:
    container = _container_of(entry)
    if container is not None:
        return DataLocation(str(container.service), container.fragment)
    # The contract asks for a place, and this service knows none: only it can have one some day.
    return DataLocation(str(entry.store or entry.node.identifier.service))


def _container_of(entry: Entry) -> Ivorn | None:
    for each in entry.node.properties:
        if each.key == "filestore.location":
            return Ivorn.parse(each.value)
    return None
