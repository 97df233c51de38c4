"""The history.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from typing import Protocol

from filemanager.domain.change import Change


class Changes(Protocol):
    """The history."""

    def add_change(self, change: Change) -> Change:
        """Append a change and answer it with its number: the last one's plus 1, without gaps even after roll-backs."""

    def list_changes(self, after: int, limit: int) -> list[Change]:
        """At most `limit` changes with numbers greater than `after`, in order."""
