"""Uploads in parts, by the ticket of a plain one: how far it is, the next part, beginning anew.

    find_kept    how far; who has been sending and is silent is taken to have left
    open_part    the next part, which begins where the last one's bytes are safe
    begin_anew   nothing counts any more, and what is known of what will come is remembered

Rule: a ticket's holder is one sender, who comes again when a connection broke: so the newest connection wins over one
that is silent, which is ended once what it brought is safe, and nobody waits for a time-out to go on. A sender whose
bytes come is left in peace, and so is what comes whole (a PUT): Busy is told then. Expiry limits the first part's
start, the hard cap the last one's end.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from filestore.domain.container import BEGIN, Container, Content
from filestore.domain.ingest import require_length, require_no_longer
from filestore.domain.partial import Partial
from filestore.domain.stretch import Stretch
from filestore.domain.ticket import Ticket
from filestore.domain.transfer import Transfer
from filestore.ports import Records
from filestore.services.kept import Kept, kept_of, total_of, wrong_offset
from filestore.services.parts import TURN, Part
from filestore.services.store import Store
from filestore.services.uploads import give_back
from vofiles.contract import ContainerState, TransferState
from vofiles.errors import Busy, InvalidArgument, TicketExpired, TicketUnknown, TicketUsed, TransferEnded
from vofiles.instant import Instant

PATIENCE: Final = 3.0
"""Seconds that the end of another connection is waited for: longer than it takes to tell that it is silent."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the sender says of an upload before its first part."""

    total: int | None = None
    """Bytes that come in all; None where that is said later."""
    content_type: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class _Begin:
    """Who begins, and when."""

    lease: str
    now: Instant
    longest: int
    """Microseconds that it may last from the first byte on."""
    asked: str | None
    """The id of the request."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a part begins with."""

    transfer: Transfer
    container: Container
    base: Content | None


def find_kept(store: Store, token: str) -> Kept:
    """How far an upload is. Raises TicketUnknown (also where what was stored has been deleted), WrongMethod,
    TicketExpired, TransferEnded, Busy; and what a part does where all of it has come and nobody could say so: it is
    completed first.
    """
    ticket = store.tickets.check(token, "PUT")
    transfer = _alone(store, ticket)
    if transfer.receipt is None and transfer.state != TransferState.RECEIVING:
        _require_going_on(transfer, store.clock())
    kept = kept_of(transfer)
    if transfer.begun and kept.offset == kept.length:
        part = open_part(store, token, Stretch(kept.offset, 0))
        if isinstance(part, Part):
            part.complete()
        kept = kept_of(_get(store, ticket))
    if kept.receipt is not None:
        _require_there(store.catalogue.read(lambda records: records.find_container(transfer.container)))
    return kept


def open_part(store: Store, token: str, stretch: Stretch, *, heard: bool = False) -> Part | Kept:
    """Take the lease for the next part; how far the upload is, where it is complete and nothing more is to come.
    `heard`: whether the part is told when its sender is heard; else he is taken to be silent.

    A part must end with `complete` or `abort`. Raises Conflict (with the property OFFSET) where it does not begin where
    the upload goes on, InvalidArgument where the length of the whole was another one, TooLarge, Incomplete, and what
    `find_kept` and `open_upload` do.
    """
    ticket = store.tickets.check(token, "PUT")
    before = _alone(store, ticket)
    if before.begun and stretch.total is not None and total_of(before) is None:
        store.require_space(stretch.total - before.bytes_done)
    begin = _Begin(store.new_lease(), store.clock(), store.terms.longest_transfer, store.request_id())

    def take(records: Records) -> _Taken | Kept:
        transfer, container = _hold(records, ticket)
        if transfer.receipt is not None:
            kept = kept_of(transfer)
            if stretch.offset != kept.offset or stretch.length != 0:
                raise wrong_offset(kept.offset)
            _require_there(container)
            return kept
        _require_free(transfer, begin.now)
        if stretch.offset != transfer.bytes_done:
            raise wrong_offset(transfer.bytes_done)
        return _start(records, transfer, container, _learned(transfer, stretch, begin.lease), begin)

    with store.flows.taking(ticket.transfer):
        taken = store.catalogue.write(take)
    return taken if isinstance(taken, Kept) else _part(store, taken, stretch, heard=heard)


