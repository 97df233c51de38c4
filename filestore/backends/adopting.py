"""A back end with files beside it that it only reads: what it does not have itself may be an adopted one.

Rule: everything that writes, lists or deletes is the other back end's alone. Its own bytes are looked for first, so
that they cost nothing more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from filestore.backends.archive import DirectoryArchive
from filestore.config import AdoptedDirectory
from filestore.domain.checksum import Digester
from filestore.domain.ingest import require_digests
from filestore.domain.sidecar import Sidecar
from filestore.ports import Archive, Backend, Catalogue, Reader, Writer
from vofiles.errors import ContainerNotFound, SourceUnreachable

PIECE = 1 << 20
"""Bytes copied at a time."""


def archives_of(directories: Iterable[AdoptedDirectory]) -> dict[str, Archive]:
    """The directories of a configuration by name. None is looked at yet."""
    return {each.name: DirectoryArchive(each.directory, hidden=each.hidden) for each in directories}


class AdoptingBackend:
    """A back end, and the archives that containers may lie in."""

    def __init__(self, own: Backend, archives: Mapping[str, Archive], catalogue: Catalogue) -> None:
        """`catalogue` tells where an adopted container is."""
        self._own, self._archives, self._catalogue = own, archives, catalogue

    def create(self, number: str, size: int | None) -> Writer:
        return self._own.create(number, size)

    def resume(self, number: str, kept: int, size: int | None) -> Writer:
        return self._own.resume(number, kept, size)

    def open_kept(self, number: str, kept: int) -> Reader:
        return self._own.open_kept(number, kept)

    def open(self, number: str) -> Reader:
        try:
            return self._own.open(number)
        except ContainerNotFound:
            adopted = self._catalogue.read(lambda records: records.find_adopted(number))
            if adopted is None or adopted.forgotten:
                raise
        archive = self._archives.get(adopted.directory)
        if archive is None:
            raise SourceUnreachable(adopted.directory, reason="the directory is not in the configuration")
        return archive.open(adopted)

    def duplicate(self, number: str, copy: str, sidecar: Sidecar) -> None:
        if self._own.has(number):
            self._own.duplicate(number, copy, sidecar)
            return
        # A copy is this store's own: it stays as it is, whatever becomes of the file.
        reader = self.open(number)
        try:
            writer = self._own.create(copy, reader.size)
            try:
                self._copy(reader, writer, sidecar)
            except BaseException:
                writer.abort()
                raise
            writer.close()
        finally:
            reader.close()

    def _copy(self, reader: Reader, writer: Writer, sidecar: Sidecar) -> None:
        digester = Digester(digest.algorithm for digest in sidecar.content.digests)
        for offset in range(0, reader.size, PIECE):
            piece = reader.pread(PIECE, offset)
            digester.update(piece)
            writer.write(piece)
        require_digests(sidecar.content.digests, digester.digests())
        writer.seal(sidecar)

    def delete(self, number: str) -> None:
        self._own.delete(number)

    def set_aside(self, number: str) -> None:
        self._own.set_aside(number)

    def numbers(self) -> Iterator[str]:
        return self._own.numbers()

    def numbers_after(self, after: str, limit: int) -> list[str]:
        return self._own.numbers_after(after, limit)

    def has(self, number: str) -> bool:
        return self._own.has(number)

    def lacking(self, numbers: Sequence[str]) -> list[str]:
        return self._own.lacking(numbers)

    def find_sidecar(self, number: str) -> Sidecar | None:
        return self._own.find_sidecar(number)

    def free_space(self) -> int:
        return self._own.free_space()
