"""Relocations: which contents are to go to another store, of a node with all below it or of a store that is drained.

Rule: what goes is frozen when it begins, a version of a file at a time, earlier ones too. A drain freezes a page at a
time, in the order of container numbers; behind the last page it looks again at all that is left, so that what came
while it was at work goes too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node
from filemanager.domain.placement import Preferences, candidates
from filemanager.domain.replica import Replica
from filemanager.domain.rights import require_administrator
from filemanager.domain.store import StoreState
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.finding import path_of
from filemanager.services.jobs import add_items, begin_job, describe_job
from filemanager.services.operating import set_store_state
from vofiles import contract
from vofiles.contract import ItemState, JobState, JobVerb, NodeKind
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, encode_segment

STORE: Final = "store"
"""What a job says of where contents go, or for a drain of where they leave."""
VERSION: Final = "version"
"""What an item says: the key of the version that it is about."""
CONTAINER: Final = "container"
"""What an item of a drain says besides: the number of the container that is left."""
PAGE: Final = 500
"""Contents of a drain frozen at a time."""
JOBS: Final = 500
"""The service's own jobs among which those of a store are looked for."""
ALL: Final = (1 << 31) - 1


@dataclass(frozen=True)
class Relocations:
    """What is to go."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    wake_jobs: Callable[[], None]
    is_down: Callable[[Ivorn], bool]

    def begin_move(
        self, tx: Transaction, caller: Caller, node: Node, store: Ivorn, now: Instant, number: str
    ) -> Job | None:
        """A job that brings all contents of a node, and below it, to a store; None where they are there already. In
        the transaction of whoever moves the node.

        Raises TooLarge, and what `candidates` does for that store.
        """
        stores = {each.identifier: each for each in tx.stores.list_stores()}
        candidates(Preferences(explicit=store), stores, None, self.is_down)
        items = _items_below(tx, node, store)
        if not items:
            return None
        request = {STORE: str(store)}
        return begin_job(
            tx, self.config, now, number, caller, JobVerb.MOVE, node.owner, items, node=node.number, request=request
        )

    def drain(self, caller: Caller, store: Ivorn) -> contract.Job:
        """Have a store take no new content and all that it has brought to others, as long as that is its state; the
        job that is at work on it.

        Raises PermissionDenied, StoreNotFound, InvalidArgument where the configuration says another state.
        """
        require_administrator(caller, "drain a store")
        set_store_state(self.database, self.config, caller, store, StoreState.DRAINING)

        def begin(tx: Transaction) -> Job:
            latest = self.find_drain(tx, store)
            return latest if latest is not None and not latest.has_ended else self._begin_drain(tx, store)

        job = self.database.write(begin)
        self.wake_jobs()
        return describe_job(self.config.identifier, job)

    def keep_draining(self) -> int:
        """Begin again where a store that was drained has got content since, by an address that was given out before;
        answers how many jobs. What failed is left to who retries it.
        """
        begun = 0
        for store in self.database.read(lambda tx: tx.stores.list_stores()):
            if store.state == StoreState.DRAINING:
                begun += self.database.write(lambda tx, name=store.identifier: self._drain_again(tx, name))  # type: ignore[misc]
        if begun:
            self.wake_jobs()
        return begun

    def go_on(self, tx: Transaction, job: Job) -> None:
        """Give a drain its next page, if there is one."""
        store = Ivorn.parse(job.request[STORE])
        known = tx.stores.find_store(store)
        if known is None or known.state != StoreState.DRAINING:
            return
        last = tx.jobs.items(job.key, None, job.total - 1, 1)
        page = tx.census.replicas(store, last[0].request[CONTAINER] if last else "", PAGE)
        if not page:
            page = _left_over(tx, job, store)
        if page:
            add_items(tx, job, self._items(tx, store, page), self.clock.now())

    def _drain_again(self, tx: Transaction, store: Ivorn) -> bool:
        latest = self.find_drain(tx, store)
        if latest is None or latest.state != JobState.COMPLETED or not tx.census.replicas(store, "", 1):
            return False
        self._begin_drain(tx, store)
        return True

    def find_drain(self, tx: Transaction, store: Ivorn) -> Job | None:
        """The latest job that drains a store, ended or not."""
        jobs = tx.jobs.list_jobs(self.config.identifier, None, None, JOBS)
        return next((job for job in jobs if _is_drain_of(job, store)), None)

    def _begin_drain(self, tx: Transaction, store: Ivorn) -> Job:
        items = self._items(tx, store, tx.census.replicas(store, "", PAGE))
        return begin_job(
            tx,
            self.config,
            self.clock.now(),
            self.numbers.new_number(),
            Caller(self.config.identifier),
            JobVerb.DRAIN,
            # It works in nobody's space; and by this it is found when it has ended.
            store,
            items,
            request={STORE: str(store)},
        )

    def _items(self, tx: Transaction, store: Ivorn, page: Sequence[Replica]) -> list[JobItem]:
        versions = tx.census.versions([replica.version for replica in page])
        items = []
        for replica in page:
            version = versions[replica.version]
            node = tx.nodes.find_key(version.node)
            assert node is not None, "a foreign key leads nowhere"
            steps = path_of(tx, self.config.identifier, node).path
            request = {VERSION: str(version.key), CONTAINER: replica.container.fragment}
            path = "/".join(map(encode_segment, steps))
            items.append(JobItem(0, path, node.number, None, store, version.size, request))
        return items


def _is_drain_of(job: Job, store: Ivorn) -> bool:
    return job.verb == JobVerb.DRAIN and job.owner == store


def _left_over(tx: Transaction, job: Job, store: Ivorn) -> list[Replica]:
    """Some of what a store still has and what has not failed in this job."""
    after, number, failed = "", 0, set[str]()
    while items := tx.jobs.items(job.key, ItemState.FAILED, number, PAGE):
        failed |= {item.request[VERSION] for item in items}
        number = items[-1].number
    while page := tx.census.replicas(store, after, PAGE):
        found = [replica for replica in page if str(replica.version) not in failed]
        if found:
            return found
        after = page[-1].container.fragment
    return []


def _items_below(tx: Transaction, node: Node, store: Ivorn) -> list[JobItem]:
    """An item for each version of each file that is in another store."""
    level: list[tuple[Node, str]] = [(node, "")]
    items: list[JobItem] = []
    while level:
        files = {each.key: (each, path) for each, path in level if each.kind == NodeKind.FILE}
        items += _items_of(tx, files, store)
        folders = {each.key: path for each, path in level if each.kind == NodeKind.FOLDER}
        children = tx.nodes.children_of(list(folders), ALL) if folders else []
        level = [(child, _joined(folders[child.parent or 0], child.name)) for child in children]
    return items


def _items_of(tx: Transaction, files: dict[int, tuple[Node, str]], store: Ivorn) -> list[JobItem]:
    elsewhere = [each for each in tx.contents.replicas_of_nodes(list(files)) if each.store != store]
    versions = tx.census.versions([replica.version for replica in elsewhere])
    items = []
    for version in sorted(versions.values(), key=lambda each: (files[each.node][1], each.number)):
        node, path = files[version.node]
        items.append(JobItem(0, path, node.number, None, store, version.size, {VERSION: str(version.key)}))
    return items


def _joined(path: str, name: str) -> str:
    return f"{path}/{encode_segment(name)}" if path else encode_segment(name)
