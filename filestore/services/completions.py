"""Completions: a FileManager says that all bytes of a transfer have been sent.

Rule: nothing is believed: all parts are looked up before the store begins to take them, and their digests are made
before they count. Whoever says it too often, or of bytes that the store gets by a ticket and sees itself, is answered
the transfer as it stands.
"""

from filestore.domain.checksum import parse_digest
from filestore.domain.ingest import require_digests
from filestore.domain.staging import parts_of, require_all
from filestore.domain.transfer import Transfer
from filestore.ports import Records
from filestore.services.lane import Lane
from filestore.services.moves import enqueue
from filestore.services.store import Store
from vofiles.contract import StoreCompleteTransfer, StoreTransferAnswer, TransferState
from vofiles.errors import TicketExpired, TransferNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


def complete_transfer(store: Store, lane: Lane, caller: Ivorn, request: StoreCompleteTransfer) -> StoreTransferAnswer:
    """Take the bytes of a transfer, where they were sent past the store; the lane does it, and the callback tells.

    Raises TransferNotFound, InvalidArgument, Incomplete, ChecksumMismatch where other digests were announced,
    TicketExpired, ServiceBusy, StorageFailure; the transfer stays open then.
    """
    digests = tuple(parse_digest(digest) for digest in request.digests)
    found = store.catalogue.read(lambda records: _get(records.find_transfer(request.transfer), caller, request))
    staged, staging = found.staged, store.staging
    if staged is not None and staging is not None and _is_open(found):
        if store.clock() > found.expiry:
            raise TicketExpired
        require_digests(found.promise.digests, digests)
        parts = parts_of(found.promise.size or 0, staged.part)
        require_all(parts, staging.received(found.container, staged))
        now = store.clock()
        until = Instant(now + store.terms.longest_transfer)

        def take(records: Records) -> Transfer:
            held = _get(records.hold_transfer(request.transfer), caller, request)
            if _is_open(held):
                held = held.take(digests, until, now)
                records.set_transfer(held)
            return held

        found = store.catalogue.write(take)
    enqueue(lane, found)
    return StoreTransferAnswer(store.transfer_as_it_stands(found))


def _is_open(transfer: Transfer) -> bool:
    return transfer.staged is not None and transfer.state == TransferState.OFFERED


def _get(transfer: Transfer | None, caller: Ivorn, request: StoreCompleteTransfer) -> Transfer:
    if transfer is None or transfer.manager != caller:
        raise TransferNotFound(request.transfer)
    return transfer
