"""Content versions and their replicas.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.content import ContentVersion
from filemanager.domain.replica import Replica


class Contents(Protocol):
    """Content versions and their replicas."""

    def add_version(self, version: ContentVersion) -> ContentVersion:
        """Store a new version and answer it with its key. (node, number) is unique."""

    def current_versions(self, nodes: Sequence[int]) -> dict[int, ContentVersion]:
        """The highest version of each of these nodes that has one, by the node's key."""

    def versions_up_to(self, node: int, number: int) -> list[ContentVersion]:
        """A node's versions of this number and below, in order."""

    def delete_version(self, key: int) -> None:
        """Remove a version with its replicas."""

    def add_replica(self, replica: Replica) -> Replica:
        """Store a new replica and answer it with its key. (version, store) is unique, and so is the container."""

    def replicas_of(self, versions: Sequence[int]) -> dict[int, list[Replica]]:
        """The replicas of these versions by the version's key, each list in the order in which they were added; the
        first readable one is the preferred one.
        """

    def replicas_of_node(self, node: int) -> list[Replica]:
        """Every replica of every version of a node."""
