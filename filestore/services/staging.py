"""Staging: contents that clients put past the store, from the offer to what is left of them.

    offered   the row says how it is staged, and its addresses are the medium's
    taken     asked for by completeTransfer; the lane makes the digests, and the bytes a container's   (settling)
    dropped   when the transfer has ended, whatever became of it; and again, should a client still send

Rule: the row first, then the medium: whatever is staged has a number that the catalogue knows, so that nothing stays
behind. Who sends by a ticket all the same is served as ever.
"""

import logging
from dataclasses import replace
from itertools import islice
from typing import Final

from filestore.domain.staging import PART, Staged, find_part_size
from filestore.domain.transfer import Promise, Transfer
from filestore.ports import Records
from filestore.services.store import Store
from vofiles.contract import Direction, TransferState
from vofiles.errors import TransferNotFound
from vofiles.instant import Instant

_log = logging.getLogger(__name__)

BATCH: Final = 100
"""Numbers looked up at once."""


def staged_at_once(store: Store, promise: Promise) -> Staged | None:
    """How a content that is put as a whole is staged; None where it is not, or has to be begun in parts first."""
    return Staged() if _goes_past(store, promise) and (promise.size or 0) <= PART else None


def begin_parts(store: Store, transfer: Transfer) -> Transfer:
    """The transfer, staged in parts where it is to be. Raises StorageFailure, ServiceBusy; until it has been, it is one
    by ticket.
    """
    promise, staging = transfer.promise, store.staging
    waiting = transfer.state == TransferState.OFFERED and transfer.direction == Direction.IMPORT_INIT
    if not waiting or transfer.staged is not None or not _goes_past(store, promise):
        return transfer
    part = find_part_size(promise.size or 0)
    if part is None or staging is None:
        return transfer
    upload, now = staging.begin(transfer.container), store.clock()

    def note(records: Records) -> Transfer:
        held = records.hold_transfer(transfer.transfer)
        if held is None:
            raise TransferNotFound(transfer.transfer)
        if held.state != TransferState.OFFERED or held.staged is not None:
            # Somebody was faster; what was begun for nothing is dropped with the number.
            return held
        # The store does not see parts come, so each may come until the hard cap.
        expiry = Instant(now + store.terms.longest_transfer)
        held = replace(held, staged=Staged(part, upload), expiry=expiry)
        records.set_transfer(held)
        return held

    return store.catalogue.write(note)


def _goes_past(store: Store, promise: Promise) -> bool:
    return store.terms.direct and store.staging is not None and promise.size is not None


def collect(store: Store) -> int:
    """Drop what is staged and wanted no longer; answers of how many numbers. Raises StorageFailure, ServiceBusy."""
    if store.staging is None:
        return 0
    dropped, numbers = 0, store.staging.numbers()
    while batch := list(islice(numbers, BATCH)):
        for number in _unwanted(store, batch):
            store.staging.drop(number)
            store.catalogue.write(lambda records, number=number: records.delete_orphan(number))  # type: ignore[misc]
            dropped += 1
    return dropped


def _unwanted(store: Store, numbers: list[str]) -> list[str]:
    now = store.clock()

    def judge(records: Records) -> list[str]:
        found = []
        for number in numbers:
            container = records.find_container(number)
            transfer = records.find_transfer(container.transfer) if container is not None else None
            if container is None:
                # Another catalogue's, or one that has gone since: nobody's after the grace period.
                unwanted = now - records.add_orphan(number, now) > store.terms.grace
            else:
                unwanted = transfer is None or transfer.ended
            found += [number] * unwanted
        return found

    return store.catalogue.write(judge)
