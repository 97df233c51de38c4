"""The tree.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from filemanager.domain.node import Child, Node
from vofiles.names import NodeName


class Nodes(Protocol):
    """The tree and the nodes' properties. Names compare by code points."""

    def find_node(self, number: str) -> Node | None:
        """The node of that number, or None."""

    def find_key(self, key: int) -> Node | None:
        """The node of that key, or None."""

    def find_path(self, number: str, path: Sequence[NodeName]) -> Node | None:
        """The node at the end of `path` below the node of that number (itself for an empty path), or None where any
        step is missing, and where it is in the trash.
        """

    def lock_node(self, key: int) -> Node | None:
        """The node as it is now, kept from change and deletion by others until the transaction ends, or None.
        Only in a write.
        """

    def children(self, parent: int, after: NodeName | None, limit: int) -> list[Node]:
        """At most `limit` children with names greater than `after` (None: from the first), in the order of names."""

    def children_of(self, parents: Sequence[int], limit: int) -> list[Node]:
        """At most `limit` children of all these together, in the order of (parent key, name)."""

    def child_names(self, parents: Sequence[int], limit: int) -> list[Child]:
        """As `children_of`, of each child its name and number alone."""

    def ancestors(self, key: int) -> list[Node]:
        """The folders above a node, the nearest first, the root last; empty for a root."""

    def height(self, key: int) -> int:
        """How many levels of nodes there are below one: 0 for a file and for an empty folder. Takes as long as there
        are folders below it, however many files.
        """

    def add_node(self, node: Node) -> Node:
        """Store a new node and answer it with its key. `parent` is the key of a folder or None for a root.

        Raises DuplicateNode where the parent has a child of this name or, for a root, its owner has one of its kind;
        ParentNotFound where the parent is gone.
        """

    def add_nodes(self, nodes: Sequence[Node]) -> list[Node]:
        """Store many new nodes, in however few statements, and answer them with their keys, in their order. Raises
        what `add_node` does for any of them.
        """

    def save_node(self, node: Node) -> None:
        """Store what may change of a node: name, parent, modified, generation, version. Raises DuplicateNode."""

    def delete_node(self, key: int) -> None:
        """Remove a node with its properties, versions and replicas. Its transfers stay, with node None; its changes
        stay. Deleting what is gone is no error. Raises FolderNotEmpty where it has children.
        """

    def delete_nodes(self, keys: Sequence[int]) -> None:
        """As `delete_node`, for many, each after all of its children."""

    def properties_of(self, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        """The stored properties of these nodes by key; a node without any may be missing from the answer."""

    def property_of(self, keys: Sequence[int], name: str) -> dict[int, str]:
        """The value of one property on those of these nodes that have it."""

    def put_properties(self, key: int, values: Mapping[str, str]) -> None:
        """Set each of these, new or not; the others stay."""

    def put_properties_of(self, values: Mapping[int, Mapping[str, str]]) -> None:
        """As `put_properties`, for many nodes by key, in however few statements."""

    def remove_properties(self, key: int, names: Collection[str]) -> None:
        """Remove these; names that are not there are no error."""
