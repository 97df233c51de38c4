"""Appends by ticket: a container that begins with the bytes of another, and whoever has the ticket PUTs what comes
behind them.

Rule: a transfer as an import is; the first container stays as it is, and where it has gone before the bytes begin to
flow the transfer ends. Receipt, sidecar and digests are of the whole; what is announced is of what is added.
"""

from filestore.domain.container import Container
from filestore.domain.transfer import Base, Promise, Transfer, fingerprint
from filestore.ports import Records
from filestore.services.admission import (
    find_repeated,
    get_complete,
    maximum_of,
    new_container,
    require_own_callback,
)
from filestore.services.imports import add_transfer
from filestore.services.store import Store
from vofiles.contract import Direction, StoreAppendInit, StoreTransferAnswer, TransferState
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


def begin_append(store: Store, caller: Ivorn, request: StoreAppendInit) -> StoreTransferAnswer:
    """Make the container and the address to PUT what is added; a repeat answers the transfer as it stands.

    Raises PermissionDenied, InvalidArgument, TooLarge, Conflict, ContainerNotFound, StoreFull, StoreReadOnly.
    """
    require_own_callback(caller, request)
    mark = fingerprint(Direction.APPEND_INIT, request)
    number = store.number_of(request.container)

    def look_up(records: Records) -> Transfer | Container:
        found = find_repeated(records, caller, request.transfer, mark)
        return found or get_complete(records, caller, number)

    found = store.catalogue.read(look_up)
    if isinstance(found, Container):
        fresh, offer = _offer(store, caller, request, mark, found)
        found = store.catalogue.write(lambda records: _add(records, offer, fresh))
    return StoreTransferAnswer(store.transfer_as_it_stands(found))


def _offer(
    store: Store, caller: Ivorn, request: StoreAppendInit, mark: str, first: Container
) -> tuple[Container, Transfer]:
    assert first.content is not None
    base = Base(first.number, first.content.size)
    promise = Promise(request.size, maximum_of(store, request, base.size), content_type=first.content.content_type)
    store.require_space(base.size + (request.size or 0))
    fresh = new_container(store, caller, request)
    expiry = Instant(fresh.created + store.terms.ticket_lifetime)
    offer = Transfer(
        request.transfer, caller, Direction.APPEND_INIT, mark, fresh.number, TransferState.OFFERED,
        fresh.created, fresh.created, expiry, promise=promise, request_id=store.request_id(), base=base,
    )  # fmt: skip
    return fresh, offer


def _add(records: Records, offer: Transfer, fresh: Container) -> Transfer:
    found = find_repeated(records, offer.manager, offer.transfer, offer.fingerprint)
    if found is not None:
        return found
    assert offer.base is not None
    get_complete(records, offer.manager, offer.base.container)
    return add_transfer(records, offer, fresh)
