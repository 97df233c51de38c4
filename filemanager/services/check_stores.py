"""The check of the tree against its stores, in both directions: two sorted lists of containers, stretch by stretch.

Rule: nothing is reported that a step under way explains. The store is listed before the database is read, because a
transfer is written down before its store is asked, and an errand before its container goes. Whatever looks wrong is
looked at again: see `check_replicas` and `check_orphans`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.domain.caller import Caller
from filemanager.domain.findings import UNVERIFIED, found
from filemanager.ports import Clock, Database, StoreControl, Transaction
from filemanager.services.check_orphans import OrphanCheck
from filemanager.services.check_replicas import Kept, ReplicaCheck
from vofiles.contract import Holding
from vofiles.errors import InvalidArgument, InvalidIdentifier, StoreUnreachable, VofilesError
from vofiles.findings import Finding, Page
from vofiles.instant import SECOND
from vofiles.ivorn import Ivorn

PAGE: Final = 500
"""Containers in one step."""
PATIENCE: Final = 30.0
"""Seconds that a store has to answer."""
END: Final = "\U0010ffff"
"""A number after every container's."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """All containers of a store whose numbers are in a stretch: as the store has them and as the tree has them."""

    store: Ivorn
    after: str
    last: str
    """The last number in it."""
    holdings: Sequence[Holding]
    kept: Sequence[Kept]


@dataclass(frozen=True)
class StoreCheck:
    """The stores' part of a check."""

    database: Database
    control: StoreControl
    clock: Clock
    grace: int
    """Seconds."""

    def stores(self, caller: Caller, after: str, *, repair: bool) -> Page:
        """A page of containers: store by store in the order of their identifiers, and by number."""
        names = [store.identifier for store in self.database.read(lambda tx: tx.stores.list_stores())]
        if not names:
            return Page()
        start = _start(after, names)
        store, rest = start.service, names[names.index(start.service) + 1 :]
        following = str(rest[0]) if rest else None
        try:
            stretch = self._stretch(store, start.fragment)
            findings = self._judge(caller, stretch, repair=repair)
        except VofilesError as error:
            return Page(self._unverified(store, start.fragment, error), {}, following)
        if stretch.last != END:
            following = str(store.with_fragment(stretch.last))
        counted = {
            "containers": len(stretch.holdings),
            "bytes in stores": sum(holding.size or 0 for holding in stretch.holdings),
            "replicas": len(stretch.kept),
            "bytes in the tree": sum(kept.version.size for kept in stretch.kept),
        }
        return Page(tuple(findings), counted, following)

    def _unverified(self, store: Ivorn, after: str, error: VofilesError) -> tuple[Finding, ...]:
        if not self.database.read(lambda tx: tx.census.replicas(store, after, 1)):
            # Nothing of the tree is there, so that nothing can be missing.
            return ()
        return (found(UNVERIFIED, store, f"what it holds could not be seen: {error.message}"),)

    def _stretch(self, store: Ivorn, after: str) -> _Stretch:
        answer = self.control.list_containers(store, after, PAGE, PATIENCE)
        numbers = [holding.container.fragment for holding in answer.holdings]
        if numbers != sorted(set(numbers)) or not all(number > after for number in [*numbers, answer.next or END]):
            raise StoreUnreachable(store, reason="its list of containers is not in order")
        kept = self.database.read(lambda tx: _kept(tx, store, after))
        ends = [answer.next] if answer.next is not None else []
        if len(kept) == PAGE:
            ends.append(kept[-1].replica.container.fragment)
        # Beyond the end of a list that was cut nothing is known of the other one's numbers.
        last = min(ends, default=END)
        return _Stretch(
            store,
            after,
            last,
            [holding for holding in answer.holdings if holding.container.fragment <= last],
            [each for each in kept if each.replica.container.fragment <= last],
        )

    def _judge(self, caller: Caller, stretch: _Stretch, *, repair: bool) -> list[Finding]:
        held = {holding.container: holding for holding in stretch.holdings}
        wanted = {kept.replica.container for kept in stretch.kept}
        replicas = ReplicaCheck(self.database, self.control, self.clock, caller, repair)
        findings = [
            finding for kept in stretch.kept for finding in replicas.judge(kept, held.get(kept.replica.container))
        ]
        orphans = OrphanCheck(self.database, self.control, self.clock, self.grace * SECOND, repair)
        unwanted = [holding for holding in stretch.holdings if holding.container not in wanted]
        return findings + orphans.judge(stretch.store, stretch.after, stretch.last, unwanted)


def _start(after: str, names: Sequence[Ivorn]) -> Ivorn:
    if not after:
        return names[0]
    try:
        start = Ivorn.parse(after)
    except InvalidIdentifier:
        start = None
    if start is None or start.service not in names:
        raise InvalidArgument("after", reason="it is the `next` of the report before")
    return start


def _kept(tx: Transaction, store: Ivorn, after: str) -> list[Kept]:
    replicas = tx.census.replicas(store, after, PAGE)
    versions = tx.census.versions([replica.version for replica in replicas])
    kept = []
    for replica in replicas:
        version = versions[replica.version]
        node = tx.nodes.find_key(version.node)
        assert node is not None, "a foreign key leads nowhere"
        kept.append(Kept(replica, version, node))
    return kept
