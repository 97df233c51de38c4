"""Endings: how a transfer ends without its bytes, in one transaction.

Rule: `end` is the only place where a transfer fails, expires or is cancelled; the container it was to fill goes with
it, and its FileManager is called back unless the answer to the FileManager's own request says it.
"""

from contextlib import suppress
from dataclasses import replace

from filestore.domain.container import ABORT, DELETE
from filestore.domain.transfer import CANCEL, DUPLICATE, EXPIRE, FAIL, GIVE_BACK, IMPORTS, Transfer
from filestore.ports import Outgoing, Records, StorageFailure
from filestore.services.store import Store
from vofiles.contract import ContainerState, Direction, Failure
from vofiles.errors import TicketExpired, TransferEnded, VofilesError
from vofiles.instant import Instant

_SILENT = frozenset({Direction.EXPORT_INIT, DUPLICATE})
"""An exportInit ends at its expiry, and nobody waits for it; a duplicate's end is the answer to its request."""


def end(records: Records, transfer: Transfer, action: str, failure: Failure, now: Instant) -> Transfer:
    """End a transfer that is held: CANCEL, EXPIRE or FAIL. Raises TransferEnded where it has ended already."""
    ended = replace(transfer.step(action, now), failure=failure)
    if transfer.direction in IMPORTS:
        _drop_container(records, transfer.container, now)
    records.set_transfer(ended)
    if transfer.direction not in _SILENT:
        records.add_outgoing(Outgoing(ended.transfer, ended.manager, now, now))
    return ended


def expire(records: Records, transfer: Transfer, now: Instant) -> Transfer:
    """End a transfer whose bytes never began to flow."""
    return end(records, transfer, EXPIRE, failure_of(TicketExpired()), now)


def cancel(records: Records, transfer: Transfer, now: Instant) -> Transfer:
    """End a transfer because its FileManager wants it. Raises TransferEnded."""
    return end(records, transfer, CANCEL, failure_of(TransferEnded(transfer.transfer, reason="it was cancelled")), now)


def fail(records: Records, transfer: Transfer, reason: VofilesError, now: Instant) -> Transfer:
    """End a transfer because it cannot be done. Raises TransferEnded."""
    return end(records, transfer, FAIL, failure_of(reason), now)


def take_back(records: Records, transfer: str, lease: str, now: Instant) -> Transfer | None:
    """Undo a lease: the transfer waits again, its container is EMPTY unless bytes are safe in it. None where the lease
    is not, or no longer, good.
    """
    held = records.hold_transfer(transfer)
    if held is None or held.lease != lease:
        return None
    waiting = held.step(GIVE_BACK, now)
    records.set_transfer(waiting)
    if held.direction in IMPORTS and not waiting.begun:
        container = records.hold_container(held.container)
        if container is not None and container.state == ContainerState.RECEIVING:
            records.set_container(container.step(ABORT, now))
    return waiting


def drop_kept(store: Store, transfer: Transfer) -> None:
    """Drop what was safe of an upload in parts that has ended without its content, after the commit that ended it.
    What cannot be dropped now is at the next start.
    """
    if transfer.bytes_done and transfer.receipt is None and transfer.direction in IMPORTS:
        with suppress(StorageFailure), store.health.watching():
            store.backend.delete(transfer.container)


def failure_of(error: VofilesError) -> Failure:
    """An error as a transfer remembers it."""
    return Failure(error.name, error.message)


def _drop_container(records: Records, number: str, now: Instant) -> None:
    container = records.hold_container(number)
    if container is None:
        return
    if container.state == ContainerState.RECEIVING:
        container = container.step(ABORT, now)
    if container.state == ContainerState.EMPTY:
        records.set_container(container.step(DELETE, now))
