"""Retention: giving up the content versions that need not be kept.

Rule: retention alone decides about deletion of content. What is given up goes from the tree at once and from its store
when nobody can be fetching it, or adding to it, any more. Asked at every new version, and again and again by the
upkeep, a few files at a time: for the sake of what only grows old, and of a space that wants less than before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from filemanager.config import Config
from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.retention import Retention
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Transaction
from vofiles.contract import Direction
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

BATCH = 200
"""Versions looked at in one turn of the upkeep."""


@dataclass
class _Walk:
    """How far the upkeep is. Lost with the process, it begins again."""

    after: int = 0


@dataclass(frozen=True)
class RetentionService:
    """What is kept, and what is given up."""

    config: Config
    database: Database
    clock: Clock
    wake_errands: Callable[[], None]
    _walk: _Walk = field(default_factory=_Walk, init=False)

    def retain(self, tx: Transaction, node: Node, now: Instant) -> int:
        """Give up the versions of a node, which is locked, that need not be kept; answers how many."""
        old = self._given_up(tx, node, now)
        if not old:
            return 0
        moving = tx.transfers.open_transfers(node.key)
        replicas = tx.contents.replicas_of([version.key for version in old])
        for version in old:
            for replica in replicas.get(version.key, []):
                drop(tx, replica.store, replica.container, now, self._free_from(moving, version, replica, now))
            tx.contents.delete_version(version.key)
        tx.trash.forget_count(node.key)
        return len(old)

    def free_from(
        self, tx: Transaction, node: Node, version: ContentVersion, replica: Replica, now: Instant
    ) -> Instant:
        """From when on a replica of a version of this node may go from its store."""
        return self._free_from(tx.transfers.open_transfers(node.key), version, replica, now)

    def sweep(self) -> int:
        """Look at the next few versions that are not the current ones; answers how many were given up."""
        now, after = self.clock.now(), self._walk.after

        def look(tx: Transaction) -> tuple[list[ContentVersion], list[int]]:
            some = tx.contents.superseded(after, BATCH)
            nodes = [tx.nodes.find_key(key) for key in dict.fromkeys(version.node for version in some)]
            return some, [node.key for node in nodes if node is not None and self._given_up(tx, node, now)]

        some, keys = self.database.read(look)
        number = 0
        for key in keys:
            number += self.database.write(lambda tx, key=key: self._retain_key(tx, key, now))  # type: ignore[misc]
        self._walk.after = some[-1].key if len(some) == BATCH else 0
        if number:
            self.wake_errands()
        return number

    def _retain_key(self, tx: Transaction, key: int, now: Instant) -> int:
        node = tx.nodes.lock_node(key)
        return self.retain(tx, node, now) if node is not None else 0

    def _given_up(self, tx: Transaction, node: Node, now: Instant) -> list[ContentVersion]:
        """The versions of a node that need not be kept, the oldest first."""
        if node.version < 2:
            return []
        rule = self._rule(tx, node)
        found = tx.contents.versions_up_to(node.key, rule.last_given_up(node.version))
        until = rule.too_old(now)
        if until is not None:
            found += tx.contents.superseded_until(node.key, until)
        versions = {version.number: version for version in found if version.number < node.version}
        return [versions[number] for number in sorted(versions)]

    def _rule(self, tx: Transaction, node: Node) -> Retention:
        """What the root of a node's space says, and the service where it says nothing."""
        # Not the root above the node: what is in the trash is kept as it was, so that it can be restored as it was.
        account = tx.accounts.find_account(node.owner)
        root = tx.nodes.find_node(account.home) if account is not None else None
        wishes = tx.nodes.properties_of([root.key]).get(root.key, {}) if root is not None else {}
        return Retention(self.config.terms.keep_versions, self.config.terms.keep_days).with_wishes(wishes)

    def _free_from(self, moving: list[Transfer], version: ContentVersion, replica: Replica, now: Instant) -> Instant:
        """From when on nobody fetches the bytes of a replica, or adds to them."""
        lifetime = self.config.terms.transfer_lifetime * SECOND
        # A transfer whose offer is not written down yet has an early `due`, and will have a ticket all the same.
        due = [max(each.due, each.created + lifetime) for each in moving if _needs(each, version, replica)]
        return Instant(max([now, *due]))


def _needs(transfer: Transfer, version: ContentVersion, replica: Replica) -> bool:
    if transfer.direction == Direction.APPEND_INIT:
        return (transfer.if_version, transfer.store) == (version.number, replica.store)
    return not transfer.is_import and transfer.container == replica.container


def drop(tx: Transaction, store: Ivorn, container: Ivorn, now: Instant, due: Instant) -> None:
    """Have a container deleted in its store, not before `due`."""
    tx.errands.add_errand(Errand(store, ErrandVerb.DELETE_CONTAINER, str(container), now, due))
