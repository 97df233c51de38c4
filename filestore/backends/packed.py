"""A back end that keeps small contents together in a pack, and has another one for all others.

Rule: a content is in one of the two: whoever is about to put it into one drops what the other has under its number. A
content of unknown size, one that is larger than was said, and one that is kept to be resumed are the other's. The pack
is looked into first, for what is small is most. Contents that were on the disk before there was a pack stay there.
"""

import logging
import secrets
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from filestore.backends.pack import Pack
from filestore.domain.checksum import Digester
from filestore.domain.ingest import require_digests
from filestore.domain.sidecar import Sidecar
from filestore.ports import Backend, Reader, StorageFailure, Writer
from vofiles.errors import Busy, ChecksumMismatch

SMALL: Final = 64 << 10
"""Bytes of the largest content that goes into the pack."""
PAGE: Final = 1000

_log = logging.getLogger(__name__)


class PackedBackend:
    """Small contents in a pack, all others in `large`."""

    def __init__(self, pack: Pack, large: Backend) -> None:
        self._pack, self._large = pack, large

    def create(self, number: str, size: int | None) -> Writer:
        if size is None or size > SMALL:
            return self.create_large(number, size)
        self._drop_packed(number)
        self._drop_large(number)
        return _PackWriter(self, self._pack, number)

    def create_large(self, number: str, size: int | None) -> Writer:
        """A writer for a content that is not for the pack."""
        self._drop_packed(number)
        return self._large.create(number, size)

    @property
    def longest(self) -> int:
        return SMALL

    def add_all(self, attempt: int, contents: Sequence[tuple[str, Sidecar, bytes]]) -> Collection[str]:
        there = {number for number, _, _ in contents if self._large.has(number)}
        rows = [(number, sidecar.to_json(), content) for number, sidecar, content in contents if number not in there]
        return {*there, *self._pack.add(attempt, rows)}

    def withdraw(self, attempt: int, numbers: Sequence[str]) -> None:
        self._pack.withdraw(attempt, numbers)

    def resume(self, number: str, kept: int, size: int | None) -> Writer:
        # Of an attempt that was sealed and did not count.
        self._drop_packed(number)
        return self._large.resume(number, kept, size)

    def open_kept(self, number: str, kept: int) -> Reader:
        return self._large.open_kept(number, kept)

    def open(self, number: str) -> Reader:
        content = self._pack.find(number)
        return self._large.open(number) if content is None else PackReader(content)

    def duplicate(self, number: str, copy: str, sidecar: Sidecar) -> None:
        content = self._pack.find(number)
        if content is None:
            self._drop_packed(copy)
            self._large.duplicate(number, copy, sidecar)
            return
        if len(content) != sidecar.content.size:
            raise ChecksumMismatch(number, reason=f"it has {len(content)} bytes, not {sidecar.content.size}")
        digester = Digester(digest.algorithm for digest in sidecar.content.digests)
        digester.update(content)
        require_digests(sidecar.content.digests, digester.digests())
        writer = self.create(copy, len(content))
        writer.write(content)
        writer.seal(sidecar)

    def delete(self, number: str) -> None:
        self._drop_packed(number)
        self._large.delete(number)

    def set_aside(self, number: str) -> None:
        content, sidecar = self._pack.find(number), self._pack.find_sidecar(number)
        if content is not None:
            # As files, which is what an operator can look at; they are there before the row goes.
            writer = self._large.create(number, len(content))
            try:
                writer.write(content)
                writer.seal(Sidecar.from_json(sidecar or ""))
            except ValueError:
                writer.keep()
            except BaseException:
                writer.abort()
                raise
            writer.close()
        self._large.set_aside(number)
        if content is not None:
            self._pack.delete([number])

    def numbers(self) -> Iterator[str]:
        yield from self._large.numbers()
        after = ""
        while page := self._pack.numbers_after(after, PAGE):
            yield from page
            after = page[-1]

    def numbers_after(self, after: str, limit: int) -> list[str]:
        found = {*self._large.numbers_after(after, limit), *self._pack.numbers_after(after, limit)}
        return sorted(found)[:limit]

    def has(self, number: str) -> bool:
        return self._pack.has(number) or self._large.has(number)

    def lacking(self, numbers: Sequence[str]) -> list[str]:
        return [number for number in numbers if not self.has(number)]

    def find_sidecar(self, number: str) -> Sidecar | None:
        text = self._pack.find_sidecar(number)
        if text is None:
            return self._large.find_sidecar(number)
        try:
            return Sidecar.from_json(text)
        except ValueError:
            _log.warning("the sidecar of container %s cannot be read", number)
            return None

    def free_space(self) -> int:
        return self._large.free_space()

    def _drop_packed(self, number: str) -> None:
        # To look costs little, and a deletion that is none would be a commit.
        if self._pack.has(number):
            self._pack.delete([number])

    def _drop_large(self, number: str) -> None:
        if self._large.has(number):
            self._large.delete(number)


class _PackWriter:
    """A small content on its way into the pack: in memory until it is sealed."""

    def __init__(self, backend: PackedBackend, pack: Pack, number: str) -> None:
        self._backend, self._pack, self._number = backend, pack, number
        self._attempt = secrets.randbits(62)
        self._content: bytearray | None = bytearray()
        self._sealed = False
        self._large: Writer | None = None
        """Where it goes instead, since it was found not to be for the pack."""

    def write(self, data: bytes | memoryview) -> None:
        assert self._content is not None
        if self._large is None and len(self._content) + len(data) > SMALL:
            self._leave_pack()
        if self._large is not None:
            self._large.write(data)
        else:
            self._content += data

    def take(self, reader: Reader, offset: int, length: int) -> None:
        if self._large is not None:
            self._large.take(reader, offset, length)
            return
        data = reader.pread(length, offset)
        if len(data) < length:
            raise StorageFailure(f"{length - len(data)} bytes are missing at the end")
        self.write(data)

    def keep(self) -> int:
        return self._leave_pack().keep()

    def seal(self, sidecar: Sidecar) -> None:
        assert self._content is not None
        if self._large is not None:
            self._large.seal(sidecar)
        else:
            # Said before it is known to be so: what a failure has left is to be dropped, too.
            self._sealed = True
            if self._pack.add(self._attempt, [(self._number, sidecar.to_json(), bytes(self._content))]):
                raise Busy(f"container {self._number}", reason="another attempt has filled it")

    def abort(self) -> None:
        if self._large is not None:
            self._large.abort()
        elif self._content is not None and self._sealed:
            try:
                # What another attempt has put there since is not ours.
                self._pack.withdraw(self._attempt, [self._number])
            except Exception as error:  # noqa: BLE001 - never raises for the medium's sake: the next start sweeps it
                _log.warning("container %s could not be dropped: %s", self._number, error)
        self._content = None

    def close(self) -> None:
        if self._large is not None:
            self._large.close()
        self._content = None

    def _leave_pack(self) -> Writer:
        assert self._content is not None
        if self._large is None:
            self._large = self._backend.create_large(self._number, None)
            self._large.write(memoryview(self._content))
        return self._large


class PackReader:
    """A small content on its way out: all of it, so that it stays readable whatever becomes of its row."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def size(self) -> int:
        return len(self._content)

    def pread(self, length: int, offset: int) -> bytes:
        return self._content[offset : offset + length]

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        """There is nothing to let go of."""
