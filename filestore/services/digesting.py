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


Behind = Callable[[Reader, int, int], object]
"""Told of a reader, and of where in it so many bytes were read; before the first of them of 0 bytes."""


def unwatched(_reader: Reader, _offset: int, _length: int) -> None:
    """Nobody is told of what is read."""


def read_digests(store: Store, number: str) -> tuple[Digest, ...]:
    """The digests, as of what comes in, of a container's bytes. Raises ContainerNotFound, Damaged, SourceUnreachable,
    StorageFailure.
    """
    reader = store.backend.open(number)
    try:
        return digests_of(store, reader)
    finally:
        reader.close()


def digests_of(
    store: Store, reader: Reader, look: Callable[[bytes], object] = len, behind: Behind = unwatched
) -> tuple[Digest, ...]:
    """The digests, as of what comes in, of all that a reader has; `look` gets the first piece. Raises what the reader
    raises.
    """
    return read_through(reader, Digester(wanted((), sha256=store.terms.sha256)), look, behind)


def read_through(
    reader: Reader, digester: Digester, look: Callable[[bytes], object] = len, behind: Behind = unwatched
) -> tuple[Digest, ...]:
    """The digests of all that a reader has. Raises what the reader raises."""
    behind(reader, 0, 0)
    for offset in range(0, reader.size, PIECE):
        piece = reader.pread(PIECE, offset)
        if not offset:
            look(piece)
        digester.update(piece)
        behind(reader, offset, len(piece))
    return digester.digests()
