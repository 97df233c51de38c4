"""The trash, and how much there is below a node.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.node import Node
from filemanager.domain.trash import TrashEntry
from filemanager.domain.usage import Usage
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Trash(Protocol):
    """What was deleted and can be restored. An entry is a node directly below a trash's root; it goes with its node."""

    def find_root(self, owner: Ivorn) -> Node | None:
        """The root of an account's trash, or None where it has none yet."""

    def holds(self, key: int) -> bool:
        """Whether a node is in a trash, by itself or with a folder above it, or is a trash's root."""

    def add_entry(self, entry: TrashEntry) -> None:
        """Store a new entry, uncounted where its `files` is None. Raises AccountNotFound, NodeNotFound."""

    def find_entry(self, number: str) -> TrashEntry | None:
        """The entry that is the node of that number, being purged or not, or None."""

    def delete_entry(self, node: int) -> None:
        """Remove the entry of a node, which stays; one that is not there is no error."""

    def list_entries(self, owner: Ivorn, before: tuple[Instant, str] | None, limit: int) -> list[TrashEntry]:
        """At most `limit` of an account's entries that nobody is purging, the last deleted first and of one instant
        the highest number first, after the one of that instant and number (None: from the first).
        """

    def count_entries(self, owner: Ivorn) -> int:
        """How many entries of an account nobody is purging."""

    def entries_among(self, nodes: Sequence[int]) -> dict[int, TrashEntry]:
        """The entries of those of these nodes that have one, by the node's key."""

    def claim(self, node: int, purger: str) -> None:
        """Say who is purging an entry."""

    def claim_all(self, owner: Ivorn, purger: str) -> int:
        """Say who is purging all of an account's entries that nobody is; answers how many those are."""

    def release(self, purger: str) -> None:
        """Nobody is purging any more what that purger was."""

    def hand_over(self, purger: str, now: Instant) -> None:
        """What that purger was purging UPKEEP is, and it is due at `now`."""

    def claimed(self, purger: str, limit: int) -> list[TrashEntry]:
        """At most `limit` entries that a purger has, in the order of their nodes' keys."""

    def due_entries(self, now: Instant, limit: int) -> list[TrashEntry]:
        """At most `limit` entries with `purge_after` not after `now` that nobody or UPKEEP is purging, the longest
        due first.
        """

    def uncounted(self, limit: int) -> list[TrashEntry]:
        """At most `limit` entries that have not been counted and nobody is purging."""

    def note_count(self, node: int, files: int, size: int) -> None:
        """Store what was counted of an entry; one that is gone is no error."""

    def forget_count(self, node: int) -> None:
        """A node's content has changed: if it is in the trash, the entry that it is in or below is uncounted."""


class Usages(Protocol):
    """How much there is of nodes and all below them."""

    def of_nodes(self, keys: Sequence[int]) -> dict[int, Usage]:
        """The usage of each of these nodes that is there, by key. Takes as long as there are nodes below them."""

    def if_small(self, key: int, most: int) -> Usage | None:
        """The usage of a node, or None where it and all below it are more than `most` nodes. Takes no longer than
        `most` nodes do.
        """
