"""How much there is below nodes, counted in memory."""

from collections.abc import Sequence

from filemanager.domain.node import Node
from filemanager.domain.usage import Usage
from filemanager.persistence.memory.state import Repository
from vofiles.contract import NodeKind


class MemoryUsages(Repository):
    """The port `Usages`."""

    def of_nodes(self, keys: Sequence[int]) -> dict[int, Usage]:
        return {key: self._usage(self._below(key)) for key in keys if key in self._state.nodes}

    def if_small(self, key: int, most: int) -> Usage | None:
        nodes = self._below(key)
        return self._usage(nodes) if 0 < len(nodes) <= most else None

    def _below(self, key: int) -> list[Node]:
        nodes = [self._state.nodes[key]] if key in self._state.nodes else []
        for node in nodes:  # grows while it is gone through
            nodes += [self._state.nodes[child] for child in self._state.children.get(node.key, {}).values()]
        return nodes

    def _usage(self, nodes: Sequence[Node]) -> Usage:
        kinds = [node.kind for node in nodes]
        numbers = {node.key: node.version for node in nodes}
        versions = [each for each in self._state.versions.values() if each.node in numbers]
        current = [each.size for each in versions if each.number == numbers[each.node]]
        size = sum(each.size for each in versions)
        return Usage(kinds.count(NodeKind.FILE), kinds.count(NodeKind.FOLDER), sum(current), size - sum(current))
