"""Completions: a FileManager says that all bytes of a transfer have been sent.

Rule: nothing is believed: all parts are looked up before the store begins to take them, and their digests are made
before they count. Whoever says it too often, or of bytes that the store gets by a ticket and sees itself, is answered
the transfer as it stands.
"""

from filestore.domain.checksum import parse_digest
from filestore.domain.ingest import require_digests
from filestore.domain.transfer import Transfer
from filestore.ports import Records
from filestore.services.lane import Lane
from filestore.services.moves import enqueue
from filestore.services.staging import is_open, take
from filestore.services.store import Store
from vofiles.contract import StoreCompleteTransfer, StoreTransferAnswer
from vofiles.errors import TicketExpired, TransferNotFound
from vofiles.ivorn import Ivorn


def complete_transfer(store: Store, lane: Lane, caller: Ivorn, request: StoreCompleteTransfer) -> StoreTransferAnswer:
    """Take the bytes of a transfer, where they were sent past the store; the lane does it, and the callback tells.

    Raises TransferNotFound, InvalidArgument, Incomplete, ChecksumMismatch where other digests were announced,
    TicketExpired, ServiceBusy, StorageFailure; the transfer stays open then.
    """
    digests = tuple(parse_digest(digest) for digest in request.digests)
    found = store.catalogue.read(lambda records: _get(records, caller, request))
    if is_open(found):
        if store.clock() > found.expiry:
            raise TicketExpired
        require_digests(found.promise.digests, digests)
        found = take(store, found, digests)
    enqueue(lane, found)
    return StoreTransferAnswer(store.transfer_as_it_stands(found))


def _get(records: Records, caller: Ivorn, request: StoreCompleteTransfer) -> Transfer:
    transfer = records.find_transfer(request.transfer)
    if transfer is None or transfer.manager != caller:
        raise TransferNotFound(request.transfer)
    return transfer
