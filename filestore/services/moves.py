"""Moves: importData and exportData, which the store runs itself, and the taking of what was sent past it.

Rule: a request is a row REQUESTED; the lane takes its lease, moves the bytes and ends it, one way or the other, so that
its FileManager is called back. A crash or a database that is too busy leaves the row, and the next start or the next
turn of the upkeep runs it again from the beginning.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from filestore.domain.container import BEGIN, Container
from filestore.domain.ingest import receipt
from filestore.domain.transfer import IMPORTS, Promise, Transfer, fingerprint
from filestore.ports import Body, Outbound, Outgoing, Reader, Records
from filestore.services.admission import (
    find_repeated,
    get_complete,
    new_container,
    promise_of,
    remote_of,
    require_own_callback,
)
from filestore.services.endings import fail, failure_of, take_back
from filestore.services.flows import Movement
from filestore.services.imports import add_transfer
from filestore.services.lane import Lane
from filestore.services.settling import Taking, settle
from filestore.services.store import Store
from filestore.services.uploads import Upload, require_lease
from vofiles.contract import Direction, StoreExportData, StoreImportData, StoreTransferAnswer, TransferState
from vofiles.errors import ContainerNotFound, InvalidArgument, TicketExpired, Unexpected, VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_log = logging.getLogger(__name__)

PIECE = 1 << 20
"""Bytes sent at a time."""

STAGED = "what was sent past the store"
"""The peer of such transfers in the lane; no host is called so."""

_MOVED = frozenset({Direction.IMPORT_DATA, Direction.EXPORT_DATA})


def import_data(
    store: Store, outbound: Outbound, lane: Lane, caller: Ivorn, request: StoreImportData
) -> StoreTransferAnswer:
    """Make a container and have the lane fetch bytes into it; a repeat answers the transfer as it stands.

    Raises PermissionDenied, InvalidArgument, AddressRefused, TooLarge, Conflict, StoreFull, StoreReadOnly, ServiceBusy.
    """
    require_own_callback(caller, request)
    mark = fingerprint(Direction.IMPORT_DATA, request)
    found = store.catalogue.read(lambda records: find_repeated(records, caller, request.transfer, mark))
    if found is None:
        remote = replace(remote_of(request, "GET"), source=_source_of(store, request))
        outbound.require_allowed(remote)
        lane.require_room()
        promise = promise_of(store, request)
        store.require_space(promise.size)
        container = new_container(store, caller, request)
        expiry = Instant(container.created + store.terms.longest_transfer)
        wanted = Transfer(
            request.transfer, caller, Direction.IMPORT_DATA, mark, container.number, TransferState.REQUESTED,
            container.created, container.created, expiry, promise=promise, remote=remote,
            request_id=store.request_id(),
        )  # fmt: skip
        found = store.catalogue.write(lambda records: add_transfer(records, wanted, container))
    enqueue(lane, found)
    return StoreTransferAnswer(store.transfer_as_it_stands(found))


def _source_of(store: Store, request: StoreImportData) -> Ivorn | None:
    """The container of another store that the bytes come from, if so. Raises InvalidArgument."""
    source = request.source
    if source is not None and (not source.fragment or source.service == store.identifier):
        raise InvalidArgument("source", reason="it is not a container of another store")
    return source


def export_data(
    store: Store, outbound: Outbound, lane: Lane, caller: Ivorn, request: StoreExportData
) -> StoreTransferAnswer:
    """Have the lane send a container's bytes; a repeat answers the transfer as it stands.

    Raises PermissionDenied, InvalidArgument, AddressRefused, Conflict, ContainerNotFound, ServiceBusy.
    """
    require_own_callback(caller, request)
    mark = fingerprint(Direction.EXPORT_DATA, request)
    number = store.number_of(request.container)
    remote = remote_of(request, "PUT")
    outbound.require_allowed(remote)
    lane.require_room()
    now, asked = store.clock(), store.request_id()

    def begin(records: Records) -> Transfer:
        found = find_repeated(records, caller, request.transfer, mark)
        if found is not None:
            return found
        get_complete(records, caller, number)
        wanted = Transfer(
            request.transfer, caller, Direction.EXPORT_DATA, mark, number, TransferState.REQUESTED, now, now,
            Instant(now + store.terms.longest_transfer),
            promise=Promise(content_type=request.content_type), remote=remote, request_id=asked,
        )  # fmt: skip
        return add_transfer(records, wanted, None)

    found = store.catalogue.write(begin)
    enqueue(lane, found)
    return StoreTransferAnswer(store.transfer_as_it_stands(found))


def enqueue(lane: Lane, transfer: Transfer) -> None:
    """Put a transfer that waits into the lane of its peer, the host elsewhere or the medium behind this store."""
    if transfer.state != TransferState.REQUESTED:
        return
    if transfer.is_taken:
        lane.put(STAGED, transfer.transfer)
    elif transfer.direction in _MOVED and transfer.remote is not None:
        lane.put(urlsplit(transfer.remote.url).netloc.rpartition("@")[2].lower(), transfer.transfer)


def resume(store: Store, lane: Lane) -> int:
    """Put all that waits into the lane, after a start and again and again; answers how many. What is there stays."""
    number, after = 0, ""

    def look_up(records: Records) -> list[Transfer]:
        return records.list_transfers(TransferState.REQUESTED, after, 100)

    while page := store.catalogue.read(look_up):
        for transfer in page:
            enqueue(lane, transfer)
            number += transfer.direction in _MOVED or transfer.is_taken
        after = page[-1].transfer
    return number


def run(store: Store, outbound: Outbound, number: str) -> None:
    """Move one transfer's bytes and end it: what the lane calls. What is not waiting any more is left as it is."""
    now, lease, movement = store.clock(), store.new_lease(), Movement()
    # Before the lease is anybody's to revoke, so that no word to stop is lost.
    store.flows.add(lease, movement)
    try:
        with _noting(store, number, lease):
            taken = store.catalogue.write(lambda records: _take(store, records, number, lease, now))
        if taken is not None:
            _move(store, outbound, *taken, movement)
    finally:
        store.flows.delete(lease)


