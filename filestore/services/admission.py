"""Admission: what every request that begins a transfer has to pass, and how a repeat of it is known.

Rule: the FileManager makes the id, and everything is idempotent on it: a repeat with the same arguments is answered
with the transfer as it stands, one with others is a Conflict. What belongs to another FileManager looks absent.
"""

from typing import Protocol

from filestore.domain.checksum import parse_digest
from filestore.domain.container import Container
from filestore.domain.ticket import require_transfer_id
from filestore.domain.transfer import Promise, Remote, Transfer
from filestore.ports import Records
from filestore.services.store import Store
from vofiles.contract import HTTP, ContainerState, Digest, Header
from vofiles.errors import Conflict, ContainerNotFound, InvalidArgument, PermissionDenied, TooLarge
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier


class Beginning(Protocol):
    """What every request that begins a transfer says."""

    @property
    def transfer(self) -> str: ...
    @property
    def callback(self) -> Ivorn: ...


class Filling(Beginning, Protocol):
    """What every request that makes a container says besides."""

    @property
    def node(self) -> LongIdentifier: ...
    @property
    def owner(self) -> Ivorn: ...
    @property
    def node_identifier(self) -> NodeIdentifier | None: ...


class Sized(Protocol):
    """What a request may say of how many bytes are to come."""

    @property
    def size(self) -> int | None: ...
    @property
    def maximum_size(self) -> int | None: ...


class Announcing(Sized, Protocol):
    """What a request may say of the bytes to come."""

    @property
    def content_type(self) -> str | None: ...
    @property
    def digests(self) -> tuple[Digest, ...]: ...


class Addressing(Protocol):
    """What a request says of an address elsewhere."""

    @property
    def url(self) -> str: ...
    @property
    def protocol(self) -> str | None: ...
    @property
    def method(self) -> str | None: ...
    @property
    def headers(self) -> tuple[Header, ...]: ...


def require_own_callback(caller: Ivorn, request: Beginning) -> None:
    """Refuse to call back anybody but who asks. Raises PermissionDenied, InvalidArgument for an unusable id."""
    require_transfer_id(request.transfer)
    if request.callback != caller:
        raise PermissionDenied(f"have {request.callback} called back", reason=f"the request is signed by {caller}")


def find_repeated(
    records: Records, caller: Ivorn, transfer: str, fingerprint: str, *, hold: bool = False
) -> Transfer | None:
    """The transfer that this very request began before, None if it is new; `hold` keeps others from changing it, which
    only a write may. Raises Conflict where the id is taken.
    """
    found = records.hold_transfer(transfer) if hold else records.find_transfer(transfer)
    if found is not None and (found.manager != caller or found.fingerprint != fingerprint):
        raise Conflict(f"transfer {transfer}", reason="it was begun with other arguments")
    return found


def promise_of(store: Store, request: Announcing) -> Promise:
    """What a request announces of the bytes, within the store's terms. Raises InvalidArgument, TooLarge."""
    digests = tuple(parse_digest(digest) for digest in request.digests)
    return Promise(request.size, maximum_of(store, request), digests, request.content_type)


def maximum_of(store: Store, request: Sized, kept: int = 0) -> int | None:
    """How many bytes may come at most, where `kept` stand before them. Raises InvalidArgument, TooLarge."""
    for name, value in (("size", request.size), ("maximumSize", request.maximum_size)):
        if value is not None and value < 0:
            raise InvalidArgument(name, reason=f"{value} is negative")
    largest = store.terms.maximum_size
    limits = [request.maximum_size, None if largest is None else max(0, largest - kept)]
    maximum = min((limit for limit in limits if limit is not None), default=None)
    if request.size is not None and maximum is not None and request.size > maximum:
        raise TooLarge(f"{request.size} bytes", reason=f"{maximum} are allowed")
    return maximum


def remote_of(request: Addressing, method: str) -> Remote:
    """The address elsewhere, with what it left out."""
    return Remote(request.url, (request.protocol or HTTP).upper(), (request.method or method).upper(), request.headers)


def new_container(store: Store, caller: Ivorn, request: Filling) -> Container:
    """An empty container for a request; not yet in the catalogue."""
    now = store.clock()
    return Container(
        store.numbers(), caller, request.node, request.owner, request.transfer, ContainerState.EMPTY, now, now,
        identifier=request.node_identifier,
    )  # fmt: skip


def get_complete(records: Records, caller: Ivorn, number: str) -> Container:
    """A container of the caller's with its content. Raises ContainerNotFound, Damaged where the bytes are known not to
    be what came.
    """
    container = records.find_container(number)
    if container is None or container.manager != caller or container.state != ContainerState.COMPLETE:
        raise ContainerNotFound(number)
    container.require_sound()
    return container
