"""Exports by ticket: a FileManager asks for an address, whoever has it GETs the bytes, as often as it likes until
expiry.

Rule: a download takes no lease and changes nothing, so that any number can run at once; it reads what was complete when
it began, also when the container is deleted meanwhile.
"""

import logging
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

from filestore.domain.container import Container, Content
from filestore.domain.ticket import Ticket
from filestore.domain.transfer import Promise, Transfer, fingerprint
from filestore.ports import Reader, Records
from filestore.services.admission import find_repeated, get_complete, require_own_callback
from filestore.services.imports import add_transfer
from filestore.services.shelf import ShelvedReader
from filestore.services.store import Store
from filestore.services.wholeness import Wholeness
from vofiles.adoption import is_adopted
from vofiles.contract import (
    ContainerState,
    Digest,
    Direction,
    StoreExportInit,
    StoreTransferAnswer,
    TransferState,
)
from vofiles.errors import ContainerNotFound, Damaged, TicketExpired, TicketUnknown, TransferEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_log = logging.getLogger(__name__)


def begin_export(store: Store, caller: Ivorn, request: StoreExportInit) -> StoreTransferAnswer:
    """Make the address to GET a container's bytes from; a repeat answers the transfer as it stands.

    Raises PermissionDenied, InvalidArgument, Conflict, ContainerNotFound.
    """
    require_own_callback(caller, request)
    mark = fingerprint(Direction.EXPORT_INIT, request)
    number = store.number_of(request.container)
    now = store.clock()

    def begin(records: Records) -> Transfer:
        found = find_repeated(records, caller, request.transfer, mark)
        if found is not None:
            return found
        get_complete(records, caller, number)
        offer = Transfer(
            request.transfer, caller, Direction.EXPORT_INIT, mark, number, TransferState.OFFERED, now, now,
            Instant(now + store.terms.ticket_lifetime),
            promise=Promise(content_type=request.content_type), file_name=request.name,
        )  # fmt: skip
        return add_transfer(records, offer, None)

    return StoreTransferAnswer(store.transfer_as_it_stands(store.catalogue.write(begin)))


class Admitted(NamedTuple):
    """What a ticket gives a right to, as the catalogue has it."""

    transfer: Transfer
    container: Container
    content: Content


@dataclass(frozen=True, slots=True)
class Download:
    """A content on its way out; close it, or use it in a `with`."""

    reader: Reader
    container: str
    """Its number; with it an entity tag, for a container's bytes never change."""
    size: int
    """Bytes."""
    digests: tuple[Digest, ...]
    created: Instant
    """When the bytes were complete."""
    content_type: str | None
    file_name: str | None
    """What a browser should call the file: as the FileManager gave it, not yet safe in a header."""
    ticket: Ticket
    admitted: Admitted
    store: Store = field(repr=False)

    @property
    def at_hand(self) -> bytes | None:
        """All of it, where it is in memory."""
        return self.reader.data if isinstance(self.reader, ShelvedReader) else None

    @property
    def is_short(self) -> bool:
        """Whether it is so short that it is taken whole before the first of it is sent."""
        return self.size <= self.store.shelf.longest

    def take(self) -> bytes:
        """All of a short one. Raises ChecksumMismatch where it is not what came, StorageFailure and what reading an
        adopted file raises.
        """
        data = self.at_hand
        if data is None:
            check = self.check()
            data = self.reader.pread(self.size, 0)
            check.update(data)
            check.require()
            if not is_adopted(self.admitted.container.transfer):
                self.store.shelf.put(self.container, data)
        return data

    def check(self) -> Wholeness:
        """What sees all bytes of it go out. Raises ChecksumMismatch where already their number is wrong."""
        check = Wholeness(self.store, self.container, self.size, self.digests)
        check.require_size(self.reader.size)
        return check

    def close(self) -> None:
        """Let go of the bytes; closing twice is no error."""
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_download(store: Store, token: str, method: str = "GET") -> Download:
    """The content that a ticket is good for; `method` is GET or HEAD.

    Raises TicketUnknown (also where the content has been deleted), WrongMethod, TicketExpired, TransferEnded (it was
    cancelled), Damaged (its bytes are known not to be what came), StorageFailure.
    """
    ticket = store.tickets.check(token, method)
    admitted = admit(store, ticket)
    transfer, container, content = admitted
    return Download(
        _open(store, container.number),
        container.number,
        content.size,
        content.digests,
        container.changed,
        transfer.promise.content_type or content.content_type,
        transfer.file_name,
        ticket,
        admitted,
        store,
    )


def admit(store: Store, ticket: Ticket) -> Admitted:
    """What a ticket is good for at this moment. Raises as `open_download`."""
    transfer, container = store.catalogue.read(lambda records: _look_up(records, ticket))
    if transfer.state == TransferState.EXPIRED or store.clock() > transfer.expiry:
        raise TicketExpired
    if transfer.state != TransferState.OFFERED:
        raise TransferEnded(transfer.transfer, reason=f"it is {transfer.state}")
    content = container.content
    if container.state != ContainerState.COMPLETE or content is None:
        raise TicketUnknown
    container.require_sound()
    return Admitted(transfer, container, content)


def _open(store: Store, number: str) -> Reader:
    data = store.shelf.find(number)
    if data is not None:
        return ShelvedReader(data)
    try:
        return store.backend.open(number)
    except ContainerNotFound as error:
        _require_gone(store, number)
        raise TicketUnknown from error


def _require_gone(store: Store, number: str) -> None:
    """Where a container has no bytes it was deleted, or set aside, since we looked. Raises Damaged otherwise."""
    container = store.catalogue.read(lambda records: records.find_container(number))
    if container is None or container.state != ContainerState.COMPLETE:
        return
    container.require_sound()
    _log.error("container %s should have bytes and has none", number)
    store.suspect(number)
    raise Damaged(f"container {number}", reason="its bytes are not there")


def _look_up(records: Records, ticket: Ticket) -> tuple[Transfer, Container]:
    transfer = records.find_transfer(ticket.transfer)
    container = records.find_container(transfer.container) if transfer is not None else None
    if transfer is None or container is None or transfer.epoch != ticket.epoch:
        raise TicketUnknown
    return transfer, container
