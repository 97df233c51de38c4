"""Imports by ticket: a FileManager reserves a container, whoever has the ticket PUTs the bytes.

Rule: one completed upload per ticket. A repeat with the same bytes has the same receipt, one with others is TicketUsed,
a second one at the same time is Busy; expiry limits the start of an upload, the hard cap its length.
"""

from dataclasses import dataclass, replace

from filestore.domain.container import BEGIN, Container
from filestore.domain.ingest import require_length
from filestore.domain.ticket import Ticket
from filestore.domain.transfer import Promise, Transfer, fingerprint
from filestore.ports import Records
from filestore.services.admission import find_repeated, new_container, promise_of, require_own_callback
from filestore.services.replays import Replay, replay
from filestore.services.staging import begin_parts, staged_at_once
from filestore.services.store import Store
from filestore.services.uploads import Upload
from vofiles.contract import ContainerState, Digest, Direction, StoreImportInit, StoreTransferAnswer, TransferState
from vofiles.errors import Busy, TicketExpired, TicketUnknown, TicketUsed, TransferEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


def begin_import(store: Store, caller: Ivorn, request: StoreImportInit) -> StoreTransferAnswer:
    """Make an empty container and the address to PUT into it; a repeat answers the transfer as it stands.

    Raises PermissionDenied, InvalidArgument, TooLarge, Conflict, StoreFull, StoreReadOnly.
    """
    require_own_callback(caller, request)
    mark = fingerprint(Direction.IMPORT_INIT, request)
    found = store.catalogue.read(lambda records: find_repeated(records, caller, request.transfer, mark))
    if found is None:
        promise = promise_of(store, request)
        store.require_space(promise.size)
        container = new_container(store, caller, request)
        expiry = Instant(container.created + store.terms.ticket_lifetime)
        offer = Transfer(
            request.transfer, caller, Direction.IMPORT_INIT, mark, container.number, TransferState.OFFERED,
            container.created, container.created, expiry, promise=promise, request_id=store.request_id(),
            staged=staged_at_once(store, promise),
        )  # fmt: skip
        found = store.catalogue.write(lambda records: add_transfer(records, offer, container))
    return StoreTransferAnswer(store.transfer_as_it_stands(begin_parts(store, found)))


def add_transfer(records: Records, transfer: Transfer, container: Container | None) -> Transfer:
    """Keep a new transfer, with the container it makes; the one there is, where a repeat was faster. Raises
    Conflict.
    """
    found = find_repeated(records, transfer.manager, transfer.transfer, transfer.fingerprint)
    if found is None:
        if container is not None:
            records.add_container(container)
        records.add_transfer(transfer)
    return found or transfer


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender of a body says of it."""

    length: int | None = None
    """Bytes (Content-Length); None where it is sent in chunks."""
    content_type: str | None = None
    digests: tuple[Digest, ...] = ()
    """Of algorithms that `checksum` knows."""


def open_upload(store: Store, token: str, sent: Sent) -> Upload | Replay:
    """Take a ticket's lease and a writer for its container; a Replay where its bytes are stored already.

    The answer must end with `complete` or `abort`. Raises TicketUnknown, WrongMethod, TicketExpired, TransferEnded (it
    was cancelled or failed), Busy, TicketUsed, TooLarge, Incomplete, StoreFull, StoreReadOnly, StorageFailure, and
    ContainerNotFound where what is to be added to has gone.
    """
    ticket = store.tickets.check(token, "PUT")
    now, lease = store.clock(), store.new_lease()
    asked = store.request_id()
    with store.flows.taking(ticket.transfer):
        transfer, container = store.catalogue.write(
            lambda records: _take(store, records, ticket, sent, lease, now, asked)
        )
    promise = joint_promise(transfer.promise, sent)
    if transfer.receipt is not None:
        return replay(store, transfer, transfer.receipt, promise)
    return Upload(store, transfer, container, promise)


def _take(
    store: Store, records: Records, ticket: Ticket, sent: Sent, lease: str, now: Instant, asked: str | None
) -> tuple[Transfer, Container]:
    transfer = records.hold_transfer(ticket.transfer)
    container = records.hold_container(transfer.container) if transfer is not None else None
    if transfer is None or container is None or transfer.epoch != ticket.epoch:
        raise TicketUnknown
    if transfer.receipt is not None:
        deleted = container.state != ContainerState.COMPLETE
        require_repeatable(transfer, transfer.receipt.size - transfer.kept, sent, now, deleted=deleted)
        return transfer, container
    require_startable(transfer, now)
    if sent.length is not None:
        require_length(transfer.promise, sent.length)
    transfer = transfer.start(lease, Instant(now + store.terms.longest_transfer), now)
    transfer = replace(transfer, request_id=asked or transfer.request_id)
    if container.state == ContainerState.EMPTY:
        # Else bytes came in parts before, which count no longer: `create` drops them, or the next start.
        container = container.step(BEGIN, now)
    records.set_transfer(transfer)
    records.set_container(container)
    return transfer, container


def require_repeatable(transfer: Transfer, size: int, sent: Sent, now: Instant, *, deleted: bool) -> None:
    """A repeat after a lost answer may come until the hard cap of the upload that it repeats. Raises TicketUnknown,
    TicketExpired, TicketUsed.
    """
    if deleted:
        raise TicketUnknown
    if transfer.deadline is not None and now > transfer.deadline:
        raise TicketExpired
    if sent.length is not None and sent.length != size:
        raise TicketUsed


def require_startable(transfer: Transfer, now: Instant) -> None:
    """Refuse an upload that cannot begin. Raises Busy, TicketExpired, TransferEnded."""
    if transfer.state == TransferState.RECEIVING:
        raise Busy("this transfer address", reason="bytes are on their way already")
    if transfer.state == TransferState.EXPIRED or (transfer.state == TransferState.OFFERED and now > transfer.expiry):
        raise TicketExpired
    if transfer.state != TransferState.OFFERED:
        raise TransferEnded(transfer.transfer, reason=f"it is {transfer.state}")


def joint_promise(announced: Promise, sent: Sent) -> Promise:
    """What the FileManager and the sender announce together."""
    return replace(
        announced,
        size=announced.size if announced.size is not None else sent.length,
        digests=tuple(dict.fromkeys((*announced.digests, *sent.digests))),
        claimed_type=sent.content_type,
    )