@contextmanager
def _noting(store: Store, number: str, lease: str) -> Iterator[None]:
    """Where this write fails nobody can tell who has the lease: have `expiry` give it back, if it is still good."""
    try:
        yield
    except Exception:
        store.flows.add_stuck(lease, number)
        raise


def _move(store: Store, outbound: Outbound, transfer: Transfer, container: Container, movement: Movement) -> None:
    try:
        if transfer.is_taken:
            taking = Taking(store, transfer)
            movement.follow(taking)
            settle(store, transfer, container, taking)
        elif transfer.direction == Direction.IMPORT_DATA:
            _fetch(store, outbound, transfer, container, movement)
        else:
            _push(store, outbound, transfer, container, movement)
    except VofilesError as error:
        _fail(store, transfer, movement.revoked or error)
    except Exception:  # noqa: BLE001 - whatever it was, the transfer ends and its FileManager is told
        _log.exception("transfer %s failed", transfer.transfer)
        _fail(store, transfer, Unexpected(transfer.transfer))
    store.wake()


def _take(store: Store, records: Records, number: str, lease: str, now: Instant) -> tuple[Transfer, Container] | None:
    transfer = records.hold_transfer(number)
    container = records.hold_container(transfer.container) if transfer is not None else None
    if transfer is None or transfer.state != TransferState.REQUESTED:
        return None
    if container is None:
        raise ContainerNotFound(transfer.container)
    transfer = transfer.start(lease, Instant(now + store.terms.longest_transfer), now)
    records.set_transfer(transfer)
    if transfer.direction in IMPORTS:
        container = container.step(BEGIN, now)
        records.set_container(container)
    return transfer, container


def _fetch(store: Store, outbound: Outbound, transfer: Transfer, container: Container, movement: Movement) -> None:
    assert transfer.remote is not None
    with outbound.fetch(transfer.remote, movement) as incoming:
        promise = transfer.promise
        if promise.size is None:
            promise = replace(promise, size=incoming.length)
        promise = replace(promise, claimed_type=incoming.content_type)
        upload = Upload(store, transfer, container, promise)
        movement.follow(upload)
        try:
            for piece in incoming.chunks():
                upload.write(piece)
        except BaseException:
            upload.abort()
            raise
        upload.complete()


@dataclass(eq=False)
class Sending:
    """A body on its way out."""

    store: Store
    transfer: Transfer
    reader: Reader
    size: int = 0
    """Bytes so far."""
    revoked: VofilesError | None = None

    def revoke(self, reason: VofilesError) -> None:
        """Have the next piece raise `reason`."""
        self.revoked = reason

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the start. Raises TicketExpired beyond the hard cap, TransferEnded when cancelled."""
        self.size = 0
        while self.size < self.reader.size:
            if self.revoked is not None:
                raise self.revoked
            if self.transfer.deadline is not None and self.store.clock() > self.transfer.deadline:
                raise TicketExpired
            piece = self.reader.pread(PIECE, self.size)
            if not piece:
                raise Unexpected(self.transfer.transfer, reason="the container is shorter than it was")
            yield piece
            self.size += len(piece)


def _push(store: Store, outbound: Outbound, transfer: Transfer, container: Container, movement: Movement) -> None:
    content = container.content
    if content is None:
        raise ContainerNotFound(container.number)
    assert transfer.remote is not None
    container.require_sound()
    reader = store.backend.open(container.number)
    try:
        sending = Sending(store, transfer, reader)
        movement.follow(sending)
        content_type = transfer.promise.content_type or content.content_type
        outbound.push(transfer.remote, Body(content.size, content_type, content.digests, sending.chunks), movement)
    finally:
        reader.close()
    now = store.clock()

    def publish(records: Records) -> None:
        held = require_lease(records, transfer.transfer, transfer.lease)
        records.set_transfer(held.store(receipt(held.transfer, store.identifier, container), now))
        records.add_outgoing(Outgoing(held.transfer, held.manager, now, now))

    store.catalogue.write(publish)


def _fail(store: Store, transfer: Transfer, reason: VofilesError) -> None:
    """End a transfer that could not be moved, unless it has ended meanwhile."""
    lease, now = transfer.lease, store.clock()
    assert lease is not None
    _log.info("transfer %s failed: %s", transfer.transfer, failure_of(reason))

    def end(records: Records) -> None:
        take_back(records, transfer.transfer, lease, now)
        held = records.hold_transfer(transfer.transfer)
        if held is not None and held.state == TransferState.REQUESTED:
            fail(records, held, reason, now)

    with _noting(store, transfer.transfer, lease):
        store.catalogue.write(end)
