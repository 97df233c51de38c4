"""Uploads: one body on its way into a container, whoever sends it.

    upload.prepare() …  upload.write(data) …    then    upload.complete()    or    upload.abort()

Rule: the safe order. The bytes, their sidecar and their directory entries are durable before the one transaction
{container COMPLETE, transfer STORED, callback in the outbox}; only when that is committed does `complete` return. All
of it blocks, so it runs in threads, one at a time for one upload, never on the reactor.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from filestore.domain.checksum import Beside, await_all, wanted
from filestore.domain.container import Container, Content
from filestore.domain.ingest import Ingest, receipt
from filestore.domain.sidecar import sidecar_of
from filestore.domain.transfer import Promise, Transfer
from filestore.ports import Outgoing, Records, StorageFailure, Writer
from filestore.services.beginnings import Beginning
from filestore.services.endings import fail, take_back
from filestore.services.store import Store
from vofiles.contract import Receipt, TransferState
from vofiles.errors import (
    ChecksumMismatch,
    ContainerNotFound,
    Damaged,
    ServiceBusy,
    TicketExpired,
    TransferEnded,
    VofilesError,
)
from vofiles.instant import Instant

LARGE = 1 << 20
"""Bytes of a piece from which on it is worth a second thread."""

T_co = TypeVar("T_co", covariant=True)


class Coming(Protocol[T_co]):
    """A body that comes, as those who bring its bytes see it; see `Upload` for what is raised and when."""

    @property
    def size(self) -> int: ...
    def prepare(self) -> bool: ...
    def write(self, data: bytes | memoryview) -> None: ...
    def begin_write(self, data: memoryview) -> Callable[[], object]: ...
    def complete(self) -> T_co: ...
    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """How an upload ended well."""

    receipt: Receipt
    repeated: bool = False
    """Whether the same bytes had come before: then nothing has changed."""


class Filling:
    """Bytes on their way into a container that this has the lease of."""

    def __init__(self, store: Store, transfer: Transfer, container: Container, promise: Promise) -> None:
        """Begin to write. Raises StoreFull, StoreReadOnly, StorageFailure; the lease has been given back then."""
        self._store = store
        self._transfer = transfer
        self._container = container
        self._revoked: VofilesError | None = None
        self._hopeless: VofilesError | None = None
        self._beginning: Beginning | None = None
        self._writer: Writer | None = None
        self._line: Beside = store.in_order() if store.in_order is not None else _at_once
        """Where pieces are written."""
        self._sized = promise.size is not None
        """Whether there is room for all of it since it began."""
        try:
            self._open(promise)
        except BaseException:
            self.abort()
            raise
        store.flows.add(self.lease, self)

    def _open(self, promise: Promise) -> None:
        """Begin with the first byte."""
        store, transfer = self._store, self._transfer
        algorithms = wanted(promise.digests, sha256=store.terms.sha256)
        with store.health.watching(), self._judging_base():
            self._beginning = Beginning(store, transfer.base) if transfer.base is not None else None
        base = self._beginning.content if self._beginning else None
        self._ingest = Ingest(promise, algorithms, base, name=self._container.name)
        size = self._whole(promise)
        store.require_space(size)
        with store.health.watching():
            self._writer = store.backend.create(self._container.number, size)

    def _whole(self, promise: Promise) -> int | None:
        """Bytes of the whole, as far as they are known."""
        return promise.size if self._transfer.base is None else self._transfer.kept + (promise.size or 0)

    @property
    def size(self) -> int:
        """Bytes so far, of those that come."""
        return self._ingest.size

    @property
    def lease(self) -> str:
        assert self._transfer.lease is not None
        return self._transfer.lease

    def revoke(self, reason: VofilesError) -> None:
        """Have the next step raise `reason`; for any thread."""
        self._revoked = reason

    def prepare(self) -> bool:
        """Take the next stretch of what the container begins with; whether there is more. Who does not ask has all of
        it done by `write` or `complete`. After anything raised here the upload must be aborted.

        Raises ContainerNotFound and Damaged where it is not what it was, which ends the transfer, and
        TicketExpired, TransferEnded, StoreFull, StorageFailure as `write` does.
        """
        beginning, writer = self._beginning, self._writer
        if beginning is None:
            return False
        self._require_open()
        assert writer is not None
        with self._store.health.watching(), self._judging_base():
            if beginning.step(writer, self._ingest):
                return True
        self._beginning = None
        return False

    def write(self, data: bytes | memoryview) -> None:
        """Take the next piece. After anything raised here the upload must be aborted.

        Raises TooLarge, TicketExpired beyond the hard cap, TransferEnded when cancelled meanwhile, StoreFull,
        StorageFailure, and what `prepare` does.
        """
        self._require_ready(len(data))
        with self._digesting(data):
            self._keep_piece(data)

    def begin_write(self, data: memoryview) -> Callable[[], object]:
        """Begin to take the next piece, which must not change before what is answered has returned: that waits for its
        end, and raises what `write` does, as this may already. Several are taken in the order in which they were begun.
        """
        self._require_ready(len(data))
        digested = self._ingest.receive(data, self._store.in_order)
        return partial(await_all, (digested, self._line(partial(self._keep_piece, data))))

    def _require_ready(self, length: int) -> None:
        while self.prepare():
            pass
        self._require_open()
        self._require_room(length)

    @contextmanager
    def _digesting(self, data: bytes | memoryview) -> Iterator[None]:
        """Judge a piece and make its digests; the slow ones of a large one while it is written. Raises TooLarge."""
        digested = self._ingest.receive(data, self._store.in_order if len(data) >= LARGE else None)
        try:
            yield
        finally:
            digested()

    def _keep_piece(self, data: bytes | memoryview) -> None:
        assert self._writer is not None
        with self._store.health.watching():
            self._writer.write(data)

    def abort(self) -> None:
        """Drop the bytes and give the lease back; aborting twice is no error."""
        try:
            if self._beginning is not None:
                self._beginning.close()
            if self._writer is not None:
                self._writer.abort()
        finally:
            self._store.flows.delete(self.lease)
            if self._hopeless is not None:
                end_for_good(self._store, self._transfer.transfer, self.lease, self._hopeless)
            give_back(self._store, self._transfer.transfer, self.lease)

    @contextmanager
    def _judging_base(self) -> Iterator[None]:
        """What the container was to begin with does not come back: no other attempt will do better."""
        try:
            yield
        except ContainerNotFound as error:
            self._hopeless = error
            raise
        except ChecksumMismatch as error:
            self._hopeless = Damaged("what is added to", reason=error.message)
            raise self._hopeless from error

    def _require_room(self, length: int) -> None:
        """What nobody knows the size of leaves the reserve alone piece by piece. Raises StoreFull, StoreReadOnly."""
        if not self._sized:
            self._store.require_space(length)

    def _require_open(self) -> None:
        if self._revoked is not None:
            raise self._revoked
        if self._transfer.deadline is not None and self._store.clock() > self._transfer.deadline:
            raise TicketExpired

    def _seal(self) -> tuple[Content, Instant]:
        """Judge what came and make it durable. Raises Incomplete, ChecksumMismatch, StoreFull, StorageFailure."""
        assert self._writer is not None
        content, now = self._ingest.finish(), self._store.clock()
        with self._store.health.watching():
            self._writer.seal(sidecar_of(self._store.identifier, self._container, content, now))
        return content, now

    def _settle(self, content: Content, now: Instant) -> Stored:
        """Publish what is durable and have the FileManager called back. Raises TransferEnded, StorageFailure,
        ServiceBusy; it has been aborted then, unless nobody can tell whether it is published.
        """
        made = self._publish(content, now)
        self._leave()
        self._store.wake()
        return Stored(made)

    def _publish(self, content: Content, now: Instant) -> Receipt:
        try:
            return self._store.catalogue.write(
                lambda records: publish(self._store, records, self._transfer, content, now)
            )
        except ServiceBusy as error:
            made = self._find_published(error)
            if made is None:
                self.abort()
                raise
            return made
        except VofilesError:
            self.abort()
            raise
        except BaseException as error:
            # Whether the commit holds is known after the next start only: until then the bytes must stay.
            self._leave()
            self._store.health.fail(f"the catalogue could not commit: {error!r}")
            raise StorageFailure(f"commit of transfer {self._transfer.transfer}") from error

    def _leave(self) -> None:
        """Touch nothing any more."""
        assert self._writer is not None
        self._writer.close()
        self._store.flows.delete(self.lease)

    def _find_published(self, error: ServiceBusy) -> Receipt | None:
        """The receipt, where a database that stopped answering had committed all the same. While nobody can tell, the
        bytes stay and the lease is noted: the next upload, or the next start, drops them.
        """
        try:
            # Held, and not only read: so it waits for the end of a commit whose connection has gone before its answer.
            held = self._store.catalogue.write(lambda records: records.hold_transfer(self._transfer.transfer))
        except Exception:  # noqa: BLE001 - whatever it is, nobody can tell
            self._leave()
            self._store.flows.add_stuck(self.lease, self._transfer.transfer)
            raise error from None
        return held.receipt if held is not None else None


class Upload(Filling):
    """A body that comes whole."""

    def complete(self) -> Stored:
        """All has come: make it durable, publish it and have the FileManager called back.

        Raises Incomplete, ChecksumMismatch, TicketExpired, TransferEnded, StoreFull, StorageFailure, ServiceBusy; the
        bytes have been dropped and the lease given back then, so that the sender may try again.
        """
        try:
            while self.prepare():
                pass
            self._require_open()
            content, now = self._seal()
        except BaseException:
            self.abort()
            raise
        return self._settle(content, now)


def _at_once(work: Callable[[], object]) -> Callable[[], object]:
    work()
    return nothing


def nothing() -> None:
    """What waits for nothing."""


def publish(store: Store, records: Records, transfer: Transfer, content: Content, now: Instant) -> Receipt:
    """The transaction that makes durable bytes count. Raises TransferEnded where the lease is another's by now."""
    held = require_lease(records, transfer.transfer, transfer.lease)
    container = records.hold_container(held.container)
    if container is None:
        raise ContainerNotFound(held.container)
    container = container.complete(content, now)
    made = receipt(transfer.transfer, store.identifier, container)
    records.set_container(container)
    records.set_transfer(held.store(made, now))
    records.add_outgoing(Outgoing(held.transfer, held.manager, now, now))
    return made


