"""Digests of bytes that are here already.

Rule: read once, from the start, a piece at a time.
"""

from collections.abc import Callable

from filestore.domain.checksum import Digester, wanted
from filestore.ports import Reader
from filestore.services.store import Store
from vofiles.contract import Digest

PIECE = 1 << 20
"""Bytes read at a time."""


def read_digests(store: Store, number: str) -> tuple[Digest, ...]:
    """The digests, as of what comes in, of a container's bytes. Raises ContainerNotFound, Damaged, SourceUnreachable,
    StorageFailure.
    """
    reader = store.backend.open(number)
    try:
        return digests_of(store, reader)
    finally:
        reader.close()


def digests_of(store: Store, reader: Reader, look: Callable[[bytes], object] = len) -> tuple[Digest, ...]:
    """The digests, as of what comes in, of all that a reader has; `look` gets the first piece. Raises what the reader
    raises.
    """
    digester = Digester(wanted((), sha256=store.terms.sha256))
    for offset in range(0, reader.size, PIECE):
        piece = reader.pread(PIECE, offset)
        if not offset:
            look(piece)
        digester.update(piece)
    return digester.digests()
