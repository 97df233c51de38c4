"""Beginnings: the bytes of one container on their way to the front of another, before others come behind them.

Rule: they are read through the digests of the whole and compared with what is known of them, so that what is added to
is what once came in. They are open from the start, so that nothing that becomes of the first container tears the
second.
"""

from typing import Final

from filestore.domain.container import Content
from filestore.domain.ingest import Ingest
from filestore.domain.transfer import Base
from filestore.ports import Reader, Writer
from filestore.services.store import Store
from vofiles.contract import ContainerState
from vofiles.errors import ChecksumMismatch, ContainerNotFound

PIECE: Final = 1 << 20
"""Bytes read at a time."""
STRETCH: Final = 32 * PIECE
"""Bytes of one step: so long one upload keeps others from a thread."""


class Beginning:
    """What a container begins with."""

    def __init__(self, store: Store, base: Base) -> None:
        """Open it. Raises ContainerNotFound where it has gone, StorageFailure."""
        found = store.catalogue.read(lambda records: records.find_container(base.container))
        if found is None or found.state != ContainerState.COMPLETE or found.content is None:
            raise ContainerNotFound(store.identifier.with_fragment(base.container), reason="it was to be added to")
        self.content: Content = found.content
        self._number = base.container
        self._reader: Reader | None = store.backend.open(base.container)
        self._done = 0

    def step(self, writer: Writer, ingest: Ingest) -> bool:
        """Take the next stretch of it; whether there is more. Raises ChecksumMismatch, StoreFull, StorageFailure."""
        reader = self._reader
        if reader is None:
            return False
        end = min(self._done + STRETCH, reader.size)
        while self._done < end:
            piece = reader.pread(min(PIECE, end - self._done), self._done)
            if not piece:
                raise ChecksumMismatch(self._number, reason="it has become shorter")
            ingest.begin_with(piece)
            writer.take(reader, self._done, len(piece))
            self._done += len(piece)
        if end < reader.size:
            return True
        self.close()
        ingest.end_base()
        return False

    def close(self) -> None:
        """Let go of it; closing twice is no error."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
