"""Containers and transfers as their FileManager asks for them: properties, cancelling, deleting.

Rule: to a FileManager, what another one made looks absent; it can neither read, replace nor delete it. Deleting is
committed first and the bytes go afterwards, so that no reader is offered bytes that are gone.
"""

from typing import Final

from filestore.domain.adopted import Adopted
from filestore.domain.container import DELETE, Container
from filestore.domain.transfer import Transfer
from filestore.ports import Records
from filestore.services.endings import cancel, drop_kept
from filestore.services.staging import with_progress
from filestore.services.store import Store
from vofiles.adoption import is_adopted
from vofiles.contract import (
    ContainerState,
    DeleteContainer,
    DeleteContainerAnswer,
    GetProperties,
    GetPropertiesAnswer,
    ListContainers,
    ListContainersAnswer,
    StoreCancelTransfer,
    StoreTransferAnswer,
    TransferState,
)
from vofiles.errors import ContainerNotFound, InvalidArgument, TransferEnded, TransferNotFound
from vofiles.ivorn import Ivorn

PAGE: Final = 1000
"""Containers in one answer at most."""


def delete_container(store: Store, caller: Ivorn, request: DeleteContainer) -> DeleteContainerAnswer:
    """Delete a container and its bytes; a transfer that was to fill it is cancelled. What is not there, or not the
    caller's, is left as it is without a word: deleting twice is no error. Raises StorageFailure.
    """
    try:
        number = store.number_of(request.container)
    except ContainerNotFound:
        return DeleteContainerAnswer()
    now = store.clock()

    def delete(records: Records) -> str | None:
        container = records.hold_container(number)
        if container is None or container.manager != caller:
            return None
        lease = None
        filling = records.hold_transfer(container.transfer)
        if container.state in {ContainerState.EMPTY, ContainerState.RECEIVING} and filling and not filling.ended:
            lease = filling.lease
            cancel(records, filling, now)
        elif container.state != ContainerState.DELETED:
            records.set_container(container.step(DELETE, now))
            if is_adopted(container.transfer):
                # The file is others' and stays; from now on it is none of ours.
                records.forget_adopted(number)
        return lease or ""

    lease = store.catalogue.write(delete)
    if lease:
        # Its sender is told at the next piece, and drops the bytes itself.
        revoke(store, lease, number)
    elif lease is not None:
        with store.health.watching():
            store.backend.delete(number)
        # Only then: who admitted a reader before the commit may have opened it until now.
        store.open_files.drop(number)
    store.wake()
    return DeleteContainerAnswer()


def cancel_transfer(store: Store, caller: Ivorn, request: StoreCancelTransfer) -> StoreTransferAnswer:
    """End a transfer that has not ended; one that was cancelled before is answered as it is.

    Raises TransferNotFound, TransferEnded where it has ended in another way.
    """
    now = store.clock()

    def stop(records: Records) -> tuple[Transfer, Transfer | None]:
        transfer = records.hold_transfer(request.transfer)
        if transfer is None or transfer.manager != caller:
            raise TransferNotFound(request.transfer)
        if transfer.state == TransferState.CANCELLED:
            return transfer, None
        return cancel(records, transfer, now), transfer

    transfer, before = store.catalogue.write(stop)
    if before is not None and before.lease is not None:
        revoke(store, before.lease, transfer.transfer)
    elif before is not None:
        drop_kept(store, before)
    store.wake()
    return StoreTransferAnswer(store.transfer_as_it_stands(transfer))


def revoke(store: Store, lease: str | None, about: str) -> None:
    """Tell whoever moves bytes under a lease to stop."""
    flow = store.flows.find(lease)
    if flow is not None:
        flow.revoke(TransferEnded(about, reason="it was cancelled"))
    elif lease and not store.owns(lease):
        store.tell_revoked(lease, about)


def get_properties(store: Store, caller: Ivorn, request: GetProperties) -> GetPropertiesAnswer:
    """What the store knows of a container, of a transfer, or of both where a transfer is named: it and its container.

    Raises InvalidArgument where neither is named, TransferNotFound, ContainerNotFound.
    """
    if request.container is None and request.transfer is None:
        raise InvalidArgument("container", reason="name a container or a transfer")
    number = store.number_of(request.container) if request.container is not None else None

    def look_up(records: Records) -> tuple[Container | None, Transfer | None, Adopted | None]:
        transfer = _get_transfer(records, caller, request.transfer) if request.transfer is not None else None
        container = _find_container(records, caller, number or (transfer.container if transfer else ""))
        if container is None and number is not None:
            raise ContainerNotFound(request.container)
        lies = container is not None and is_adopted(container.transfer)
        return container, transfer, records.find_adopted(container.number) if container and lies else None

    container, transfer, adopted = store.catalogue.read(look_up)
    return GetPropertiesAnswer(
        store.container_as_it_stands(container, adopted) if container else None,
        store.transfer_as_it_stands(with_progress(store, transfer)) if transfer else None,
    )


def list_containers(store: Store, caller: Ivorn, request: ListContainers) -> ListContainersAnswer:
    """A page of the caller's containers that are not DELETED, or of those that are damaged, in the order of their
    numbers. Raises InvalidArgument.
    """
    limit = PAGE if request.limit is None else min(request.limit, PAGE)
    if limit < 1:
        raise InvalidArgument("limit", reason="it is at least 1")
    after = request.after or ""

    def look_up(records: Records) -> tuple[list[Container], dict[str, Adopted]]:
        wanted = records.list_damaged if request.damaged else records.list_held
        found = wanted(caller, after, limit + 1)
        lie = [container.number for container in found[:limit] if is_adopted(container.transfer)]
        return found, records.adopted_among(lie) if lie else {}

    found, adopted = store.catalogue.read(look_up)
    following = found[limit - 1].number if len(found) > limit else None
    holdings = (store.holding(container, adopted.get(container.number)) for container in found[:limit])
    return ListContainersAnswer(following, tuple(holdings))


def _get_transfer(records: Records, caller: Ivorn, number: str) -> Transfer:
    transfer = records.find_transfer(number)
    if transfer is None or transfer.manager != caller:
        raise TransferNotFound(number)
    return transfer


def _find_container(records: Records, caller: Ivorn, number: str) -> Container | None:
    container = records.find_container(number)
    if container is None or container.manager != caller or container.state == ContainerState.DELETED:
        return None
    return container