def require_lease(records: Records, transfer: str, lease: str | None) -> Transfer:
    """The transfer, held, if that lease is still good. Raises TransferEnded."""
    held = records.hold_transfer(transfer)
    if held is None or held.state != TransferState.RECEIVING or held.lease != lease:
        raise TransferEnded(transfer, reason=f"it is {held.state if held else 'gone'}")
    return held


def end_for_good(store: Store, transfer: str, lease: str, reason: VofilesError) -> None:
    """End a transfer that cannot be done, if its lease is still good. Where the database is busy it is as if it had
    broken off: the next attempt ends it.
    """
    now = store.clock()

    def end(records: Records) -> None:
        held = records.hold_transfer(transfer)
        if held is not None and held.lease == lease:
            fail(records, held, reason, now)

    with suppress(ServiceBusy):
        store.catalogue.write(end)
    store.wake()


def give_back(store: Store, transfer: str, lease: str) -> None:
    """Give a lease back, so that somebody can try again. Where the database is busy or fails, `expiry` does it.

    Raises what the database raised, unless it is busy.
    """
    now = store.clock()
    try:
        store.catalogue.write(lambda records: take_back(records, transfer, lease, now))
    except ServiceBusy:
        store.flows.add_stuck(lease, transfer)
    except Exception:
        store.flows.add_stuck(lease, transfer)
        raise
