"""Copies: a second container with the bytes of a first, within the store.

Rule: the same safe order as an upload, bytes durable before the commit that publishes them. The answer says how it
ended, so that there is no callback; a repeat after a crash begins anew.
"""

import logging
from dataclasses import replace

from filestore.domain.checksum import Digester
from filestore.domain.container import BEGIN, Container, Content
from filestore.domain.ingest import receipt
from filestore.domain.sidecar import Sidecar, sidecar_of
from filestore.domain.transfer import ACKNOWLEDGE, DUPLICATE, Transfer, fingerprint
from filestore.ports import Records, StorageFailure
from filestore.services.admission import find_repeated, get_complete, new_container, require_own_callback
from filestore.services.digesting import read_digests, read_through
from filestore.services.store import Store
from filestore.services.uploads import give_back, require_lease
from vofiles.contract import Duplicate, StoreTransferAnswer, TransferState
from vofiles.errors import Busy, ChecksumMismatch, ContainerNotFound, Damaged, ServiceBusy, VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_log = logging.getLogger(__name__)


def duplicate(store: Store, caller: Ivorn, request: Duplicate) -> StoreTransferAnswer:
    """Make a second container with the bytes of the first.

    Raises PermissionDenied, InvalidArgument, Conflict, Busy, ContainerNotFound, Damaged, StoreFull,
    StoreReadOnly, StorageFailure.
    """
    require_own_callback(caller, request)
    source = store.number_of(request.container)
    store.health.require_writable()
    fresh, lease, now = new_container(store, caller, request), store.new_lease(), store.clock()
    begun = store.catalogue.write(lambda records: _begin(store, records, caller, request, fresh, lease, now))
    if begun.state != TransferState.RECEIVING:
        return StoreTransferAnswer(store.transfer_as_it_stands(begun))
    verify = bool(request.verify)
    return StoreTransferAnswer(store.transfer_as_it_stands(_copy(store, caller, begun, source, verify=verify)))


def _begin(
    store: Store, records: Records, caller: Ivorn, request: Duplicate, fresh: Container, lease: str, now: Instant
) -> Transfer:
    mark = fingerprint(DUPLICATE, request)
    transfer = find_repeated(records, caller, request.transfer, mark, hold=True)
    if transfer is None:
        get_complete(records, caller, request.container.fragment)
        records.add_container(fresh)
        expiry = Instant(now + store.terms.ticket_lifetime)
        transfer = Transfer(
            request.transfer, caller, DUPLICATE, mark, fresh.number, TransferState.REQUESTED, now, now, expiry
        )
        records.add_transfer(transfer)
    if transfer.state == TransferState.RECEIVING:
        raise Busy(f"transfer {transfer.transfer}")
    if transfer.ended:
        return transfer
    container = records.hold_container(transfer.container)
    if container is None:
        raise ContainerNotFound(transfer.container)
    records.set_container(container.step(BEGIN, now))
    transfer = transfer.start(lease, Instant(now + store.terms.longest_transfer), now)
    records.set_transfer(transfer)
    return transfer


def _copy(store: Store, caller: Ivorn, begun: Transfer, source: str, *, verify: bool) -> Transfer:
    now = store.clock()
    try:
        first, copy = store.catalogue.read(lambda records: _look_up(records, caller, source, begun.container))
        assert first.content is not None
        content = first.content
        with store.health.watching():
            store.require_space(None)
            if verify:
                _require_right(store, source, content)
            if not content.digests:
                # Adopted and never read; a content of this store's own has its digests.
                content = replace(content, digests=read_digests(store, source))
            _fill(store, source, copy.number, sidecar_of(store.identifier, copy, content, now))
    except BaseException:
        _undo(store, begun)
        raise
    try:
        return store.catalogue.write(lambda records: _publish(store, records, begun, content, now))
    except VofilesError:
        _undo(store, begun)
        raise
    except BaseException as error:
        # As for an upload: whether the commit holds is known after the next start only.
        store.health.fail(f"the catalogue could not commit: {error!r}")
        raise StorageFailure(f"commit of transfer {begun.transfer}") from error


def _require_right(store: Store, source: str, content: Content) -> None:
    """Compare a container's bytes with its digests. Raises Damaged, and what reading raises."""
    reader = store.backend.open(source)
    try:
        made = read_through(reader, Digester(digest.algorithm for digest in content.digests))
    finally:
        reader.close()
    if set(content.digests) - set(made):
        store.suspect(source)
        raise Damaged(f"container {source}", reason="its bytes are not those that came")


def _fill(store: Store, source: str, copy: str, sidecar: Sidecar) -> None:
    """Give the copy its bytes. Raises Damaged where they are not what came, and what the back end raises."""
    try:
        store.backend.duplicate(source, copy, sidecar)
    except ChecksumMismatch as error:
        raise Damaged(f"container {source}", reason=error.message) from error


def _look_up(records: Records, caller: Ivorn, source: str, copy: str) -> tuple[Container, Container]:
    first, second = get_complete(records, caller, source), records.find_container(copy)
    if second is None:
        raise ContainerNotFound(copy)
    return first, second


def _publish(store: Store, records: Records, begun: Transfer, content: Content, now: Instant) -> Transfer:
    held = require_lease(records, begun.transfer, begun.lease)
    container = records.hold_container(held.container)
    if container is None:
        raise ContainerNotFound(held.container)
    container = container.complete(content, now)
    records.set_container(container)
    done = held.store(receipt(held.transfer, store.identifier, container), now).step(ACKNOWLEDGE, now)
    records.set_transfer(done)
    return done


def _undo(store: Store, begun: Transfer) -> None:
    """Drop the copy and give the lease back. Bytes that may have been published, or may be another's, are not
    touched.
    """
    assert begun.lease is not None
    try:
        held = store.catalogue.read(lambda records: records.find_transfer(begun.transfer))
        if held is not None and (held.lease == begun.lease or held.state == TransferState.CANCELLED):
            store.backend.delete(begun.container)
    except (ServiceBusy, StorageFailure):
        _log.warning("what there is of container %s is dropped at the next start", begun.container)
    give_back(store, begun.transfer, begun.lease)