def begin_anew(
    store: Store, token: str, told: Told | None, stretch: Stretch | None = None, *, heard: bool = False
) -> Part | Kept:
    """Drop what came so far; with a stretch, take the lease for the first part. `told` is None where nothing is known
    of what may come, and who has the ticket may also send it whole. `heard` as of `open_part`.

    Raises TicketUsed or TransferEnded where the content has been stored, and what `open_part` does.
    """
    ticket = store.tickets.check(token, "PUT")
    _alone(store, ticket)
    begin = _Begin(store.new_lease(), store.clock(), store.terms.longest_transfer, store.request_id())

    def take(records: Records) -> _Taken:
        transfer, container = _hold(records, ticket)
        if transfer.receipt is not None:
            raise TicketUsed if told is not None else TransferEnded(transfer.transfer, reason="it is stored")
        _require_free(transfer, begin.now)
        partial = _fresh(transfer, told, begin.lease)
        if told is not None and begin.now > transfer.expiry:
            raise TicketExpired
        if stretch is not None:
            _require_fitting(replace(transfer, partial=partial), stretch)
        return _start(records, replace(transfer, bytes_done=0), container, partial, begin)

    with store.flows.taking(ticket.transfer):
        taken = store.catalogue.write(take)
    if stretch is not None:
        return _part(store, taken, stretch, heard=heard)
    return _drop(store, taken.transfer, forget=told is None)


def _drop(store: Store, transfer: Transfer, *, forget: bool) -> Kept:
    """Drop the bytes of a lease and give it back."""
    assert transfer.lease is not None
    lease = transfer.lease
    try:
        if forget:
            store.catalogue.write(lambda records: _forget(records, transfer.transfer, lease))
        with store.health.watching():
            store.backend.delete(transfer.container)
    finally:
        give_back(store, transfer.transfer, lease)
    return replace(kept_of(transfer), until=transfer.expiry)


def _forget(records: Records, transfer: str, lease: str) -> None:
    held = records.hold_transfer(transfer)
    if held is not None and held.lease == lease:
        records.set_transfer(replace(held, partial=None))


# --- who sends --------------------------------------------------------------------------------------------------------


def _alone(store: Store, ticket: Ticket) -> Transfer:
    """The transfer of a ticket, once nobody else brings parts of it. Raises TicketUnknown, Busy."""
    transfer = _get(store, ticket)
    if not _in_parts(transfer):
        return transfer
    with store.flows.awaiting(ticket.transfer):
        return _alone_behind(store, ticket, transfer)


def _alone_behind(store: Store, ticket: Ticket, transfer: Transfer) -> Transfer:
    """The transfer, once who brings parts of it has ended. Raises as `_alone`."""
    if transfer.lease is not None and not store.owns(transfer.lease):
        store.tell_displaced(transfer.lease)
    patience, ends = threading.Event(), time.monotonic() + PATIENCE
    while True:
        # Whoever has just taken the lease is no flow yet.
        flow = store.flows.find(transfer.lease)
        if isinstance(flow, Part):
            flow.displace(ends - time.monotonic())
        now = _get(store, ticket)
        if not _in_parts(now) or now.lease != transfer.lease:
            break
        if time.monotonic() >= ends:
            raise Busy("this transfer address", reason="bytes are on their way already")
        patience.wait(TURN)
    if _in_parts(now):
        raise Busy("this transfer address", reason="another connection was faster")
    return now


def _in_parts(transfer: Transfer) -> bool:
    return transfer.state == TransferState.RECEIVING and transfer.partial is not None


