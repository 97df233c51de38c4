"""Expiry: what time alone ends, and what is forgotten afterwards.

Rule: called again and again while the store runs; each call does what is due and may be repeated or interrupted
anywhere. It works in small transactions, so that nobody waits for it long.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from filestore.domain.container import Container
from filestore.domain.transfer import Transfer
from filestore.ports import Records
from filestore.services.endings import drop_kept, expire, take_back
from filestore.services.store import Store
from vofiles.contract import ContainerState, TransferState
from vofiles.errors import ServiceBusy
from vofiles.instant import Instant

_log = logging.getLogger(__name__)

PAGE = 100
"""Rows in one transaction."""

_WAITING = (TransferState.OFFERED, TransferState.REQUESTED)


@dataclass(slots=True)
class Expired:
    """How much one call did."""

    transfers: int = 0
    """Ended because nobody began."""
    leases: int = 0
    """Taken back."""
    forgotten: int = 0
    """Rows of transfers and containers that are remembered no longer."""


def expire_due(store: Store) -> Expired:
    """Do all that is due now."""
    done = Expired(leases=end_own(store))
    return expire_shared(store, done)


def end_own(store: Store) -> int:
    """Take back what leases this process could not give back, or has from before; answers how many."""
    return _retry_stuck(store) + _stop_overdue(store)


def expire_shared(store: Store, done: Expired | None = None) -> Expired:
    """Do what is nobody's in particular, and is done once where several processes serve the store."""
    done = done or Expired()
    for state in _WAITING:
        done.transfers += _expire_waiting(store, state)
    done.forgotten += _forget_transfers(store)
    done.forgotten += _forget_containers(store)
    return done


def _retry_stuck(store: Store) -> int:
    number, stuck = 0, store.flows.take_stuck()
    while stuck:
        lease, transfer = stuck[0]
        try:
            taken = _take_back(store, transfer, lease)
        except BaseException:
            for rest in stuck:
                store.flows.add_stuck(*rest)
            raise
        if taken:
            number += 1
        else:
            store.flows.add_stuck(lease, transfer)
        del stuck[0]
    return number


def _take_back(store: Store, transfer: str, lease: str) -> bool:
    """Whether a lease is done with. One that cannot be taken back, whatever is wrong with it, keeps nothing else from
    its end; a database that is busy keeps everything. Raises ServiceBusy.
    """
    now = store.clock()
    try:
        store.catalogue.write(lambda records: take_back(records, transfer, lease, now))
    except ServiceBusy:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, others' leases are not to wait for it
        _log.exception("the lease of transfer %s cannot be taken back; the next turn tries again", transfer)
        return False
    return True


def _stop_overdue(store: Store) -> int:
    """Beyond the hard cap: a lease of this process's that nobody holds is taken back. Who does hold one looks at the
    clock himself.
    """
    now, number = store.clock(), 0
    overdue = store.catalogue.read(lambda records: records.list_overdue(TransferState.RECEIVING, now, PAGE))
    for transfer in overdue:
        lease = transfer.lease
        if lease is not None and store.owns(lease) and store.flows.find(lease) is None:
            number += _take_back(store, transfer.transfer, lease)
    return number


def _expire_waiting(store: Store, state: str) -> int:
    now, number = store.clock(), 0

    def end(records: Records) -> list[Transfer]:
        ended: list[Transfer] = []
        found = records.list_overdue(state, now, PAGE)
        for transfer in found:
            held = records.hold_transfer(transfer.transfer)
            if held is not None and held.state == state and held.until < now:
                expire(records, held, now)
                ended.append(held)
        return ended

    while ended := store.catalogue.write(end):
        number += len(ended)
        store.wake()
        for transfer in ended:
            drop_kept(store, transfer)
    return number


def _forget_transfers(store: Store) -> int:
    """Transfers that ended a grace period ago; not those whose FileManager is still to be told."""
    before = Instant(store.clock() - store.terms.grace)
    number = 0

    def forget(records: Records) -> int:
        found = records.list_forgettable(before, PAGE)
        for transfer in found:
            records.delete_transfer(transfer.transfer)
        return len(found)

    while gone := store.catalogue.write(forget):
        number += gone
    return number


def _forget_containers(store: Store) -> int:
    """Deleted containers; their bytes go first, so that no bytes are ever without a row that says they may go."""
    before = Instant(store.clock() - store.terms.grace)
    number = 0
    for page in pages(store, ContainerState.DELETED, before):
        for container in page:
            with store.health.watching():
                store.backend.delete(container.number)
            _forget_container(store, container.number)
        number += len(page)
    return number


def _forget_container(store: Store, number: str) -> None:
    store.catalogue.write(lambda records: records.delete_container(number))


def pages(store: Store, state: str, before: Instant) -> Iterator[list[Container]]:
    """The containers in a state since before an instant, page by page."""
    after = ""

    def look_up(records: Records) -> list[Container]:
        return records.list_containers(state, before, after, PAGE)

    while page := store.catalogue.read(look_up):
        yield page
        after = page[-1].number
