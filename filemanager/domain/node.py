"""Nodes: the entries of the tree.

Rule: pure. A node is known outside by its number and inside by its key; everything else about it (properties, content,
replicas) is kept beside it.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from vofiles.contract import NodeKind
from vofiles.errors import InvalidArgument, InvalidName, NotAFile, NotAFolder
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import MAX_DEPTH, NodeName

UNSAVED: Final = 0
"""The key of what the database has not seen yet."""

HOME: Final = NodeName("home")
"""The name of every account's root node."""

TRASH_KIND: Final = "TRASH"
"""The kind of a trash's root: nobody outside ever sees one."""


@dataclass(frozen=True, slots=True)
class Node:
    """An entry of the tree."""

    number: str
    """128 random bits in base32: unique in this service, never reused."""
    name: NodeName
    kind: str
    owner: Ivorn
    """The account it belongs to."""
    created: Instant
    modified: Instant
    """When the node or its content last changed; never earlier than it was before."""
    generation: int = 1
    """Counts every change of the node."""
    version: int = 0
    """Number of the current content version; 0 where nothing has been written."""
    parent: int | None = None
    """Key of the folder it is in; None for a root."""
    parent_number: str | None = None
    """Number of the folder it is in; None for a root."""
    key: int = UNSAVED

    @property
    def is_root(self) -> bool:
        """Whether it is a space root, such as an account's home."""
        return self.parent is None

    @property
    def is_trash(self) -> bool:
        """Whether it is the root of a trash."""
        return self.kind == TRASH_KIND

    def changed(self, now: Instant) -> "Node":
        """The node after one more change at `now`."""
        return replace(self, generation=self.generation + 1, modified=later(now, self.modified))

    def with_content(self, version: int, now: Instant) -> "Node":
        """The node after version `version` became its content."""
        return replace(self.changed(now), version=version)


class Child(NamedTuple):
    """A node as the folder that it is in lists it."""

    parent: int
    """Key of the folder."""
    name: NodeName
    number: str


def later(now: Instant, last: Instant) -> Instant:
    """The time to write down for a change: the clock's, but never earlier than the last one (clocks are set back)."""
    return max(now, last)


def require_kind(kind: str) -> str:
    """A kind of node that can be made. Raises InvalidArgument."""
    if kind not in {NodeKind.FILE, NodeKind.FOLDER}:
        raise InvalidArgument("type", reason=f"a new node is a {NodeKind.FILE} or a {NodeKind.FOLDER}")
    return kind


def require_depth(name: NodeName, steps: int) -> None:
    """Refuse what would be, itself or with what is below it, so many steps below its root. Raises InvalidName."""
    if steps >= MAX_DEPTH:
        raise InvalidName(ascii(name), reason=f"a path has at most {MAX_DEPTH} steps")


def require_file(node: Node) -> Node:
    """A node that can have content. Raises NotAFile."""
    if node.kind != NodeKind.FILE:
        raise NotAFile(node.name, reason="it is a folder" if node.kind == NodeKind.FOLDER else f"it is a {node.kind}")
    return node


def require_folder(node: Node) -> Node:
    """A node that can have children. Raises NotAFolder."""
    if node.kind != NodeKind.FOLDER:
        raise NotAFolder(node.name, reason=f"it is a {node.kind}")
    return node
