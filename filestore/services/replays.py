"""Replays: a body that comes again for a transfer whose bytes are stored.

Rule: nothing is kept of it. What is the same has the same receipt; what is not is TicketUsed.
"""

from collections.abc import Callable
from dataclasses import replace

from filestore.domain.checksum import wanted
from filestore.domain.ingest import Ingest
from filestore.domain.transfer import Promise, Transfer
from filestore.ports import Reader
from filestore.services.store import Store
from filestore.services.uploads import Stored, nothing
from vofiles.contract import ContainerState, Receipt
from vofiles.errors import ChecksumMismatch, ContainerNotFound, Incomplete, TicketUnknown, TicketUsed, TooLarge


class Replay:
    """A body that comes again for a transfer whose bytes are stored: compared by its digests, and not kept."""

    def __init__(self, store: Store, made: Receipt, promise: Promise) -> None:
        self._store = store
        self._receipt = made
        self._ingest = Ingest(
            replace(promise, size=made.size, digests=made.digests), wanted(made.digests, sha256=False)
        )

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._ingest.size

    def prepare(self) -> bool:
        """There is nothing to prepare."""
        return False

    def write(self, data: bytes | memoryview) -> None:
        """Take the next piece. Raises TicketUsed as soon as there is more than was stored."""
        try:
            self._ingest.receive(data)
        except TooLarge as error:
            raise TicketUsed from error

    def begin_write(self, data: memoryview) -> Callable[[], object]:
        """As `write`."""
        self.write(data)
        return nothing

    def complete(self) -> Stored:
        """The same receipt as the first time. Raises TicketUsed for other bytes, TicketUnknown where the first ones
        have been deleted: what is acknowledged is there.
        """
        try:
            self._ingest.finish()
        except (Incomplete, ChecksumMismatch) as error:
            raise TicketUsed from error
        return self._stored()

    def _stored(self) -> Stored:
        number = self._receipt.container.fragment
        container = self._store.catalogue.read(lambda records: records.find_container(number))
        if container is None or container.state != ContainerState.COMPLETE:
            raise TicketUnknown
        return Stored(self._receipt, repeated=True)

    def abort(self) -> None:
        """Nothing was kept."""


class ReplayBehind(Replay):
    """A repeat of what was added to a container: the digests are of the whole, so it is compared byte by byte."""

    def __init__(self, store: Store, made: Receipt, promise: Promise, kept: int) -> None:
        """`kept` bytes stand before those that come. Raises TicketUnknown where they have been deleted."""
        super().__init__(store, made, promise)
        self._kept, self._size = kept, 0
        try:
            with store.health.watching():
                self._reader: Reader = store.backend.open(made.container.fragment)
        except ContainerNotFound as error:
            raise TicketUnknown from error

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes | memoryview) -> None:
        with self._store.health.watching():
            stored = self._reader.pread(len(data), self._kept + self._size)
        if stored != data:
            raise TicketUsed
        self._size += len(data)

    def complete(self) -> Stored:
        self._reader.close()
        if self._kept + self._size != self._receipt.size:
            raise TicketUsed
        return self._stored()

    def abort(self) -> None:
        self._reader.close()


def replay(store: Store, transfer: Transfer, made: Receipt, promise: Promise) -> Replay:
    """How a repeat of a transfer that made a receipt is judged. Raises TicketUnknown, StorageFailure."""
    if transfer.base is None:
        return Replay(store, made, promise)
    return ReplayBehind(store, made, promise, transfer.base.size)
