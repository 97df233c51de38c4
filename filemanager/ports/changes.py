"""The history.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.change import Change
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Changes(Protocol):
    """The history."""

    def add_change(self, change: Change) -> Change:
        """Append a change and answer it with its number: the last one's plus 1, without gaps even after roll-backs."""

    def add_changes(self, changes: Sequence[Change]) -> None:
        """Append many changes, in however few statements; their numbers follow each other in the order given."""

    def list_changes(self, after: int, limit: int) -> list[Change]:
        """At most `limit` changes with numbers greater than `after`, in order."""

    def changes_of(self, node: str, owner: Ivorn, after: int, until: Instant | None, limit: int) -> list[Change]:
        """At most `limit` changes of the node of a number that were made in that owner's tree, not after `until` (None:
        whenever), with numbers greater than `after`, in order.
        """
