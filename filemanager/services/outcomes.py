"""Outcomes: how a transfer ended, by its store's word.

Rule: one idempotent commit for each, deduplicated on transfer and outcome, wherever the word came from (callback, or
the answer to a question): version, replica, size, digests, type, dates and Change together or not at all (I5). A store
settles its own transfers and nobody else's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.conditions import require_version
from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import Node
from filemanager.domain.properties import CONTENT_TYPE
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.replicas import take_replica
from filemanager.services.retention import RetentionService, drop
from filemanager.services.settlement import Settlements
from vofiles.contract import Direction, Failure, Receipt, TransferFailed, TransferState
from vofiles.errors import InvalidArgument, TransferNotFound, VersionConflict
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_BAD_ENDS = frozenset({TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})
_OPERATIONS = {Direction.APPEND_INIT: ChangeOperation.APPEND, Direction.COPY: ChangeOperation.COPY}
"""What is written into the history for a new version, where it is not an import."""


@dataclass(frozen=True)
class Outcomes:
    """The use cases of stores."""

    config: Config
    database: Database
    clock: Clock
    settlements: Settlements
    wake_errands: Callable[[], None]
    retention: RetentionService

    def complete(self, store: Ivorn, receipt: Receipt) -> None:
        """The store has all bytes of a transfer, or has sent them. Doing it again changes nothing.

        Raises TransferNotFound where the store has no such transfer, InvalidArgument for another store's container.
        """
        now = self.clock.now()

        def commit(tx: Transaction) -> bool:
            """Whether there are errands now."""
            transfer = _lock(tx, store, receipt.transfer)
            _require_own_container(transfer, receipt)
            if transfer.state == TransferState.COMPLETED:
                return False
            if not transfer.is_import:
                if not transfer.has_ended:
                    tx.transfers.save_transfer(_completed(transfer, receipt))
                return False
            node = tx.nodes.lock_node(transfer.node) if transfer.node is not None else None
            if transfer.has_ended or node is None:
                # Nobody wants these bytes any more: cancelled, given up, or the node is gone and stays gone.
                drop(tx, store, receipt.container, now, now)
                if not transfer.has_ended:
                    tx.transfers.save_transfer(transfer.moved_to(TransferState.CANCELLED))
                return True
            if transfer.replica_of is not None:
                tx.transfers.save_transfer(take_replica(tx, self.retention, node, transfer, receipt, now))
                return True
            conflict = _find_conflict(node, transfer)
            if conflict is not None:
                # Another content came first: what the caller required is no longer so, and nobody wants these bytes.
                drop(tx, store, receipt.container, now, now)
                tx.transfers.save_transfer(transfer.moved_to(TransferState.FAILED, failure=conflict))
                return True
            before = tx.contents.find_version(node.key, node.version) if node.version else None
            given_up = self._add_version(tx, node, before, transfer, receipt, now)
            kept = before.size if before is not None and transfer.direction == Direction.APPEND_INIT else 0
            tx.transfers.save_transfer(_completed(transfer, receipt, kept))
            return given_up > 0

        self._announce(receipt.transfer, errands=self.database.write(commit))

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
        self._announce(outcome.transfer, errands=False)

    def abandon(self, number: str, state: str, failure: Failure, *, tell: bool, unless_begun: bool = False) -> None:
        """End a transfer from this side, if it has not ended; `tell` has its store told, however long that takes, and
        `unless_begun` leaves one alone that its store has agreed to.
        """
        now = self.clock.now()

        def commit(tx: Transaction) -> None:
            transfer = tx.transfers.lock_transfer(number)
            if transfer is None or transfer.has_ended:
                return
            if unless_begun and transfer.state != TransferState.REQUESTED:
                return
            tx.transfers.save_transfer(transfer.moved_to(state, failure=failure))
            if tell:
                tx.errands.add_errand(Errand(transfer.store, ErrandVerb.CANCEL_TRANSFER, number, now, now))

        self.database.write(commit)
        self._announce(number, errands=tell)

    def _announce(self, number: str, *, errands: bool) -> None:
        self.settlements.publish(number)
        # To look for what is not there costs as much as a callback's own commit.
        if errands:
            self.wake_errands()

    def _add_version(
        self,
        tx: Transaction,
        node: Node,
        before: ContentVersion | None,
        transfer: Transfer,
        receipt: Receipt,
        now: Instant,
    ) -> int:
        """Answers how many versions were given up for it."""
        fresh = tx.contents.add_version(
            ContentVersion(
                node.key, node.version + 1, receipt.size, receipt.created, receipt.content_type, receipt.digests
            )
        )
        tx.contents.add_replica(Replica(fresh.key, transfer.store, receipt.container, ReplicaState.AVAILABLE))
        after = node.with_content(fresh.number, now)
        tx.nodes.save_node(after)
        # Below a folder that has been deleted, content may still come.
        tx.trash.forget_count(node.key)
        stored = tx.nodes.property_of([node.key], CONTENT_TYPE).get(node.key)
        said = stored
        uploaded = transfer.direction != Direction.COPY
        if uploaded and stored is not None and transfer.content_type is not None and stored != transfer.content_type:
            # Who uploaded said anew what the bytes are; what was said of the old ones must not hide it.
            said = transfer.content_type
            tx.nodes.put_properties(node.key, {CONTENT_TYPE: said})
        gone: dict[str, str | None] = {"content.version": str(node.version) if node.version else None}
        came: dict[str, str | None] = {
            "content.version": str(fresh.number),
            "content.size": str(fresh.size),
            "filestore.location": str(receipt.container),
        }
        types = stored or (before.content_type if before is not None else None), said or fresh.content_type
        if types[0] != types[1]:
            gone[CONTENT_TYPE], came[CONTENT_TYPE] = types
        operation = _OPERATIONS.get(transfer.direction, ChangeOperation.IMPORT)
        tx.changes.add_change(Change(transfer.caller, node.owner, after.modified, node.number, operation, gone, came))
        return self.retention.retain(tx, after, now)


def _lock(tx: Transaction, store: Ivorn, number: str) -> Transfer:
    transfer = tx.transfers.lock_transfer(number)
    if transfer is None or transfer.store != store:
        raise TransferNotFound(number)
    return transfer


def _find_conflict(node: Node, transfer: Transfer) -> Failure | None:
    """Why a transfer's bytes cannot become the content of a node as it is now, if so."""
    try:
        require_version(node, transfer.if_version)
    except VersionConflict as error:
        return Failure(error.name, error.message)
    return None


def _require_own_container(transfer: Transfer, receipt: Receipt) -> None:
    """A receipt is about a container of the store that signs, and about the one that the store had named before."""
    if receipt.container.service != transfer.store or not receipt.container.fragment:
        raise InvalidArgument("container", reason=f"{receipt.container} is not a container of {transfer.store}")
    if transfer.container is not None and receipt.container != transfer.container:
        raise InvalidArgument("container", reason=f"transfer {transfer.number} is about {transfer.container}")


def _completed(transfer: Transfer, receipt: Receipt, kept: int = 0) -> Transfer:
    """`kept` bytes were there before and did not move."""
    return transfer.moved_to(
        TransferState.COMPLETED, receipt=receipt, bytes_done=receipt.size - kept, container=receipt.container
    )
