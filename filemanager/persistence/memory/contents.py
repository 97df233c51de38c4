"""Content versions and replicas, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from filemanager.domain.content import ContentVersion
from filemanager.domain.replica import Replica
from filemanager.persistence.memory.state import Repository
from vofiles.errors import Conflict, ContentNotFound, NodeNotFound, VersionConflict
from vofiles.instant import Instant


class MemoryContents(Repository):
    """The port `Contents`."""

    def _versions(self, node: int) -> list[ContentVersion]:
        return sorted((each for each in self._state.versions.values() if each.node == node), key=lambda v: v.number)

    def add_version(self, version: ContentVersion) -> ContentVersion:
        if version.node not in self._state.nodes:
            raise NodeNotFound(f"node {version.node}")
        if any(each.number == version.number for each in self._versions(version.node)):
            raise VersionConflict(f"version {version.number}")
        for older in self._versions(version.node):
            if older.number < version.number and older.superseded is None:
                self._state.versions[older.key] = replace(older, superseded=version.created)
        added = replace(version, key=self._state.new_key())
        self._state.versions[added.key] = added
        return added

    def find_version(self, node: int, number: int) -> ContentVersion | None:
        return next((version for version in self._versions(node) if version.number == number), None)

    def current_versions(self, nodes: Sequence[int]) -> dict[int, ContentVersion]:
        found = {node: self._versions(node) for node in nodes}
        return {node: versions[-1] for node, versions in found.items() if versions}

    def versions_up_to(self, node: int, number: int) -> list[ContentVersion]:
        return [version for version in self._versions(node) if version.number <= number]

    def versions_below(self, node: int, number: int | None, limit: int) -> list[ContentVersion]:
        versions = [version for version in self._versions(node) if number is None or version.number < number]
        return versions[::-1][:limit]

    def superseded_until(self, node: int, instant: Instant) -> list[ContentVersion]:
        return [each for each in self._versions(node) if each.superseded is not None and each.superseded <= instant]

    def superseded(self, after: int, limit: int) -> list[ContentVersion]:
        found = [each for key, each in sorted(self._state.versions.items()) if key > after]
        return [version for version in found if version.superseded is not None][:limit]

    def delete_version(self, key: int) -> None:
        self._state.versions.pop(key, None)
        for replica in self.replicas_of([key]).get(key, []):
            del self._state.replicas[replica.key]

    def add_replica(self, replica: Replica) -> Replica:
        self._require_store(replica.store)
        if replica.version not in self._state.versions:
            raise ContentNotFound(f"version {replica.version}")
        for other in self._state.replicas.values():
            if other.container == replica.container or (other.version, other.store) == (replica.version, replica.store):
                raise Conflict(replica.container)
        added = replace(replica, key=self._state.new_key())
        self._state.replicas[added.key] = added
        return added

    def delete_replica(self, key: int) -> None:
        self._state.replicas.pop(key, None)

    def replicas_of(self, versions: Sequence[int]) -> dict[int, list[Replica]]:
        found: dict[int, list[Replica]] = {}
        for replica in self._state.replicas.values():
            if replica.version in versions:
                found.setdefault(replica.version, []).append(replica)
        return found

    def replicas_of_nodes(self, nodes: Sequence[int]) -> list[Replica]:
        return [replica for node in sorted(set(nodes)) for replica in self.replicas_of_node(node)]

    def replicas_of_node(self, node: int) -> list[Replica]:
        versions = {version.key for version in self._versions(node)}
        return [replica for replica in self._state.replicas.values() if replica.version in versions]
