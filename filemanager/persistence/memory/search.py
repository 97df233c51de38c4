"""Looking for nodes, in memory: everything is gone through."""

from collections.abc import Sequence

from filemanager.domain.node import Node
from filemanager.domain.search import HEAD, NO_SIZE, Entry, Place, Span, place_of
from filemanager.persistence.memory.contents import MemoryContents
from filemanager.persistence.memory.state import Repository
from vofiles.ivorn import Ivorn


class MemorySearch(Repository):
    """The port `Search`."""

    def walk(
        self, owner: Ivorn, order: str, span: Span, after: Place | None, limit: int, *, descending: bool = False
    ) -> list[Entry]:
        own = [node.key for node in self._state.nodes.values() if node.owner == owner]
        inside = [entry for entry in self.entries(own) if span.holds(place_of(entry, order).value)]
        inside.sort(key=lambda entry: place_of(entry, order), reverse=descending)
        if after is not None:
            inside = [each for each in inside if (place_of(each, order) < after) is descending]
            inside = [each for each in inside if place_of(each, order) != after]
        return inside[:limit]

    def with_property(self, name: str, heads: Span, limit: int) -> list[int]:
        found = self._state.node_properties.items()
        return [key for key, values in found if name in values and heads.holds(values[name][:HEAD])][:limit]

    def with_content_type(self, types: Span, limit: int) -> list[int]:
        typed = [each for each in self._state.versions.values() if each.content_type is not None]
        return [version.node for version in typed if types.holds(version.content_type)][:limit]

    def below(self, parents: Sequence[int], limit: int) -> list[int]:
        return [key for parent in sorted(set(parents)) for key in self._state.children.get(parent, {}).values()][:limit]

    def entries(self, keys: Sequence[int]) -> list[Entry]:
        versions = MemoryContents(self._state).current_versions(list(self.nodes(keys)))
        return [
            Entry(
                node.key,
                node.parent,
                node.name,
                node.kind,
                versions[node.key].size if node.key in versions else NO_SIZE,
                node.modified,
                node.created,
            )
            for node in self.nodes(keys).values()
        ]

    def nodes(self, keys: Sequence[int]) -> dict[int, Node]:
        return {key: self._state.nodes[key] for key in keys if key in self._state.nodes}
