"""Relocating: contents on their way to another store, for who moves them there and for a store that is drained.

Rule: an item is one version's bytes in one store. Whatever has happened to them meanwhile (a new version, another
move, deletion) leaves nothing to do, and that is well. See `replicas` for how they change places.
"""

from dataclasses import dataclass
from typing import Final

from filemanager.domain.content import ContentVersion
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.step import Done, Step, Waiting
from filemanager.domain.store import StoreState
from filemanager.ports import Transaction
from filemanager.services.copying import Copying, Parcel
from filemanager.services.relocations import STORE, VERSION, Relocations
from filemanager.services.replicas import get_source, give_up, readable
from filemanager.services.retention import RetentionService
from vofiles.contract import Failure, JobVerb
from vofiles.errors import ContentNotFound, Unreachable
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

REST: Final = 15 * SECOND
"""How long a content of a store that is drained rests where somebody does not answer, in microseconds."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """A version and its replicas, as an item finds them."""

    node: Node
    version: ContentVersion
    replicas: list[Replica]
    leaving: list[Replica]
    """Those that are to go."""

    @property
    def staying(self) -> list[Replica]:
        """Those that can be read when the others are gone."""
        return readable([replica for replica in self.replicas if replica not in self.leaving])


@dataclass(frozen=True)
class RelocationWork:
    """What is done for each content that goes to another store: the port Work of MOVE and DRAIN."""

    copying: Copying
    retention: RetentionService
    relocations: Relocations

    def step(self, job: Job, item: JobItem) -> Step:
        if job.verb == JobVerb.DRAIN and not self._is_draining(job):
            return self.copying.cancel(item)
        found = self.copying.database.read(lambda tx: _find_standing(tx, job, item))
        if found is None or not found.leaving:
            # Given up by retention, purged, or moved by somebody else; or done before a kill.
            return Done()
        if found.staying:
            self.copying.database.write(lambda tx: self._give_up(tx, job, item))
            self.copying.transfers.outcomes.wake_errands()
            return Done(size=found.version.size)
        try:
            return self.copying.step(item, lambda: self.copying.database.read(lambda tx: self._parcel(tx, job, item)))
        except Unreachable:
            if job.verb != JobVerb.DRAIN:
                raise
            # Draining takes its time, and nobody waits for an answer: who does not answer now does so later.
            return Waiting(Instant(self.copying.clock.now() + REST))

    def cancel(self, job: Job, item: JobItem) -> Step:
        del job
        return self.copying.cancel(item)

    def finish(self, tx: Transaction, job: Job) -> Failure | None:
        if job.verb == JobVerb.DRAIN and not job.cancelling:
            self.relocations.go_on(tx, job)
        return None

    def _is_draining(self, job: Job) -> bool:
        """Whether an operator still wants the store to be empty."""
        store = self.copying.database.read(lambda tx: tx.stores.find_store(Ivorn.parse(job.request[STORE])))
        return store is not None and store.state == StoreState.DRAINING

    def _give_up(self, tx: Transaction, job: Job, item: JobItem) -> None:
        """The version is where it is to be; what is left of it elsewhere goes."""
        found = _find_standing(tx, job, item)
        node = tx.nodes.lock_node(found.node.key) if found is not None else None
        # As it is now that nobody else can change it.
        found = _find_standing(tx, job, item)
        if found is None or node is None or not found.staying:
            return
        kept, now = found.staying[0].container, self.copying.clock.now()
        give_up(tx, self.retention, node, found.version, found.leaving, kept, job.caller, now)

    def _parcel(self, tx: Transaction, job: Job, item: JobItem) -> Parcel:
        found = _find_standing(tx, job, item)
        if found is None:
            raise ContentNotFound(item.path or item.node, reason="it is no longer kept")
        source = get_source(found.replicas, tx.stores.list_stores(), item.path or found.node.name)
        named = Ivorn.parse(job.request[STORE]) if job.verb == JobVerb.MOVE else None
        leaving = {replica.store for replica in found.leaving}
        chosen = self.copying.places(tx, found.node, found.version, leaving, named)
        # A transfer is an account's, and who drains a store need not have one.
        caller = found.node.owner if job.verb == JobVerb.DRAIN else job.caller
        return self.copying.pack(tx, found.node, found.version, source, chosen, caller)


def _find_standing(tx: Transaction, job: Job, item: JobItem) -> _Standing | None:
    key, store = int(item.request[VERSION]), Ivorn.parse(job.request[STORE])
    version = tx.census.versions([key]).get(key)
    node = tx.nodes.find_key(version.node) if version is not None else None
    if version is None or node is None:
        return None
    replicas = tx.contents.replicas_of([key]).get(key, [])
    leaving = [each for each in replicas if (each.store == store) == (job.verb == JobVerb.DRAIN)]
    return _Standing(node, version, replicas, leaving)
