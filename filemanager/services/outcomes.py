"""Outcomes: how a transfer ended, by its store's word.

Rule: one idempotent commit for each, deduplicated on transfer and outcome, wherever the word came from (callback, or
the answer to a question): version, replica, size, digests, type, dates and Change together or not at all (I5). A store
settles its own transfers and nobody else's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.content import ContentVersion, dropped
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import Node
from filemanager.domain.properties import CONTENT_TYPE
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.settlement import Settlements
from vofiles.contract import Failure, Receipt, TransferFailed, TransferState
from vofiles.errors import InvalidArgument, TransferNotFound
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

_BAD_ENDS = frozenset({TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})


@dataclass(frozen=True)
class Outcomes:
    """The use cases of stores."""

    config: Config
    database: Database
    clock: Clock
    settlements: Settlements
    wake_errands: Callable[[], None]

    def complete(self, store: Ivorn, receipt: Receipt) -> None:
        """The store has all bytes of a transfer, or has sent them. Doing it again changes nothing.

        Raises TransferNotFound where the store has no such transfer, InvalidArgument for another store's container.
        """
        now = self.clock.now()

        def commit(tx: Transaction) -> None:
            transfer = _lock(tx, store, receipt.transfer)
            _require_own_container(transfer, receipt)
            if transfer.state == TransferState.COMPLETED:
                return
            if not transfer.is_import:
                if not transfer.has_ended:
                    tx.transfers.save_transfer(_completed(transfer, receipt))
                return
            node = tx.nodes.lock_node(transfer.node) if transfer.node is not None else None
            if transfer.has_ended or node is None:
                # Nobody wants these bytes any more: cancelled, given up, or the node is gone and stays gone.
                _drop(tx, store, receipt.container, now, now)
                if not transfer.has_ended:
                    tx.transfers.save_transfer(transfer.moved_to(TransferState.CANCELLED))
                return
            self._add_version(tx, node, transfer, receipt, now)
            tx.transfers.save_transfer(_completed(transfer, receipt))

        self.database.write(commit)
        self._announce(receipt.transfer)

    def fail(self, store: Ivorn, outcome: TransferFailed) -> None:
        """A transfer has ended badly; a node's content stays as it was. Doing it again changes nothing.

        Raises TransferNotFound where the store has no such transfer, InvalidArgument for a state that is no bad end.
        """
        if outcome.state not in _BAD_ENDS:
            raise InvalidArgument("state", reason=f"it is one of {', '.join(sorted(_BAD_ENDS))}")

        def commit(tx: Transaction) -> None:
            transfer = _lock(tx, store, outcome.transfer)
            if not transfer.has_ended:
                tx.transfers.save_transfer(transfer.moved_to(outcome.state, failure=outcome.failure))

        self.database.write(commit)
        self._announce(outcome.transfer)

    def abandon(self, number: str, state: str, failure: Failure, *, tell: bool) -> None:
        """End a transfer from this side, if it has not ended; `tell` has its store told, however long that takes."""
        now = self.clock.now()

        def commit(tx: Transaction) -> None:
            transfer = tx.transfers.lock_transfer(number)
            if transfer is None or transfer.has_ended:
                return
            tx.transfers.save_transfer(transfer.moved_to(state, failure=failure))
            if tell:
                tx.errands.add_errand(Errand(transfer.store, ErrandVerb.CANCEL_TRANSFER, number, now, now))

        self.database.write(commit)
        self._announce(number)

    def _announce(self, number: str) -> None:
        self.settlements.publish(number)
        self.wake_errands()

    def _add_version(self, tx: Transaction, node: Node, transfer: Transfer, receipt: Receipt, now: Instant) -> None:
        fresh = tx.contents.add_version(
            ContentVersion(
                node.key, node.version + 1, receipt.size, receipt.created, receipt.content_type, receipt.digests
            )
        )
        tx.contents.add_replica(Replica(fresh.key, transfer.store, receipt.container, ReplicaState.AVAILABLE))
        after = node.with_content(fresh.number, now)
        tx.nodes.save_node(after)
        stored = tx.nodes.property_of([node.key], CONTENT_TYPE).get(node.key)
        if stored is not None and transfer.content_type is not None and stored != transfer.content_type:
            # Who uploaded said anew what the bytes are; what was said of the old ones must not hide it.
            tx.nodes.put_properties(node.key, {CONTENT_TYPE: transfer.content_type})
        tx.changes.add_change(
            Change(
                transfer.caller,
                node.owner,
                after.modified,
                node.number,
                ChangeOperation.IMPORT,
                {"content.version": str(node.version) if node.version else None},
                {
                    "content.version": str(fresh.number),
                    "content.size": str(fresh.size),
                    "filestore.location": str(receipt.container),
                },
            )
        )
        self._retain(tx, after, now)

    def _retain(self, tx: Transaction, node: Node, now: Instant) -> None:
        """Give up the versions that need not be kept, each when nobody fetches it any more."""
        old = tx.contents.versions_up_to(node.key, dropped(node.version, self.config.terms.keep_versions))
        if not old:
            return
        exports = [each for each in tx.transfers.open_transfers(node.key) if not each.is_import]
        lifetime = self.config.terms.transfer_lifetime * SECOND
        replicas = tx.contents.replicas_of([version.key for version in old])
        for version in old:
            for replica in replicas.get(version.key, []):
                # An export whose offer is not written down yet has an early `due`, and will have a ticket all the same.
                due = [
                    max(each.due, each.created + lifetime) for each in exports if each.container == replica.container
                ]
                _drop(tx, replica.store, replica.container, now, Instant(max([now, *due])))
            tx.contents.delete_version(version.key)


def _lock(tx: Transaction, store: Ivorn, number: str) -> Transfer:
    transfer = tx.transfers.lock_transfer(number)
    if transfer is None or transfer.store != store:
        raise TransferNotFound(number)
    return transfer


def _require_own_container(transfer: Transfer, receipt: Receipt) -> None:
    """A receipt is about a container of the store that signs, and about the one that the store had named before."""
    if receipt.container.service != transfer.store or not receipt.container.fragment:
        raise InvalidArgument("container", reason=f"{receipt.container} is not a container of {transfer.store}")
    if transfer.container is not None and receipt.container != transfer.container:
        raise InvalidArgument("container", reason=f"transfer {transfer.number} is about {transfer.container}")


def _completed(transfer: Transfer, receipt: Receipt) -> Transfer:
    return transfer.moved_to(
        TransferState.COMPLETED, receipt=receipt, bytes_done=receipt.size, container=receipt.container
    )


def _drop(tx: Transaction, store: Ivorn, container: Ivorn, now: Instant, due: Instant) -> None:
    tx.errands.add_errand(Errand(store, ErrandVerb.DELETE_CONTAINER, str(container), now, due))
