"""The check of one store, while it may be serving: catalogue, sidecars, bytes, transfers and callbacks.

Rule: page by page, and each page says where the next begins. Nothing is reported that a step under way explains, and
nothing repaired but when told, and then only what nobody can miss: bytes that count for nothing, and a callback that
somebody waits for.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from filestore.domain.findings import LOST_LEASE, UNACKNOWLEDGED, UNDELIVERED, WRONG_OUTCOME, found
from filestore.domain.transfer import IMPORTS, Transfer
from filestore.ports import Outgoing, Records
from filestore.services.check_adopted import Appearing
from filestore.services.check_contents import SETTLING, Wish, check_stretch
from filestore.services.store import Store
from vofiles.contract import ContainerState, TransferState
from vofiles.findings import Finding, Page, Repair, pages
from vofiles.instant import Instant

PAGE: Final = 500
"""Containers or transfers in one step."""
_FOREVER: Final = Instant(1 << 62)


def check(store: Store, wish: Wish, after: str | None = None) -> Iterator[Page]:
    """The pages of a check, from `after` on (a page's `next`).

    Raises InvalidArgument; and from the pages ServiceBusy, StorageFailure.
    """
    parts = {name: partial(part, store, wish) for name, part in _PARTS.items()}
    return pages({**parts, "adopted": Appearing(store).page}, after)


def _contents(store: Store, wish: Wish, after: str) -> Page:
    # Bytes first: what is listed and has no row afterwards had none when it was listed.
    numbers = store.backend.numbers_after(after, PAGE)
    rows = store.catalogue.read(lambda records: records.list_all(after, PAGE))
    # Beyond the end of a list that was cut nothing is known of the other one's numbers.
    ends = [items[-1] for items in (numbers, [row.number for row in rows]) if len(items) == PAGE]
    last = min(ends, default=None)
    if last is not None:
        numbers, rows = [each for each in numbers if each <= last], [row for row in rows if row.number <= last]
    size = sum(row.content.size for row in rows if row.state == ContainerState.COMPLETE and row.content is not None)
    findings = tuple(check_stretch(store, wish, numbers, rows))
    return Page(findings, {"containers": len(rows), "files": len(numbers), "bytes": size}, last)


def _receiving(store: Store, _wish: Wish, after: str) -> Page:
    """Transfers whose bytes are on their way: not beyond their time."""
    now = store.clock()

    def judge(transfer: Transfer) -> Iterator[Finding]:
        if transfer.deadline is not None and transfer.deadline + store.terms.grace < now:
            yield found(LOST_LEASE, transfer.transfer, "its time is long over, and nobody has ended it")

    return _transfers(store, TransferState.RECEIVING, after, judge)


def _stored(store: Store, wish: Wish, after: str) -> Page:
    """Transfers that wait for their FileManager's acknowledgement: somebody must be going to ask for it."""
    now = store.clock()

    def judge(transfer: Transfer) -> Iterator[Finding]:
        if now - transfer.changed <= SETTLING:
            return
        yield from _check_outcome(store, transfer)
        if not store.catalogue.read(lambda records: _is_waited_for(records, transfer)):
            if wish.repair:
                # Saying it again changes nothing there, if it was heard before.
                outgoing = Outgoing(transfer.transfer, transfer.manager, now, now)
                store.catalogue.write(lambda records: records.add_outgoing(outgoing))
            repair = Repair.DONE if wish.repair else Repair.POSSIBLE
            yield found(UNACKNOWLEDGED, transfer.transfer, f"{transfer.manager} has not taken its end", repair)

    return _transfers(store, TransferState.STORED, after, judge)


def _completed(store: Store, _wish: Wish, after: str) -> Page:
    return _transfers(store, TransferState.COMPLETED, after, lambda transfer: _check_outcome(store, transfer))


def _is_waited_for(records: Records, transfer: Transfer) -> bool:
    return records.has_outgoing(transfer.transfer) or records.find_transfer(transfer.transfer) != transfer


def _check_outcome(store: Store, transfer: Transfer) -> Iterator[Finding]:
    """What a transfer brought is in its container, unless that was deleted afterwards."""
    if transfer.direction not in IMPORTS:
        return
    container = store.catalogue.read(lambda records: records.find_container(transfer.container))
    if container is None or container.state == ContainerState.DELETED:
        return
    receipt = transfer.receipt
    if container.state != ContainerState.COMPLETE or receipt is None or container.content is None:
        yield found(WRONG_OUTCOME, transfer.transfer, f"it is {transfer.state}, its container is {container.state}")
    elif (receipt.size, receipt.digests) != (container.content.size, container.content.digests):
        yield found(WRONG_OUTCOME, transfer.transfer, "its receipt is not about what is in its container")


def _transfers(store: Store, state: str, after: str, judge: Callable[[Transfer], Iterator[Finding]]) -> Page:
    transfers = store.catalogue.read(lambda records: records.list_transfers(state, after, PAGE))
    findings = tuple(finding for transfer in transfers for finding in judge(transfer))
    return Page(findings, {"transfers": len(transfers)}, transfers[-1].transfer if len(transfers) == PAGE else None)


def _callbacks(store: Store, _wish: Wish, _after: str) -> Page:
    """Callbacks that nobody has taken for the grace period. The outbox goes on trying by itself, or has given up."""
    now = store.clock()
    waiting = store.catalogue.read(lambda records: records.list_outgoing(_FOREVER, PAGE, ()))
    late = [each for each in waiting if now - each.created > store.terms.grace]
    return Page(
        tuple(
            found(
                UNDELIVERED, each.transfer, f"{each.manager} has not taken it in {each.attempts} attempts: {each.error}"
            )
            for each in late
        ),
        {"callbacks": len(waiting)},
    )


_PARTS: Final[dict[str, Callable[[Store, Wish, str], Page]]] = {
    "contents": _contents,
    "receiving": _receiving,
    "stored": _stored,
    "completed": _completed,
    "callbacks": _callbacks,
}
"""The parts of a check, in their order, before the adopted directories; the names stand in cursors."""
