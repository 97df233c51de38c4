"""Content versions and their replicas.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.content import ContentVersion
from filemanager.domain.replica import Replica
from vofiles.instant import Instant


class Contents(Protocol):
    """Content versions and their replicas."""

    def add_version(self, version: ContentVersion) -> ContentVersion:
        """Store a new version and answer it with its key. (node, number) is unique. Lower ones of the node that have
        not been superseded are from its `created` on.
        """

    def find_version(self, node: int, number: int) -> ContentVersion | None:
        """A node's version of that number, or None."""

    def current_versions(self, nodes: Sequence[int]) -> dict[int, ContentVersion]:
        """The highest version of each of these nodes that has one, by the node's key."""

    def versions_up_to(self, node: int, number: int) -> list[ContentVersion]:
        """A node's versions of this number and below, in order."""

    def versions_below(self, node: int, number: int | None, limit: int) -> list[ContentVersion]:
        """At most `limit` of a node's versions with lower numbers (None: from the highest), the highest first."""

    def superseded_until(self, node: int, instant: Instant) -> list[ContentVersion]:
        """A node's versions that have been superseded by then, in order."""

    def superseded(self, after: int, limit: int) -> list[ContentVersion]:
        """At most `limit` superseded versions of all nodes with keys above `after`, in the order of keys."""

    def delete_version(self, key: int) -> None:
        """Remove a version with its replicas."""

    def add_replica(self, replica: Replica) -> Replica:
        """Store a new replica and answer it with its key. (version, store) is unique, and so is the container."""

    def delete_replica(self, key: int) -> None:
        """Remove a replica; one that is gone is no error."""

    def replicas_of(self, versions: Sequence[int]) -> dict[int, list[Replica]]:
        """The replicas of these versions by the version's key, each list in the order in which they were added; the
        first readable one is the preferred one.
        """

    def replicas_of_nodes(self, nodes: Sequence[int]) -> list[Replica]:
        """Every replica of every version of these nodes."""

    def replicas_of_node(self, node: int) -> list[Replica]:
        """Every replica of every version of a node."""
