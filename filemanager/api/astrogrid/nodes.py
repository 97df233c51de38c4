"""A node as AstroGrid's contract has it, made of what our services tell.

Rule: values only, one node at a time; what a node is told of is decided in the services.
"""

from filemanager.api.astrogrid.attributes import attributes_of
from filemanager.api.astrogrid.types import Child, DataLocation, Node, NodeBundle
from filemanager.services.bundles import Entry
from vofiles.ivorn import Ivorn


def bundle_of(entries: tuple[Entry, ...]) -> NodeBundle:
    """The answer that has these nodes, in their order."""
    return NodeBundle(tuple(map(node_of, entries)))


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
