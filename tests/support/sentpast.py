"""A store on memory that has its clients send past it, and those clients.

Rule: nothing moves by itself: what the store does in its lane and at its upkeep is done when a test says so.
"""

from filestore.backends.memory import MemoryBackend
from filestore.backends.memorystaging import MemoryStaging
from filestore.domain.terms import Terms
from filestore.persistence.memory import MemoryCatalogue
from filestore.services import moves
from filestore.services.callbacks import list_due, message_of
from filestore.services.completions import complete_transfer
from filestore.services.containers import get_properties
from filestore.services.lane import Lane
from tests.support.filestore_core import MANAGER, Core, MemoryWeb, make_core
from vofiles.contract import (
    Digest,
    GetProperties,
    StoreCompleteTransfer,
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.instant import Instant

TERMS = Terms(reserve=0, direct=True)


class Direct:
    """A store that has clients send past it, and a client."""

    def __init__(self, core: Core | None = None) -> None:
        backend = MemoryBackend(1 << 50)
        self.staging = MemoryStaging(backend)
        self.core = core or make_core(MemoryCatalogue(), backend, terms=TERMS)
        object.__setattr__(self.core.store, "staging", self.staging)
        self.lane = Lane(lambda transfer: None, threads=0)

    def restarted(self) -> None:
        """A new process over what is left."""
        self.core = self.core.restarted()
        object.__setattr__(self.core.store, "staging", self.staging)
        self.lane = Lane(lambda transfer: None, threads=0)

    def send(self, offer: Transfer, data: bytes, *, without: int | None = None) -> None:
        start = 0
        for number, endpoint in enumerate(offer.endpoints, start=1):
            (length,) = (int(header.value) for header in endpoint.headers if header.name == "Content-Length")
            if number != without:
                self.staging.put(endpoint.url, data[start : start + length], self.core.clock())
            start += length

    def complete(self, offer: Transfer, *digests: Digest) -> Transfer:
        request = StoreCompleteTransfer(offer.transfer, digests)
        return complete_transfer(self.core.store, self.lane, MANAGER, request).transfer

    def take(self) -> int:
        """Have the lane's work done; answers how much there was."""
        waiting = moves.resume(self.core.store, Lane(lambda transfer: None, threads=0))
        transfers = self.core.store.catalogue.read(lambda records: records.list_transfers("REQUESTED", "", 100))
        for transfer in transfers:
            moves.run(self.core.store, MemoryWeb(), transfer.transfer)
        return waiting

    def told(self) -> list[TransferCompleted | TransferFailed]:
        letters = list_due(self.core.store, Instant(1 << 62), 100)
        return [message_of(self.core.store, letter.transfer) for letter in letters]

    def asked(self, name: str) -> Transfer:
        """A transfer as its FileManager is answered."""
        found = get_properties(self.core.store, MANAGER, GetProperties(transfer=name)).transfer
        assert found is not None
        return found

    @property
    def staged(self) -> list[str]:
        return [number for number, _ in self.staging.numbers()]
