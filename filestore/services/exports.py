"""Exports by ticket: a FileManager asks for an address, whoever has it GETs the bytes, as often as it likes until
expiry.

Rule: a download takes no lease and changes nothing, so that any number can run at once; it reads what was complete when
it began, also when the container is deleted meanwhile.
"""

import logging
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from filestore.domain.container import Container, Content
from filestore.domain.ticket import Ticket
from filestore.domain.transfer import Promise, Transfer, fingerprint
from filestore.ports import Reader, Records
from filestore.services.admission import find_repeated, get_complete, require_own_callback
from filestore.services.imports import add_transfer
from filestore.services.openfiles import LONGEST
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
from vofiles.errors import ChecksumMismatch, ContainerNotFound, Damaged, TicketExpired, TicketUnknown, TransferEnded
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

    ticket: Ticket
    transfer: Transfer
    container: Container
    content: Content

    @property
    def content_type(self) -> str | None:
        """As the FileManager told it for this export, else as the content has it."""
        return self.transfer.promise.content_type or self.content.content_type


@dataclass(frozen=True, slots=True)
class Download:
    """A content on its way out; close it, or use it in a `with`."""

    reader: Reader
    container: str
    """Its number."""
    size: int
    """Bytes."""
    digests: tuple[Digest, ...]
    created: Instant
    """When the bytes were complete."""
    content_type: str | None
    file_name: str | None
    """What a browser should call the file: as the FileManager gave it, not yet safe in a header."""

    def close(self) -> None:
        """Let go of the bytes; closing twice is no error."""
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def admit(store: Store, token: str, method: str) -> Admitted:
    """What a ticket is good for at this moment; no byte is looked at. `method` is GET or HEAD.

    Raises TicketUnknown (also where the content has been deleted), WrongMethod, TicketExpired, TransferEnded (it was
    cancelled), Damaged (its bytes are known not to be what came).
    """
    return admit_again(store, store.tickets.check(token, method))


def admit_again(store: Store, ticket: Ticket) -> Admitted:
    """The same for a ticket that was found to be true before."""
    transfer, container = store.catalogue.read(lambda records: _look_up(records, ticket))
    if transfer.state == TransferState.EXPIRED or store.clock() > transfer.expiry:
        raise TicketExpired
    if transfer.state != TransferState.OFFERED:
        raise TransferEnded(transfer.transfer, reason=f"it is {transfer.state}")
    content = container.content
    if container.state != ContainerState.COMPLETE or content is None:
        raise TicketUnknown
    container.require_sound()
    return Admitted(ticket, transfer, container, content)


def open_admitted(store: Store, admitted: Admitted) -> Download:
    """Its bytes. Raises TicketUnknown (deleted meanwhile), Damaged (they are not there), ServiceBusy, StorageFailure,
    and what opening an adopted file raises.
    """
    number = admitted.container.number
    reader = store.open_files.find(number)
    if reader is None:
        reader = _open(store, number)
        if _may_stay_open(store, admitted, reader):
            reader = store.open_files.keep(number, reader)
    return _download(admitted, reader)


def find_open(store: Store, admitted: Admitted) -> Download | None:
    """The same where its file is open already; waits for nothing."""
    reader = store.open_files.find(admitted.container.number)
    return None if reader is None else _download(admitted, reader)


def _download(admitted: Admitted, reader: Reader) -> Download:
    container, content = admitted.container, admitted.content
    return Download(
        reader,
        container.number,
        content.size,
        content.digests,
        container.changed,
        admitted.content_type,
        admitted.transfer.file_name,
    )


def find_on_shelf(store: Store, admitted: Admitted) -> bytes | None:
    """All of a content, where it is in memory."""
    return store.shelf.find(admitted.container.number)


def is_short(store: Store, admitted: Admitted) -> bool:
    """Whether a content is taken whole before the first of it is sent."""
    return admitted.content.size <= store.shelf.longest


def take_short(store: Store, admitted: Admitted) -> bytes:
    """All of a short content. Raises Damaged where it is not what came, and what `open_admitted` and reading raise."""
    with open_admitted(store, admitted) as download:
        check = check_of(store, download)
        try:
            data = download.reader.pread(download.size, 0)
        except ChecksumMismatch as error:
            # The same, as a back end says it.
            raise Damaged(f"container {download.container}", reason=error.message) from error
    check.update(data)
    check.require()
    # Others' files may change, and then their containers are no more what they were.
    if not is_adopted(admitted.container.transfer):
        store.shelf.put(download.container, data)
    return data


def check_of(store: Store, download: Download) -> Wholeness:
    """What sees all bytes of it go out. Raises Damaged where already their number is wrong."""
    check = Wholeness(store, download.container, download.size, download.digests)
    check.require_size(download.reader.size)
    return check


def _may_stay_open(store: Store, admitted: Admitted, reader: Reader) -> bool:
    """Whether it is worth it, and nothing is wrong with it as far as can be told without looking at its bytes. Others'
    files may change.
    """
    size = admitted.content.size
    return (
        store.shelf.longest < size <= LONGEST
        and size == reader.size
        and reader.fileno() is not None
        and not is_adopted(admitted.container.transfer)
    )


def _open(store: Store, number: str) -> Reader:
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