def displace(store: Store, lease: str) -> None:
    """End a part of this process's because another process goes on with it, unless its sender is there; it is kept."""
    flow = store.flows.find(lease)
    if isinstance(flow, Part):
        with suppress(Busy), store.flows.awaiting(lease):
            flow.displace(PATIENCE)


def _get(store: Store, ticket: Ticket) -> Transfer:
    found = store.catalogue.read(lambda records: records.find_transfer(ticket.transfer))
    if found is None or found.epoch != ticket.epoch:
        raise TicketUnknown
    return found


def _hold(records: Records, ticket: Ticket) -> tuple[Transfer, Container]:
    transfer = records.hold_transfer(ticket.transfer)
    container = records.hold_container(transfer.container) if transfer is not None else None
    if transfer is None or container is None or transfer.epoch != ticket.epoch:
        raise TicketUnknown
    return transfer, container


def _require_there(container: Container | None) -> None:
    """Who is told that all is stored could not get it any more, where it was deleted since. Raises TicketUnknown."""
    if container is None or container.state != ContainerState.COMPLETE:
        raise TicketUnknown


# --- what may begin ---------------------------------------------------------------------------------------------------


def _require_free(transfer: Transfer, now: Instant) -> None:
    if transfer.state == TransferState.RECEIVING:
        raise Busy("this transfer address", reason="bytes are on their way already")
    _require_going_on(transfer, now)


def _require_going_on(transfer: Transfer, now: Instant) -> None:
    waiting = transfer.state == TransferState.OFFERED
    if transfer.state == TransferState.EXPIRED or (waiting and now > transfer.until):
        raise TicketExpired
    if not waiting:
        raise TransferEnded(transfer.transfer, reason=f"it is {transfer.state}")


def _learned(transfer: Transfer, stretch: Stretch, lease: str) -> Partial:
    """What is known of the upload with its next part. Raises InvalidArgument, TooLarge, Incomplete."""
    partial = transfer.partial or Partial(lease)
    if not transfer.begun:
        partial = replace(partial, attempt=lease, digested=0, digest=None)
    if stretch.total is not None:
        known = total_of(transfer)
        if (known is not None and stretch.total != known) or stretch.total < transfer.bytes_done:
            reason = f"{known} was said before" if known is not None else "more has come already"
            raise InvalidArgument("Upload-Length", reason=reason)
        require_length(transfer.promise, stretch.total)
        partial = replace(partial, length=stretch.total)
    _require_fitting(replace(transfer, partial=partial), stretch)
    return partial


def _fresh(transfer: Transfer, told: Told | None, lease: str) -> Partial:
    if told is None:
        return Partial(lease)
    if told.total is not None:
        require_length(transfer.promise, told.total)
    return Partial(lease, told.total, told.content_type, told.metadata)


def _require_fitting(transfer: Transfer, stretch: Stretch) -> None:
    if stretch.end is not None:
        require_no_longer(replace(transfer.promise, size=total_of(transfer)), stretch.end)


def _start(records: Records, transfer: Transfer, container: Container, partial: Partial, begin: _Begin) -> _Taken:
    started = transfer.start_part(begin.lease, partial, Instant(begin.now + begin.longest), begin.now)
    started = replace(started, request_id=begin.asked or started.request_id)
    if container.state == ContainerState.EMPTY:
        container = container.step(BEGIN, begin.now)
    records.set_transfer(started)
    records.set_container(container)
    if started.base is None:
        return _Taken(started, container, None)
    found = records.find_container(started.base.container)
    # Where it is forgotten by now, the digest of the beginning still tells.
    content = found.content if found is not None else None
    return _Taken(started, container, content or Content(started.base.size, ()))


def _part(store: Store, taken: _Taken, stretch: Stretch, *, heard: bool) -> Part:
    transfer = taken.transfer
    assert transfer.partial is not None
    promise = replace(transfer.promise, size=total_of(transfer), claimed_type=transfer.partial.claimed_type)
    return Part(store, transfer, taken.container, promise, stretch, taken.base, heard=heard)
