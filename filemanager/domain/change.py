"""Changes: the history of the tree, append-only, numbered without gaps.

Rule: pure; a change is written in the same transaction as what it records, so that who follows the numbers misses
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class ChangeOperation:
    """What was done."""

    ADD_ACCOUNT: Final = "addAccount"
    SET_ACCOUNT_PROPERTIES: Final = "setAccountProperties"
    ADD_NODE: Final = "addNode"
    SET_PROPERTIES: Final = "setProperties"
    MOVE: Final = "move"
    """To another parent, to another name, or both."""
    TRASH: Final = "trash"
    RESTORE: Final = "restore"
    DELETE: Final = "delete"
    """For good."""
    IMPORT: Final = "import"
    APPEND: Final = "append"
    COPY: Final = "copy"
    """Made as a copy; and for a file, what its copied content brought."""
    RELOCATE: Final = "relocate"
    """A content has gone to another store."""
    MARK: Final = "mark"
    """The checker has seen that a location is LOST, SUSPECT or AVAILABLE again."""
    REBUILD: Final = "rebuild"
    """Taken in from what a store holds."""
    ADOPT: Final = "adopt"
    """A file that lies in a store's directory of others' files has become a node, or has changed there."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one node or account."""

    who: Ivorn
    """The account that asked; for an import the one that asked for the transfer."""
    on_behalf_of: Ivorn
    """Whose tree it was done in."""
    at: Instant
    node: str
    """Number of the node; of the home for a change of an account."""
    operation: str
    before: Mapping[str, str | None] = field(default_factory=dict)
    """Values that are no more, by name; None: there was none."""
    after: Mapping[str, str | None] = field(default_factory=dict)
    """Values that came, by name; None: removed."""
    number: int = 0
    """Given when it is written: 1 for the first of the service, one more for each."""
