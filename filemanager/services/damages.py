"""Damages: what a store says it has damaged is LOST in the tree, and brought back where its bytes are elsewhere.

    so many are damaged, says the store  ──►  it lists them  ──►  {their replicas LOST}
                                                             ──►  {a REPAIR job} for those that are elsewhere, too

Rule: asked by the upkeep, so that nobody has to read a node to find out. What is nowhere else stays LOST and says so to
who reads it. One job at a time repairs a store; what it could not do is tried again after a rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.replica import READABLE, Replica, ReplicaState
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from filemanager.services.finding import path_of
from filemanager.services.jobs import begin_job
from filemanager.services.relocations import CONTAINER, JOBS, STORE, VERSION
from filemanager.services.repairs import find_sources
from filemanager.services.replicas import mark
from vofiles.contract import JobVerb
from vofiles.errors import VofilesError
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, encode_segment

PAGE: Final = 500
"""Damaged containers listed, and repaired, at a time."""
REST: Final = 600 * SECOND
"""How long the same damage is left alone after it was looked at, in microseconds."""


@dataclass(frozen=True)
class Damages:
    """What becomes of damaged containers."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers
    wake_jobs: Callable[[], None]
    _seen: dict[Ivorn, tuple[frozenset[Ivorn], Instant]] = field(default_factory=dict, init=False)
    """What was damaged in a store when it was looked at last, and when. Lost with the process: it is looked again."""

    def heard(self, store: Ivorn, number: int) -> int:
        """A store has said how many of our containers it has damaged; answers how many it has begun to repair. What
        cannot be done now is done when the store says so again.
        """
        if not number:
            self._seen.pop(store, None)
            return 0
        try:
            containers = self._list(store)
        except VofilesError:
            return 0
        for replica in self._marked(containers):
            self._mark(replica)
        if self._is_known(store, containers):
            return 0
        begun = self._begin(store, containers)
        if begun:
            self.wake_jobs()
        return begun

    def _list(self, store: Ivorn) -> list[Ivorn]:
        containers, after = list[Ivorn](), ""
        while True:
            answer = self.control.list_containers(store, after, PAGE, self.config.terms.store_timeout, damaged=True)
            containers += [holding.container for holding in answer.holdings]
            if answer.next is None or answer.next <= after:
                return containers
            after = answer.next

    def _is_known(self, store: Ivorn, containers: Sequence[Ivorn]) -> bool:
        """Whether all of this was looked at a moment ago."""
        damaged, now = frozenset(containers), self.clock.now()
        before, at = self._seen.get(store, (frozenset(), Instant(0)))
        if damaged <= before and now - at < REST:
            return True
        self._seen[store] = damaged, now
        return False

    def _marked(self, containers: Sequence[Ivorn]) -> list[Replica]:
        """The replicas in these containers that are still taken for readable."""
        found = self.database.read(lambda tx: tx.census.replicas_in(containers))
        return [replica for replica in found.values() if replica.state in READABLE]

    def _mark(self, replica: Replica) -> None:
        now = self.clock.now()

        def commit(tx: Transaction) -> None:
            version = tx.census.versions([replica.version]).get(replica.version)
            node = tx.nodes.lock_node(version.node) if version is not None else None
            if node is not None:
                mark(tx, self.config.identifier, node, replica, ReplicaState.LOST, now)

        self.database.write(commit)

    def _begin(self, store: Ivorn, containers: Sequence[Ivorn]) -> int:
        """Begin to repair what can be; answers how many contents."""
        # Before the write: to look for bytes elsewhere takes its time.
        items = self.database.read(lambda tx: self._items(tx, store, containers))
        if not items:
            return 0
        now, number = self.clock.now(), self.numbers.new_number()

        def begin(tx: Transaction) -> int:
            latest = _find_repair(tx, self.config.identifier, store)
            if latest is not None and not latest.has_ended:
                return 0
            caller = Caller(self.config.identifier)
            begin_job(tx, self.config, now, number, caller, JobVerb.REPAIR, store, items, request={STORE: str(store)})
            return len(items)

        begun = self.database.write(begin)
        if not begun:
            # The one under way does not know of all of this: what it leaves is looked at when it has ended.
            self._seen.pop(store, None)
        return begun

    def _items(self, tx: Transaction, store: Ivorn, containers: Sequence[Ivorn]) -> list[JobItem]:
        held = tx.census.replicas_in(containers)
        lost = [replica for replica in held.values() if replica.state == ReplicaState.LOST]
        versions = tx.census.versions([replica.version for replica in lost])
        sources = find_sources(tx, list(versions.values()))
        items = []
        for replica in lost:
            version = versions[replica.version]
            node = tx.nodes.find_key(version.node)
            if node is None or not sources.get(version.key):
                continue
            path = "/".join(map(encode_segment, path_of(tx, self.config.identifier, node).path))
            request = {VERSION: str(version.key), CONTAINER: replica.container.fragment}
            items.append(JobItem(0, path, node.number, None, store, version.size, request))
        return items[:PAGE]


def _find_repair(tx: Transaction, service: Ivorn, store: Ivorn) -> Job | None:
    """The latest job that repairs a store, ended or not."""
    jobs = tx.jobs.list_jobs(service, None, None, JOBS)
    return next((job for job in jobs if job.verb == JobVerb.REPAIR and job.owner == store), None)
