"""Staging: contents that clients put past the store, from the offer to what is left of them.

    offered   the row says how it is staged, and its addresses are the medium's
    taken     asked for by completeTransfer; the lane makes the digests, and the bytes a container's   (settling)
              unasked for, too, where it is one that was put as a whole
    dropped   when the transfer has ended, whatever became of it; and again, should a client still send

Rule: the row first, then the medium: whatever is staged has a number that the catalogue knows, so that nothing stays
behind. Who sends by a ticket all the same is served as ever.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from filestore.domain.staging import PART, Staged, find_part_size, parts_of, require_all, safe_bytes
from filestore.domain.transfer import Promise, Transfer
from filestore.ports import Clock, Records, StorageFailure
from filestore.services.store import Store
from vofiles.contract import Digest, Direction, TransferState
from vofiles.errors import Incomplete, ServiceBusy, TransferNotFound
from vofiles.instant import SECOND, Instant

BATCH: Final = 100
"""Numbers looked up at once."""
PATIENCE: Final = 10 * SECOND
"""Microseconds that one turn loses with what goes wrong."""


def staged_at_once(store: Store, promise: Promise) -> Staged | None:
    """How a content that is put as a whole is staged; None where it is not, or has to be begun in parts first."""
    return Staged() if _goes_past(store, promise) and (promise.size or 0) <= PART else None


def begin_parts(store: Store, transfer: Transfer) -> Transfer:
    """The transfer, staged in parts where it is to be. Raises StorageFailure, ServiceBusy; until it has been, it is one
    by ticket, and it stays one of which bytes have come so.
    """
    promise, staging = transfer.promise, store.staging
    waiting = transfer.state == TransferState.OFFERED and transfer.direction == Direction.IMPORT_INIT
    if not waiting or transfer.begun or transfer.staged is not None or not _goes_past(store, promise):
        return transfer
    part = find_part_size(promise.size or 0)
    if part is None or staging is None:
        return transfer
    upload, now = staging.begin(transfer.container), store.clock()

    def note(records: Records) -> Transfer:
        held = records.hold_transfer(transfer.transfer)
        if held is None:
            raise TransferNotFound(transfer.transfer)
        if held.state != TransferState.OFFERED or held.begun or held.staged is not None:
            # Somebody was faster, here or by ticket; what was begun for nothing is dropped with the number.
            return held
        # The store does not see parts come, so each may come until the hard cap.
        expiry = Instant(now + store.terms.longest_transfer)
        held = replace(held, staged=Staged(part, upload), expiry=expiry)
        records.set_transfer(held)
        return held

    return store.catalogue.write(note)


def _goes_past(store: Store, promise: Promise) -> bool:
    return store.terms.direct and store.staging is not None and promise.size is not None


def take(store: Store, transfer: Transfer, digests: tuple[Digest, ...] = ()) -> Transfer:
    """Have a transfer's staged bytes taken, which must have these digests, too; what is not open stays as it is.

    Raises Incomplete where some have not come, ServiceBusy, StorageFailure, TransferNotFound.
    """
    staged, staging = transfer.staged, store.staging
    if staged is None or staging is None or not is_open(transfer):
        return transfer
    require_all(parts_of(transfer.promise.size or 0, staged.part), staging.received(transfer.container, staged))
    now = store.clock()
    until = Instant(now + store.terms.longest_transfer)

    def note(records: Records) -> Transfer:
        held = records.hold_transfer(transfer.transfer)
        if held is None:
            raise TransferNotFound(transfer.transfer)
        if is_open(held):
            held = held.take(digests, until, now)
            records.set_transfer(held)
        return held

    return store.catalogue.write(note)


def with_progress(store: Store, transfer: Transfer) -> Transfer:
    """The transfer with the bytes that are safe, where it is sent past the store in parts: only the medium knows. Where
    that does not answer, none are.
    """
    staged, staging = transfer.staged, store.staging
    if staged is None or staged.upload is None or staging is None or not is_open(transfer):
        return transfer
    try:
        received = staging.received(transfer.container, staged)
    except (ServiceBusy, StorageFailure):
        return transfer
    return replace(transfer, bytes_done=safe_bytes(parts_of(transfer.promise.size or 0, staged.part), received))


def is_open(transfer: Transfer) -> bool:
    """Whether its bytes are sent past the store, and nobody has said yet that all have been."""
    return transfer.staged is not None and transfer.state == TransferState.OFFERED


def collect(store: Store) -> int:
    """Drop what is staged and wanted no longer; answers of how many numbers. A whole that has come and of which nobody
    has said so is taken: its sender was told by the medium that it is there. Raises StorageFailure, ServiceBusy, in the
    end: what the medium refuses of one, whose sender may have seen to that, is not to keep the others waiting.
    """
    if store.staging is None:
        return 0
    collected, numbers = _Collected(store.clock), store.staging.numbers()
    while batch := dict(islice(numbers, BATCH)):
        judged = _judge(store, batch)
        for number in judged.unwanted:
            collected.do(lambda number=number: _drop(store, number))  # type: ignore[misc]
        for transfer in judged.arrived:
            collected.do(lambda transfer=transfer: _take_unasked(store, transfer))  # type: ignore[misc]
    if collected.failed is not None:
        raise collected.failed
    return collected.dropped


@dataclass(slots=True)
class _Collected:
    """What became of one turn."""

    clock: Clock
    dropped: int = 0
    failed: ServiceBusy | StorageFailure | None = None
    """What went wrong first."""
    lost: int = 0
    """Microseconds that went by with what went wrong."""

    def do(self, step: Callable[[], bool]) -> None:
        """A step, which answers whether it has dropped a number. Raises ServiceBusy and StorageFailure where what goes
        wrong takes long: then it does so for all.
        """
        began = self.clock()
        try:
            self.dropped += step()
        except (ServiceBusy, StorageFailure) as error:
            self.failed = self.failed or error
            self.lost += self.clock() - began
            if self.lost > PATIENCE:
                raise


def _drop(store: Store, number: str) -> bool:
    assert store.staging is not None
    store.staging.drop(number)
    store.catalogue.write(lambda records: records.delete_orphan(number))
    return True


def _take_unasked(store: Store, transfer: Transfer) -> bool:
    with suppress(Incomplete, TransferNotFound):
        take(store, transfer)
    return False


@dataclass(slots=True)
class _Judged:
    """What is to be done with what is staged."""

    unwanted: list[str] = field(default_factory=list)
    """Numbers."""
    arrived: list[Transfer] = field(default_factory=list)


def _judge(store: Store, staged: Mapping[str, bool]) -> _Judged:
    """`staged`: whether it is a whole, by number."""
    now = store.clock()

    def judge(records: Records) -> _Judged:
        found = _Judged()
        for number, whole in staged.items():
            container = records.find_container(number)
            transfer = records.find_transfer(container.transfer) if container is not None else None
            if container is None:
                # Another catalogue's, or one that has gone since: nobody's after the grace period.
                if now - records.add_orphan(number, now) > store.terms.grace:
                    found.unwanted.append(number)
            elif transfer is None or transfer.ended:
                found.unwanted.append(number)
            elif whole and is_open(transfer):
                found.arrived.append(transfer)
        return found

    return store.catalogue.write(judge)
