"""Bytes that were kept of an upload, read back through its digests.

Rule: a stretch at a time, like what a container begins with (`beginnings`), and never twice in one process as long as
it remembers how far it was. Where the digest of their beginning was written down, they are compared with it: what comes
to be judged is what came, or nothing.
"""

from filestore.domain.ingest import Ingest
from filestore.domain.partial import Partial
from filestore.domain.transfer import Transfer
from filestore.ports import Reader
from filestore.services.beginnings import PIECE, STRETCH
from filestore.services.store import Store
from vofiles.errors import ChecksumMismatch


class Rereading:
    """The judgement of bytes that are there already, up to a target."""

    def __init__(self, store: Store, transfer: Transfer, target: int) -> None:
        """Open the first `target` bytes. Raises ContainerNotFound where there are fewer, StorageFailure."""
        assert transfer.partial is not None
        self._partial: Partial = transfer.partial
        self._base, self._target, self._number = transfer.kept, target, transfer.container
        self._reader: Reader | None = store.backend.open_kept(transfer.container, target)

    def step(self, ingest: Ingest) -> bool:
        """Judge the next stretch; whether there is more. Raises ChecksumMismatch where it is not what came,
        StorageFailure.
        """
        reader = self._reader
        if reader is None:
            return False
        end = min(ingest.whole + STRETCH, self._target)
        while ingest.whole < end:
            self._take(reader, ingest, end)
        if end < self._target:
            return True
        self.close()
        return False

    def _take(self, reader: Reader, ingest: Ingest, end: int) -> None:
        at = ingest.whole
        # Not across a place where something is to be compared.
        stop = min(place for place in (at + PIECE, end, self._base, self._partial.digested) if place > at)
        piece = reader.pread(stop - at, at)
        if not piece:
            raise ChecksumMismatch(self._number, reason="what was kept has become shorter")
        if at < self._base:
            ingest.begin_with(piece)
            if ingest.whole == self._base:
                ingest.end_base()
        else:
            ingest.receive(piece)
        if ingest.whole == self._partial.digested and ingest.fast != self._partial.digest:
            raise ChecksumMismatch(self._number, reason="what was kept is not what came")

    def close(self) -> None:
        """Let go of it; closing twice is no error."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
