"""Repairs: a version's bytes that a store has damaged are fetched again, from where else the same bytes are.

Rule: the same bytes are another replica of the version, or another content of the same size and SHA-256, whoever's it
is: nobody gets by it what was not his. Who fetches is told size and digests of what must come. The damaged container
goes when the new one is there, not before; see `replicas` for how they change places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.domain.content import ContentVersion
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.step import Done, Step
from filemanager.domain.store import StoreState
from filemanager.ports import Transaction
from filemanager.services.copying import Copying, Parcel
from filemanager.services.relocations import CONTAINER, STORE, VERSION
from filemanager.services.replicas import give_up
from filemanager.services.retention import RetentionService
from vofiles.contract import DigestAlgorithm, Failure
from vofiles.errors import ContentNotFound, StoreFull, StoreNotFound, StoreReadOnly
from vofiles.ivorn import Ivorn

ALIKE: Final = 5000
"""Other versions with the same bytes that are looked at, at most."""
_TAKES_NOTHING: Final = (StoreFull, StoreReadOnly, StoreNotFound)


def find_sources(tx: Transaction, versions: Sequence[ContentVersion]) -> dict[int, list[Replica]]:
    """Where else the bytes of each of these versions are, by its key: its own replicas first."""
    own = tx.contents.replicas_of([each.key for each in versions])
    found = {key: _sound(replicas) for key, replicas in own.items()}
    hashes = {value: each for each in versions if (value := _sha256(each)) is not None and not found.get(each.key)}
    alike = tx.census.versions_like(list(hashes), ALIKE) if hashes else []
    replicas = tx.contents.replicas_of([each.key for each in alike])
    by_bytes: dict[tuple[int, str | None], list[Replica]] = {}
    for each in alike:
        by_bytes.setdefault((each.size, _sha256(each)), []).extend(_sound(replicas.get(each.key, [])))
    for each in versions:
        if not found.get(each.key):
            found[each.key] = by_bytes.get((each.size, _sha256(each)), [])
    return found


def _sha256(version: ContentVersion) -> str | None:
    return next((each.value for each in version.digests if each.algorithm == DigestAlgorithm.SHA256), None)


def _sound(replicas: Sequence[Replica]) -> list[Replica]:
    """Those that are whole and nothing is said against."""
    return [each for each in replicas if (each.state, each.offset, each.length) == (ReplicaState.AVAILABLE, 0, None)]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A version with a damaged replica, as an item finds it."""

    node: Node
    version: ContentVersion
    replicas: list[Replica]
    damaged: Replica


@dataclass(frozen=True)
class RepairWork:
    """What is done for each content that is repaired: the port Work of REPAIR."""

    copying: Copying
    retention: RetentionService

    def step(self, job: Job, item: JobItem) -> Step:
        if self.copying.database.read(lambda tx: _find_standing(tx, job, item)) is None:
            # Put right, given up or replaced meanwhile; or done before a kill.
            return Done(size=item.size if item.transfer is not None else None)
        try:
            return self.copying.step(item, lambda: self.copying.database.read(lambda tx: self._parcel(tx, job, item)))
        except _TAKES_NOTHING:
            if not self.copying.database.write(lambda tx: self._give_up(tx, job, item)):
                raise
            self.copying.transfers.outcomes.wake_errands()
            return Done()

    def cancel(self, job: Job, item: JobItem) -> Step:
        del job
        return self.copying.cancel(item)

    def finish(self, tx: Transaction, job: Job) -> Failure | None:
        del tx, job
        return None

    def _give_up(self, tx: Transaction, job: Job, item: JobItem) -> bool:
        """Where no store takes the bytes once more: the replica that is left has to do, if there is one."""
        found = _find_standing(tx, job, item)
        node = tx.nodes.lock_node(found.node.key) if found is not None else None
        # As it is now that nobody else can change it.
        found = _find_standing(tx, job, item)
        left = _sound(found.replicas) if found is not None else []
        if found is None or node is None or not left or item.transfer is not None:
            return False
        now = self.copying.clock.now()
        give_up(tx, self.retention, node, found.version, [found.damaged], left[0].container, job.caller, now)
        return True

    def _parcel(self, tx: Transaction, job: Job, item: JobItem) -> Parcel:
        found = _find_standing(tx, job, item)
        if found is None:
            raise ContentNotFound(item.path or item.node, reason="it is no longer kept, or is well again")
        stores = tx.stores.list_stores()
        offline = {store.identifier for store in stores if store.state == StoreState.OFFLINE}
        sources = find_sources(tx, [found.version])[found.version.key]
        # Another store's first: what happened to this one's disk may have happened to more that is on it.
        sources.sort(key=lambda replica: replica.store == found.damaged.store)
        source = next((each for each in sources if each.store not in offline), None)
        if source is None:
            raise ContentNotFound(item.path or found.node.name, reason="its bytes are nowhere else")
        sound = {replica.store for replica in _sound(found.replicas)}
        chosen = self.copying.places(tx, found.node, found.version, sound)
        # Where it was, if that store still takes content.
        chosen.sort(key=lambda store: store.identifier != found.damaged.store)
        # A transfer is an account's, and who repairs a store has none. A copy in the same store may be the same file on
        # its disk, and as rotten, so it is read first.
        return self.copying.pack(tx, found.node, found.version, source, chosen, found.node.owner, verify=True)


def _find_standing(tx: Transaction, job: Job, item: JobItem) -> _Standing | None:
    key = int(item.request[VERSION])
    container = Ivorn.parse(job.request[STORE]).with_fragment(item.request[CONTAINER])
    version = tx.census.versions([key]).get(key)
    node = tx.nodes.find_key(version.node) if version is not None else None
    if version is None or node is None:
        return None
    replicas = tx.contents.replicas_of([key]).get(key, [])
    damaged = next((each for each in replicas if each.container == container), None)
    if damaged is None or damaged.state != ReplicaState.LOST:
        return None
    return _Standing(node, version, replicas, damaged)
