"""Everything in the order of its keys, page by page, and the orphans seen, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.transfer import Transfer
from filemanager.persistence.memory.state import Repository
from vofiles.contract import Digest, DigestAlgorithm
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class MemoryCensus(Repository):
    """The port `Census`."""

    def nodes(self, after: int, limit: int) -> list[Node]:
        return [self._state.nodes[key] for key in sorted(self._state.nodes) if key > after][:limit]

    def transfers(self, after: str, limit: int) -> list[Transfer]:
        return [self._state.transfers[number] for number in sorted(self._state.transfers) if number > after][:limit]

    def errands(self, after: int, limit: int) -> list[Errand]:
        return [self._state.errands[key] for key in sorted(self._state.errands) if key > after][:limit]

    def replicas(self, store: Ivorn, after: str, limit: int) -> list[Replica]:
        found = [each for each in self._state.replicas.values() if each.store == store]
        above = [each for each in found if str(each.container) > f"{store}#{after}"]
        return sorted(above, key=lambda replica: str(replica.container))[:limit]

    def versions(self, keys: Sequence[int]) -> dict[int, ContentVersion]:
        return {key: self._state.versions[key] for key in keys if key in self._state.versions}

    def versions_like(self, hashes: Collection[str], limit: int) -> list[ContentVersion]:
        wanted = {Digest(DigestAlgorithm.SHA256, value) for value in hashes}
        return [each for each in self._state.versions.values() if wanted.intersection(each.digests)][:limit]

    def replicas_in(self, containers: Collection[Ivorn]) -> dict[Ivorn, Replica]:
        return {each.container: each for each in self._state.replicas.values() if each.container in containers}

    def subjects_among(self, subjects: Collection[str]) -> set[str]:
        return {errand.subject for errand in self._state.errands.values()} & set(subjects)

    def mark_replica(self, key: int, state: str) -> None:
        if key in self._state.replicas:
            self._state.replicas[key] = replace(self._state.replicas[key], state=state)

    def note_orphans(
        self, store: Ivorn, after: str, upto: str, containers: Collection[Ivorn], now: Instant
    ) -> Mapping[Ivorn, Instant]:
        orphans = self._state.orphans
        stretch = [each for each in orphans if f"{store}#{after}" < str(each) <= f"{store}#{upto}"]
        for gone in set(stretch) - set(containers):
            del orphans[gone]
        return {container: orphans.setdefault(container, now) for container in containers}
