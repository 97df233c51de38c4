"""The trash: a hidden folder of each space, and what is known of each thing that was deleted into it.

    deleted   one row: the node's parent is the trash, its name its number; all below it comes along unseen
    restored  one row again
    purged    for good: leaf by leaf, however long it takes, while nobody sees it any more

Rule: pure. A trash's root is a node of a kind of its own without a parent; no operation but those of the trash finds it
or what is below it.
"""

from dataclasses import dataclass, replace
from typing import Final

from filemanager.domain.node import TRASH_KIND, Node
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

TRASH: Final = NodeName("trash")
"""The name of every trash's root."""

UPKEEP: Final = "upkeep"
"""Who purges what has been in the trash for long enough. No job has this number."""


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """One thing that was deleted in one go, with all that was below it."""

    node: int
    """Key of the node."""
    number: str
    """Its number, which is also its name while it is in the trash."""
    owner: Ivorn
    parent_number: str
    """The folder it was in."""
    name: NodeName
    """What it was called there."""
    path: str
    """Where it was, from its root: a long identifier."""
    deleted: Instant
    deleted_by: Ivorn
    purge_after: Instant | None = None
    """When it goes for good by itself; None: never."""
    files: int | None = None
    """How many files it is with all below it; None: not counted yet."""
    size: int | None = None
    """Bytes of all their contents; None: not counted yet."""
    purger: str | None = None
    """Who is removing it for good: the number of a job, or UPKEEP; None: nobody is, and it can be restored."""

    def restated(self, node: Node) -> Node:
        """The node as it was before it was deleted."""
        return replace(node, name=self.name, parent_number=self.parent_number)


def new_trash(number: str, owner: Ivorn, now: Instant) -> Node:
    """The root of a trash that is needed for the first time."""
    return Node(number, TRASH, TRASH_KIND, owner, now, now)
