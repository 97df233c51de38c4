"""Settling: a staged content, all of which has been sent, becomes a container's.

    assembled -> read once, through the digests -> taken -> {COMPLETE, STORED, callback} -> no longer staged

Rule: the safe order of an upload. What was sent stays staged until the commit that publishes it, so that a crash or a
medium that does not answer costs nothing but doing it again; only bytes that are not what was promised end it.
"""

import logging
from contextlib import closing, suppress
from dataclasses import dataclass

from filestore.domain.checksum import wanted
from filestore.domain.container import Container, Content
from filestore.domain.ingest import Ingest
from filestore.domain.sidecar import sidecar_of
from filestore.domain.transfer import Transfer
from filestore.ports import Records, Staging, StorageFailure, Whole
from filestore.services.endings import take_back
from filestore.services.store import Store
from filestore.services.uploads import publish
from vofiles.contract import ContainerState
from vofiles.errors import ServiceBusy, TicketExpired, TransferEnded, Unexpected, VofilesError

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Taking:
    """A staged content on its way through the digests: a Flow."""

    store: Store
    transfer: Transfer
    size: int = 0
    """Bytes so far."""
    revoked: VofilesError | None = None

    def revoke(self, reason: VofilesError) -> None:
        """Have the next piece raise `reason`."""
        self.revoked = reason

    def require_open(self) -> None:
        """Raises TicketExpired beyond the hard cap, TransferEnded when cancelled."""
        if self.revoked is not None:
            raise self.revoked
        if self.transfer.deadline is not None and self.store.clock() > self.transfer.deadline:
            raise TicketExpired

    def read(self, whole: Whole, ingest: Ingest) -> Content:
        """All of it. Raises what the port does, Incomplete, TooLarge and ChecksumMismatch besides."""
        for piece in whole.pieces():
            self.require_open()
            ingest.receive(piece)
            self.size = ingest.size
        self.require_open()
        return ingest.finish()


def settle(store: Store, transfer: Transfer, container: Container, taking: Taking) -> None:
    """Make a transfer's staged bytes its container's.

    Raises what ends the transfer: Incomplete, TooLarge, ChecksumMismatch, ContainerNotFound where nothing is staged
    any more, TicketExpired. Where the medium or the database does not answer it waits for the next turn.
    """
    staging = store.staging
    if staging is None or transfer.staged is None:
        raise Unexpected(transfer.transfer, reason="this store no longer takes what is sent past it")
    try:
        _take(store, staging, transfer, container, taking)
    except (StorageFailure, ServiceBusy) as error:
        _log.warning("transfer %s waits: its bytes cannot be taken now: %s", transfer.transfer, error)
        _give_back(store, transfer)
        return
    except TransferEnded:
        _forget(store, transfer)
        raise
    # Else the collector does it.
    with suppress(StorageFailure, ServiceBusy):
        staging.drop(transfer.container)


def _take(store: Store, staging: Staging, transfer: Transfer, container: Container, taking: Taking) -> None:
    staged, promise = transfer.staged, transfer.promise
    assert staged is not None
    with closing(staging.open(transfer.container, staged)) as whole:
        ingest = Ingest(promise, wanted(promise.digests, sha256=store.terms.sha256), name=container.name)
        content, now = taking.read(whole, ingest), store.clock()
        whole.take(sidecar_of(store.identifier, container, content, now))
    store.catalogue.write(lambda records: publish(store, records, transfer, content, now))


def _give_back(store: Store, transfer: Transfer) -> None:
    assert transfer.lease is not None
    now, lease = store.clock(), transfer.lease
    try:
        store.catalogue.write(lambda records: take_back(records, transfer.transfer, lease, now))
    except ServiceBusy:
        store.flows.add_stuck(lease, transfer.transfer)


def _forget(store: Store, transfer: Transfer) -> None:
    """Drop what has been taken for a transfer that was ended meanwhile, unless it is somebody's."""

    def is_wanted(records: Records) -> bool:
        found = records.find_container(transfer.container)
        return found is not None and found.state in {ContainerState.RECEIVING, ContainerState.COMPLETE}

    # Else the next start, or the end of the grace period, does it.
    with suppress(StorageFailure, ServiceBusy):
        if not store.catalogue.read(is_wanted):
            store.backend.delete(transfer.container)
