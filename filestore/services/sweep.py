"""Sweeping: what a crash left, put right before the store serves.

Rule: run once at start, while nobody moves bytes; where several processes serve, one that takes a dead one's seat only
takes back what had been begun from it (`take_over`). A lease from before is nobody's: it is given back. Bytes count
only if the catalogue says COMPLETE: what lies under any other known number is dropped. What the catalogue does not know
at all is noted, and dropped when it is seen again after the grace period; never if it was complete before this
catalogue was made, for then the catalogue is the newcomer, and those bytes may be all that is left.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

from filestore.domain.transfer import IMPORTS, Transfer
from filestore.ports import Records
from filestore.services.endings import take_back
from filestore.services.expiry import PAGE
from filestore.services.store import Store
from vofiles.contract import ContainerState, TransferState
from vofiles.errors import ContainerNotFound
from vofiles.instant import Instant

_log = logging.getLogger(__name__)

BATCH: Final = 1000
"""Containers looked up at once: nobody is served meanwhile, and there may be millions."""

_KEPT: Final = frozenset({ContainerState.COMPLETE, ContainerState.RECEIVING})
"""States in which bytes count: once leases are given back, what is RECEIVING has safe ones of an upload in parts."""


@dataclass(slots=True)
class Swept:
    """What was found."""

    leases: int = 0
    """Given back."""
    dropped: int = 0
    """Bytes of attempts that did not end, and of deleted containers."""
    orphans: int = 0
    """Bytes that the catalogue does not know; left alone until the grace period is over."""
    missing: int = 0
    """COMPLETE containers without bytes. They are reported, and nothing is done about them."""


def sweep(store: Store) -> Swept:
    """Put right what a crash left. Raises StorageFailure, ServiceBusy."""
    swept = Swept()
    now = store.clock()
    born = store.catalogue.write(lambda records: records.born(now))
    swept.leases = _give_back_leases(store)
    numbers = store.backend.numbers()
    while batch := list(islice(numbers, BATCH)):
        _sweep_batch(store, batch, born, swept)
    swept.missing = _count_missing(store)
    return swept


def take_over(store: Store) -> int:
    """Take back the leases of who had this process's seat before, and drop their bytes; answers how many. Others move
    theirs meanwhile. Raises StorageFailure, ServiceBusy.
    """
    number, after = 0, ""

    def look_up(records: Records) -> list[Transfer]:
        return records.list_transfers(TransferState.RECEIVING, after, PAGE)

    while page := store.catalogue.read(look_up):
        for transfer in page:
            if transfer.lease is not None and store.owns(transfer.lease):
                number += _take_over(store, transfer.transfer, transfer.lease)
        after = page[-1].transfer
    return number


def _take_over(store: Store, transfer: str, lease: str) -> bool:
    now = store.clock()

    def hold(records: Records) -> Transfer | None:
        # Where the dead one's last commit is still under way, this waits for it.
        held = records.hold_transfer(transfer)
        return held if held is not None and held.lease == lease else None

    held = store.catalogue.write(hold)
    if held is None:
        return False
    if held.direction in IMPORTS and not held.begun:
        # Before the lease is given back: then it is the next one's container. What is safe of an upload in parts stays.
        store.backend.delete(held.container)
    return store.catalogue.write(lambda records: take_back(records, transfer, lease, now)) is not None


def _give_back_leases(store: Store) -> int:
    now, number = store.clock(), 0

    def take(records: Records) -> int:
        found = records.list_transfers(TransferState.RECEIVING, "", PAGE)
        for transfer in found:
            assert transfer.lease is not None
            take_back(records, transfer.transfer, transfer.lease, now)
        return len(found)

    while given := store.catalogue.write(take):
        number += given
    return number


def _sweep_batch(store: Store, batch: list[str], born: Instant, swept: Swept) -> None:
    known = store.catalogue.read(lambda records: records.states_of(batch))
    for number in batch:
        if number not in known:
            _judge_unknown(store, number, born, swept)
        elif known[number] not in _KEPT:
            store.backend.delete(number)
            swept.dropped += 1
        elif known[number] == ContainerState.RECEIVING:
            _require_unsealed(store, number)


def _require_unsealed(store: Store, number: str) -> None:
    """What comes in parts and was stopped between its last step but one, when it looked complete, and the commit that
    makes it so: have it look like what it is.
    """
    if store.backend.find_sidecar(number) is None:
        return

    def look_up(records: Records) -> Transfer | None:
        container = records.find_container(number)
        return records.find_transfer(container.transfer) if container is not None else None

    filling = store.catalogue.read(look_up)
    if filling is not None:
        # What is not there any more is noticed by who goes on with it.
        with suppress(ContainerNotFound), store.health.watching():
            store.backend.resume(number, filling.kept + filling.bytes_done, None).close()


def _judge_unknown(store: Store, number: str, born: Instant, swept: Swept) -> None:
    sidecar = store.backend.find_sidecar(number)
    if sidecar is not None and sidecar.completed < born:
        _log.warning("container %s is older than the catalogue and unknown to it; it is kept", number)
        swept.orphans += 1
        return
    now = store.clock()
    seen = store.catalogue.write(lambda records: records.add_orphan(number, now))
    if now - seen <= store.terms.grace:
        _log.warning("container %s is unknown to the catalogue; it is dropped after the grace period", number)
        swept.orphans += 1
        return
    store.backend.delete(number)
    store.catalogue.write(lambda records: records.delete_orphan(number))
    swept.dropped += 1


def _count_missing(store: Store) -> int:
    missing, after = 0, ""

    def look_up(records: Records) -> list[str]:
        return records.list_numbers(ContainerState.COMPLETE, after, BATCH)

    while batch := store.catalogue.read(look_up):
        # Those that lie elsewhere are many, on a disk that may be slow, and nothing of them is ours to put right.
        adopted = store.catalogue.read(lambda records, batch=batch: records.adopted_among(batch))  # type: ignore[misc]
        for number in store.backend.lacking([number for number in batch if number not in adopted]):
            if not _is_damaged(store, number):
                _log.error("container %s should have bytes and has none", number)
                missing += 1
        after = batch[-1]
    return missing


def _is_damaged(store: Store, number: str) -> bool:
    """Whether it is known that its bytes are not what came: then they have been set aside."""
    found = store.catalogue.read(lambda records: records.find_container(number))
    return found is not None and found.damage is not None
