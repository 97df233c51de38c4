"""The back end on a disk: each container a file, and a small file of JSON beside it.

    <root>/ab/ab56…       bytes of container ab56…, written once under this name
    <root>/ab/ab56….json  its sidecar
    <root>/quarantine/    those that are not what came, for an operator to look at; nothing here reads them

Rule: durable means: the file synced, the sidecar synced, their directory synced, in this order; a failed sync is never
tried again. A file counts when the catalogue says so, so nothing is renamed. Sharding by the first two characters of a
random number keeps directories small (1024 of them at most).
"""

import errno
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filestore.backends.diskio import DiskReader, DiskWriter, drop, storage, write_sidecar
from filestore.backends.files import Files, SystemFiles
from filestore.domain.checksum import Digester
from filestore.domain.ingest import require_digests
from filestore.domain.sidecar import Sidecar
from filestore.ports import Reader, Writer
from vofiles.errors import ChecksumMismatch, ContainerNotFound

SUFFIX: Final = ".json"
QUARANTINE: Final = "quarantine"
"""Below the root, so that it is on the same file system; a shard has two characters."""
PIECE: Final = 1 << 20
"""Bytes copied at a time, where a file cannot be linked."""

_NUMBER: Final = re.compile(r"[a-z0-9]{4,64}\Z")
# The file system has no links, no more of them for this file, or is another one.
_NO_LINK: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})

_log = logging.getLogger(__name__)


class DiskBackend:
    """Containers below one directory, of which this process is the only writer."""

    def __init__(self, root: Path, files: Files | None = None) -> None:
        """Containers below `root`, which is made if it is not there. Raises StorageFailure."""
        self._root = root
        self._files: Files = files or SystemFiles()
        self._shards: set[Path] = set()
        with storage(str(root)):
            if not self._files.exists(root):
                self._files.make_directory(root)
                self._files.sync_directory(root.parent)

    def create(self, number: str, size: int | None) -> Writer:
        path = self._prepare(number)
        return DiskWriter(self._files, path, path.with_name(number + SUFFIX), size)

    def resume(self, number: str, kept: int, size: int | None) -> Writer:
        path = self._path(number)
        beside = path.with_name(number + SUFFIX)
        with storage(number):
            # Of an attempt that was sealed and did not count: it says more than there will be.
            drop(self._files, beside)
        return DiskWriter(self._files, path, beside, size, kept=kept)

    def open(self, number: str) -> Reader:
        return DiskReader(self._files, self._path(number), number)

    def open_kept(self, number: str, kept: int) -> Reader:
        return DiskReader(self._files, self._path(number), number, kept=kept)

    def duplicate(self, number: str, copy: str, sidecar: Sidecar) -> None:
        source, target = self._path(number), self._prepare(copy)
        beside = target.with_name(copy + SUFFIX)
        try:
            with storage(copy), self.reading(number) as reader:
                _require_size(reader, sidecar, number)
                self._link_or_copy(source, target, reader, sidecar)
                write_sidecar(self._files, beside, sidecar)
                self._files.sync_directory(target.parent)
        except BaseException:
            self._drop_quietly(target, beside)
            raise

    def delete(self, number: str) -> None:
        path = self._path(number)
        with storage(number):
            # The sidecar goes first: what has none was never complete.
            drop(self._files, path.with_name(number + SUFFIX))
            drop(self._files, path)

    def set_aside(self, number: str) -> None:
        path, aside = self._path(number), self._root / QUARANTINE
        with storage(number):
            if not self._files.exists(aside):
                self._files.make_directory(aside)
                self._files.sync_directory(self._root)
            # What a stop leaves half done is done when this is called again.
            for each in (path, path.with_name(number + SUFFIX)):
                with suppress(FileNotFoundError):
                    self._files.rename(each, aside / each.name)
            self._files.sync_directory(aside)
            if self._files.exists(path.parent):
                self._files.sync_directory(path.parent)

    def numbers(self) -> Iterator[str]:
        with storage(str(self._root)):
            for shard in self._files.names(self._root):
                yield from self._numbers_in(shard)

    def numbers_after(self, after: str, limit: int) -> list[str]:
        found: list[str] = []
        with storage(str(self._root)):
            # A shard is the beginning of its numbers, so shards in order have numbers in order.
            for shard in sorted(name for name in self._files.names(self._root) if name >= after[:2]):
                if len(found) >= limit:
                    break
                found += sorted(number for number in self._numbers_in(shard) if number > after)
        return found[:limit]

    def _numbers_in(self, shard: str) -> set[str]:
        try:
            names = self._files.names(self._root / shard)
        except NotADirectoryError:
            return set()
        found = {name.removesuffix(SUFFIX) for name in names}
        return {number for number in found if _NUMBER.match(number) and number[:2] == shard}

    def has(self, number: str) -> bool:
        return self._files.exists(self._path(number))

    def lacking(self, numbers: Sequence[str]) -> list[str]:
        return [number for number in numbers if not self.has(number)]

    def find_sidecar(self, number: str) -> Sidecar | None:
        path = self._path(number)
        with storage(number):
            try:
                descriptor = self._files.open(path.with_name(number + SUFFIX))
            except FileNotFoundError:
                return None
            try:
                text = self._files.pread(descriptor, self._files.size(descriptor), 0)
            finally:
                self._files.close(descriptor)
        try:
            return Sidecar.from_json(text.decode("utf-8"))
        except ValueError:
            _log.warning("the sidecar of container %s cannot be read", number)
            return None

    def free_space(self) -> int:
        with storage(str(self._root)):
            return self._files.free_space(self._root)

    @contextmanager
    def reading(self, number: str) -> Iterator[DiskReader]:
        """A reader that is closed at the end."""
        reader = DiskReader(self._files, self._path(number), number)
        try:
            yield reader
        finally:
            reader.close()

    def _path(self, number: str) -> Path:
        # Numbers are ours; but no other text shall ever become a path.
        if not _NUMBER.match(number):
            raise ContainerNotFound(ascii(number[:80]))
        return self._root / number[:2] / number

    def _prepare(self, number: str) -> Path:
        """Where a container's bytes go; its directory is there, and durable, and nothing stands in the way."""
        path = self._path(number)
        with storage(number):
            if path.parent not in self._shards:
                self._files.make_directory(path.parent)
                self._files.sync_directory(self._root)
                self._shards.add(path.parent)
            drop(self._files, path.with_name(number + SUFFIX))
            drop(self._files, path)
        return path

    def _link_or_copy(self, source: Path, target: Path, reader: DiskReader, sidecar: Sidecar) -> None:
        try:
            self._files.link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            self._copy(target, reader, sidecar)

    def _copy(self, target: Path, reader: DiskReader, sidecar: Sidecar) -> None:
        digester = Digester(digest.algorithm for digest in sidecar.content.digests)
        writer = DiskWriter(self._files, target, target.with_name(target.name + SUFFIX), reader.size)
        try:
            for offset in range(0, reader.size, PIECE):
                piece = reader.pread(PIECE, offset)
                digester.update(piece)
                writer.write(piece)
            require_digests(sidecar.content.digests, digester.digests())
            writer.sync()
        except BaseException:
            writer.abort()
            raise
        writer.close()

    def _drop_quietly(self, *paths: Path) -> None:
        for path in paths:
            with suppress(OSError):
                drop(self._files, path)


def _require_size(reader: DiskReader, sidecar: Sidecar, number: str) -> None:
    if reader.size != sidecar.content.size:
        raise ChecksumMismatch(number, reason=f"it has {reader.size} bytes, not {sidecar.content.size}")
