"""Replicas that come and go: a version's bytes arrive in another store, and what they were copied from is given up.

    copy (an open transfer) -> verify (its receipt) -> switch (one commit) -> errand (the old container goes)

Rule: the open transfer is all that there is of a copy under way, so that a kill leaves the version where it was. The
commit that takes the new replica gives up the others: there is one logical copy, readable at every moment. Where a
replica is repaired, only those go that cannot be read.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.content import ContentVersion
from filemanager.domain.job import Job
from filemanager.domain.node import Node, later
from filemanager.domain.replica import READABLE, Replica, ReplicaState
from filemanager.domain.store import Store, StoreState
from filemanager.domain.transfer import Transfer
from filemanager.ports import Transaction
from filemanager.services.retention import RetentionService, drop
from vofiles.contract import Failure, JobVerb, Receipt, TransferState
from vofiles.errors import ChecksumMismatch, ContentNotFound, StoreUnreachable
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

STATE: Final = "filestore.location.state"
"""What the history calls the state of a replica."""


def take_replica(
    tx: Transaction, retention: RetentionService, node: Node, transfer: Transfer, receipt: Receipt, now: Instant
) -> Transfer:
    """What becomes of a transfer whose bytes are to be another replica of a version of `node`, which is locked; the
    receipt is about a container of the transfer's store. To be saved by the caller.
    """
    assert transfer.replica_of is not None
    version = tx.census.versions([transfer.replica_of]).get(transfer.replica_of)
    replicas = tx.contents.replicas_of([version.key]).get(version.key, []) if version is not None else []
    if version is None or any(replica.store == transfer.store for replica in readable(replicas)):
        # Retention has given it up meanwhile, or another transfer was there before: nobody wants these bytes.
        drop(tx, transfer.store, receipt.container, now, now)
        failure = Failure("TransferEnded", "The content is no more, or is there already")
        return transfer.moved_to(TransferState.CANCELLED, failure=failure)
    fault = _find_fault(version, receipt)
    if fault is not None:
        drop(tx, transfer.store, receipt.container, now, now)
        return transfer.moved_to(TransferState.FAILED, failure=fault)
    job = _job_of(tx, transfer)
    repairs = job is not None and job.verb == JobVerb.REPAIR
    leaving = [each for each in replicas if not repairs or each.state not in READABLE]
    # An operator's job is done in the name of the content's owner.
    who = job.caller if job is not None else transfer.caller
    give_up(tx, retention, node, version, leaving, receipt.container, who, now)
    tx.contents.add_replica(Replica(version.key, transfer.store, receipt.container, ReplicaState.AVAILABLE))
    return transfer.moved_to(
        TransferState.COMPLETED, receipt=receipt, bytes_done=receipt.size, container=receipt.container
    )


def give_up(
    tx: Transaction,
    retention: RetentionService,
    node: Node,
    version: ContentVersion,
    replicas: Sequence[Replica],
    kept: Ivorn,
    who: Ivorn,
    now: Instant,
) -> None:
    """Give up replicas of a version of `node`, which is locked, for the sake of the one in the container `kept`. Their
    containers go when nobody can be fetching them any more.
    """
    for replica in replicas:
        drop(tx, replica.store, replica.container, now, retention.free_from(tx, node, version, replica, now))
        tx.contents.delete_replica(replica.key)
        tx.changes.add_change(
            Change(
                who,
                node.owner,
                later(now, node.modified),
                node.number,
                ChangeOperation.RELOCATE,
                {"content.version": str(version.number), "filestore.location": str(replica.container)},
                {"content.version": str(version.number), "filestore.location": str(kept)},
            )
        )


def readable(replicas: Sequence[Replica]) -> list[Replica]:
    """Those of a version's replicas whose stores can be asked for the bytes, the preferred one first."""
    return [replica for replica in replicas if replica.state in READABLE]


def mark(tx: Transaction, who: Ivorn, node: Node, replica: Replica, state: str, now: Instant) -> bool:
    """Say what can be said of a replica of a version of `node`, which is locked; False where it is gone."""
    held = tx.census.replicas_in([replica.container]).get(replica.container)
    if held is None:
        return False
    tx.census.mark_replica(held.key, state)
    before = {STATE: held.state}
    at = later(now, node.modified)
    tx.changes.add_change(Change(who, node.owner, at, node.number, ChangeOperation.MARK, before, {STATE: state}))
    return True


def _job_of(tx: Transaction, transfer: Transfer) -> Job | None:
    """The job that had the content moved."""
    number = tx.jobs.job_of_transfer(transfer.number)
    return tx.jobs.find_job(number) if number is not None else None


def get_source(replicas: Sequence[Replica], stores: Iterable[Store], about: str) -> Replica:
    """The replica that a version is copied from. Raises ContentNotFound where none can be read, StoreUnreachable."""
    found = readable(replicas)
    if not found:
        raise ContentNotFound(about, reason="no store has it in a readable state")
    offline = {store.identifier for store in stores if store.state == StoreState.OFFLINE}
    source = next((replica for replica in found if replica.store not in offline), None)
    if source is None:
        raise StoreUnreachable(found[0].store, reason="it is OFFLINE")
    return source


def _find_fault(version: ContentVersion, receipt: Receipt) -> Failure | None:
    """Why these are not the bytes of the version, if so."""
    made = {digest.algorithm: digest.value for digest in receipt.digests}
    differ = [each.algorithm for each in version.digests if made.get(each.algorithm, each.value) != each.value]
    if receipt.size == version.size and not differ:
        return None
    what = f"{receipt.size} bytes came of {version.size}" if not differ else f"another {', '.join(differ)}"
    error = ChecksumMismatch(f"version {version.number}", reason=what)
    return Failure(error.name, error.message)
