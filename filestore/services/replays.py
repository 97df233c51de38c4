"""Replays: a body that comes again for a transfer whose bytes are stored.

Rule: nothing is kept of it. What is the same has the same receipt; what is not is TicketUsed.
"""

from filestore.domain.transfer import Promise, Transfer
from filestore.ports import Reader
from filestore.services.store import Store
from filestore.services.uploads import Replay, Stored
from vofiles.contract import Receipt
from vofiles.errors import ContainerNotFound, TicketUnknown, TicketUsed


def replay(store: Store, transfer: Transfer, made: Receipt, promise: Promise) -> Replay:
    """How a repeat of a transfer that made a receipt is judged. Raises TicketUnknown, StorageFailure."""
    if transfer.base is None:
        return Replay(store, made, promise)
    return ReplayBehind(store, made, promise, transfer.base.size)


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
