"""The tree and the nodes' properties, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from filemanager.domain.node import Child, Node
from filemanager.persistence.memory.contents import MemoryContents
from filemanager.persistence.memory.state import Repository
from vofiles.errors import AccountNotFound, DuplicateNode, FolderNotEmpty, NodeNotFound, ParentNotFound
from vofiles.names import NodeName


class MemoryNodes(Repository):
    """The port `Nodes`."""

    def find_node(self, number: str) -> Node | None:
        key = self._state.numbers.get(number)
        return None if key is None else self.find_key(key)

    def find_key(self, key: int) -> Node | None:
        return self._state.nodes.get(key)

    lock_node = find_key

    def find_path(self, number: str, path: Sequence[NodeName]) -> Node | None:
        key = self._state.numbers.get(number)
        if key is None or self.is_in_trash(key):
            return None
        for name in path:
            key = None if key is None else self._state.children.get(key, {}).get(name)
        return None if key is None else self.find_key(key)

    def is_in_trash(self, key: int) -> bool:
        node = self.find_key(key)
        return node is not None and (self.ancestors(key) or [node])[-1].is_trash

    def children(self, parent: int, after: NodeName | None, limit: int) -> list[Node]:
        named = self._state.children.get(parent, {})
        names = sorted(name for name in named if after is None or name > after)
        return [self._state.nodes[named[name]] for name in names[:limit]]

    def children_of(self, parents: Sequence[int], limit: int) -> list[Node]:
        return [node for parent in sorted(set(parents)) for node in self.children(parent, None, limit)][:limit]

    def child_names(self, parents: Sequence[int], limit: int) -> list[Child]:
        return [Child(node.parent or 0, node.name, node.number) for node in self.children_of(parents, limit)]

    def ancestors(self, key: int) -> list[Node]:
        node, above = self.find_key(key), []
        while node is not None and node.parent is not None:
            node = self._state.nodes[node.parent]
            above.append(node)
        return above

    def height(self, key: int) -> int:
        below = self._state.children.get(key, {}).values()
        return max((1 + self.height(child) for child in below), default=0)

    def add_node(self, node: Node) -> Node:
        if node.owner not in self._state.accounts:
            raise AccountNotFound(node.owner)
        if node.parent is None and any((each.owner, each.kind) == (node.owner, node.kind) for each in self._roots()):
            raise DuplicateNode(node.name, reason=f"{node.owner} has a root already")
        if node.parent is not None and node.parent not in self._state.nodes:
            raise ParentNotFound(node.parent_number or "")
        added = replace(node, key=self._state.new_key())
        self._put_under(added)
        self._state.nodes[added.key] = added
        self._state.numbers[added.number] = added.key
        return added

    def add_nodes(self, nodes: Sequence[Node]) -> list[Node]:
        return [self.add_node(node) for node in nodes]

    def _roots(self) -> list[Node]:
        return [node for node in self._state.nodes.values() if node.is_root]

    def _put_under(self, node: Node) -> None:
        if node.parent is not None:
            named = self._state.children.get(node.parent, {})
            if named.get(node.name, node.key) != node.key:
                raise DuplicateNode(node.name)
            self._state.children[node.parent] = {**named, node.name: node.key}

    def _take_from(self, node: Node) -> None:
        if node.parent is not None:
            named = self._state.children[node.parent]
            self._state.children[node.parent] = {name: key for name, key in named.items() if key != node.key}

    def save_node(self, node: Node) -> None:
        before = self._state.nodes.get(node.key)
        if before is None:
            return
        parent = None if node.parent is None else self._state.nodes[node.parent].number
        changing = ("name", "parent", "modified", "generation", "version")
        saved = replace(before, parent_number=parent, **{name: getattr(node, name) for name in changing})
        self._take_from(before)
        self._put_under(saved)
        self._state.nodes[saved.key] = saved
        for key in self._state.children.get(saved.key, {}).values():
            self._state.nodes[key] = replace(self._state.nodes[key], parent_number=saved.number)

    def delete_node(self, key: int) -> None:
        node = self._state.nodes.get(key)
        if node is None:
            return
        if self._state.children.get(key):
            raise FolderNotEmpty(f"node {key}")
        contents = MemoryContents(self._state)
        for version in [each.key for each in self._state.versions.values() if each.node == key]:
            contents.delete_version(version)
        for transfer in [each for each in self._state.transfers.values() if each.node == key]:
            self._state.transfers[transfer.number] = replace(transfer, node=None)
        self._take_from(node)
        self._state.node_properties.pop(key, None)
        self._state.children.pop(key, None)
        self._state.trash.pop(key, None)
        del self._state.numbers[node.number], self._state.nodes[key]

    def delete_nodes(self, keys: Sequence[int]) -> None:
        for key in keys:
            self.delete_node(key)

    def properties_of(self, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        return {key: dict(self._state.node_properties.get(key, {})) for key in keys}

    def property_of(self, keys: Sequence[int], name: str) -> dict[int, str]:
        return {key: values[name] for key, values in self.properties_of(keys).items() if name in values}

    def put_properties(self, key: int, values: Mapping[str, str]) -> None:
        if values:
            if key not in self._state.nodes:
                raise NodeNotFound(f"node {key}")
            self._state.node_properties[key] = {**self._state.node_properties.get(key, {}), **values}

    def put_properties_of(self, values: Mapping[int, Mapping[str, str]]) -> None:
        for key, properties in values.items():
            self.put_properties(key, properties)

    def remove_properties(self, key: int, names: Collection[str]) -> None:
        values = self._state.node_properties.get(key, {})
        self._state.node_properties[key] = {name: value for name, value in values.items() if name not in names}
