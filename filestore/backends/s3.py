"""The back end in a bucket of an S3-compatible store (`s3client` has its keys).

Rule: a container is there when its object is; the sidecar is an object beside it, for what is known of a container only
at its end, and may be longer than an object's own metadata. Its object is written as a whole, or not at all, and before
its sidecar, so that what has none was never complete. Durable is what S3 has acknowledged.
"""

import heapq
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from filestore.backends.s3bucket import PAGE, Bucket, Found
from filestore.backends.s3client import Keys, S3Client
from filestore.backends.s3errors import Changed, Gone
from filestore.backends.s3holds import Holds
from filestore.backends.s3parts import Sizes, copy_object
from filestore.backends.s3reader import ChainReader, S3Reader
from filestore.backends.s3writer import Place, S3Writer, Segment
from filestore.config import S3
from filestore.domain.sidecar import Sidecar
from filestore.ports import Reader, Writer
from vofiles.errors import ChecksumMismatch, ContainerNotFound, ServiceBusy

ROOM: Final = 1 << 50
"""Bytes that are said to be left: a bucket says nothing of it, until it is full."""

NUMBER: Final = re.compile(r"[a-z0-9]{4,64}\Z")
_OBJECTS: Final = 3
"""Of a container in a listing, about: bytes, sidecar, perhaps more."""

_log = logging.getLogger(__name__)


class S3Backend:
    """Containers in a bucket, of whose numbers nobody else writes any."""

    def __init__(
        self,
        client: S3Client,
        settings: S3,
        sizes: Sizes = Sizes(),
    ) -> None:
        self.settings, self.bucket, self.keys = settings, Bucket(client, settings.bucket), Keys(settings.prefix)
        self._holds = Holds(self.drop)
        self._place = Place(self.bucket, self.keys, self._holds, self.drop, sizes)

    def close(self) -> None:
        """Let go of the connections, once what was read and is to go has gone."""
        self._holds.close()
        self.bucket.client.close()

    # --- writing ---

    def create(self, number: str, size: int | None) -> Writer:
        self._require_number(number)
        writer = S3Writer(self._place, number, size)
        try:
            self.drop(number)
        except BaseException:
            writer.close()
            raise
        return writer

    def resume(self, number: str, kept: int, size: int | None) -> Writer:
        segments, buffer = self._chain(number, kept), bytearray()
        if segments[-1].length < self._place.sizes.least:
            # Too short to stay: it is written anew with what comes behind it.
            reader = self._reader(number, segments.pop())
            buffer += reader.pread(reader.size, 0)
            reader.close()
        writer = S3Writer(self._place, number, size, segments, buffer)
        try:
            self._drop_behind(number, kept)
        except BaseException:
            writer.close()
            raise
        return writer

    def duplicate(self, number: str, copy: str, sidecar: Sidecar) -> None:
        found = self._get(number)
        if found.size != sidecar.content.size:
            raise ChecksumMismatch(number, reason=f"it has {found.size} bytes, not {sidecar.content.size}")
        self.take(found, copy, sidecar)

    def take(self, source: Found, number: str, sidecar: Sidecar) -> None:
        """Make a container of the bytes of any object of the bucket, durable on return. Raises as `copy_in` does."""
        self.copy_in(source, number).seal(sidecar)

    def copy_in(self, source: Found, number: str) -> "Copied":
        """Have the bytes of any object of the bucket under a container's key, where nobody but this store writes; what
        an earlier attempt left under its number is dropped. Raises ContainerNotFound where the object has gone,
        ChecksumMismatch where it is another one, StoreFull, ServiceBusy.
        """
        self._require_number(number)
        copied = Copied(self, self._holds, number)
        try:
            self.drop(number)
            copied.found = self._copy(number, source, self.keys.content(number))
        except BaseException:
            copied.close()
            raise
        return copied

    def delete(self, number: str) -> None:
        self._require_number(number)
        if self._holds.postpone(number):
            self.bucket.delete(self.keys.sidecar(number))
        else:
            self.drop(number)

    def set_aside(self, number: str) -> None:
        self._require_number(number)
        # By a listing, which is what can be deleted: nothing goes that was not copied.
        kept = [] if self._holds.is_going(number) else self._objects(number)
        for found in kept:
            self._copy(number, found, self.keys.aside(found.key))
        if kept and self._holds.postpone(number):
            self.bucket.delete(self.keys.sidecar(number))
        else:
            self._delete(number, kept)

    # --- reading ---

    def open(self, number: str) -> Reader:
        self._require_number(number)
        release = self._holds.read(number)
        try:
            return S3Reader(self.bucket, number, self._get(number), released=release)
        except BaseException:
            release()
            raise

    def open_kept(self, number: str, kept: int) -> Reader:
        # Not pinned: the last object may be written anew meanwhile, longer, with the same bytes at its front.
        return ChainReader([self._reader(number, each) for each in self._chain(number, kept)])

    def has(self, number: str) -> bool:
        self._require_number(number)
        return not self._holds.is_going(number) and self._find(self.keys.content(number)) is not None

    def lacking(self, numbers: Sequence[str]) -> list[str]:
        # By listings, of a thousand keys each, not by a call for each.
        there: set[str] = set()
        if numbers:
            for found in self.bucket.objects(self.keys.prefix, self.keys.content(numbers[0])[:-1]):
                number = self.keys.number_of(found.key)
                if number > numbers[-1]:
                    break
                if found.key == self.keys.content(number) and not self._holds.is_going(number):
                    there.add(number)
        return [number for number in numbers if number not in there]

    def find_sidecar(self, number: str) -> Sidecar | None:
        self._require_number(number)
        if self._holds.is_going(number):
            return None
        try:
            return Sidecar.from_json(self.bucket.read(self.keys.sidecar(number)).decode("utf-8"))
        except Gone:
            return None
        except ValueError:
            _log.warning("the sidecar of container %s cannot be read", number)
            return None

    def free_space(self) -> int:
        return ROOM

    # --- listing ---

    def numbers(self) -> Iterator[str]:
        return self._numbers("", PAGE)

    def numbers_after(self, after: str, limit: int) -> list[str]:
        page = max(1, min(PAGE, _OBJECTS * limit))
        return list(islice(self._numbers(after, page), limit)) if limit else []

    def _numbers(self, after: str, page: int) -> Iterator[str]:
        """Those above `after`, in their order."""
        # What has no object may have an unfinished upload, or a writer.
        more = {self.keys.number_of(upload.key) for upload in self.bucket.uploads(self.keys.prefix)}
        more.update(self._holds.written())
        # A slash comes behind the dot, and before the characters of numbers.
        start = f"{self.keys.prefix}{after}/" if after else ""
        listed = (self.keys.number_of(found.key) for found in self.bucket.objects(self.keys.prefix, start, page))
        last = after
        for number in heapq.merge(listed, sorted(more)):
            if number > last and NUMBER.match(number) and not self._holds.is_going(number):
                yield number
                last = number

    # --- one number ---

    def _require_number(self, number: str) -> None:
        # Numbers are ours; but no other text shall ever become a key.
        if not NUMBER.match(number):
            raise ContainerNotFound(ascii(number[:80]))

    def _get(self, number: str) -> Found:
        """The object of a container. Raises ContainerNotFound, ServiceBusy."""
        self._require_number(number)
        found = None if self._holds.is_going(number) else self._find(self.keys.content(number))
        if found is None:
            raise ContainerNotFound(number)
        return found

    def _find(self, key: str) -> Found | None:
        """An object; it is held to be lost only where no listing has it either. Raises ServiceBusy."""
        found = self.bucket.find(key)
        if found is None:
            self.bucket.require_absent(key)
        return found

    def _objects(self, number: str) -> list[Found]:
        """All that is kept under a number, in the order of keys."""
        found = self.bucket.objects(self.keys.content(number))
        return [each for each in found if self.keys.number_of(each.key) == number]

    def drop(self, number: str) -> None:
        """Delete all that is kept under a number, whoever reads it."""
        self._delete(number, self._objects(number))
        for upload in self.bucket.uploads(self.keys.content(number)):
            if self.keys.number_of(upload.key) == number:
                self.bucket.abort(upload)

    def _delete(self, number: str, objects: list[Found]) -> None:
        # The sidecar goes first: what has none was never complete.
        for each in sorted(objects, key=lambda each: each.key != self.keys.sidecar(number)):
            self.bucket.delete(each.key)

    def _copy(self, number: str, source: Found, key: str) -> Found:
        """On the other side, whose word it is that the bytes are the same; the size is looked at here."""
        try:
            copy_object(self.bucket, source, key, self._place.sizes)
        except Gone as error:
            raise ContainerNotFound(number) from error
        except Changed as error:
            raise ChecksumMismatch(number, reason="its object is another one now") from error
        made = self._find(key)
        if made is None or made.size != source.size:
            raise ChecksumMismatch(number, reason="its copy has another size")
        return made

    # --- attempts that were kept ---

    def _chain(self, number: str, kept: int) -> list[Segment]:
        """What the first `kept` bytes of an attempt lie in, one behind the other. Raises ContainerNotFound."""
        self._require_number(number)
        content = self.keys.content(number)
        chain: list[Segment] = []
        for found in self._objects(number):
            offset = 0 if found.key == content else self.keys.offset_of(found.key)
            if offset is None:
                continue
            if offset > _end(chain) or (chain and offset >= kept):
                break
            # Where two have the same bytes, the one that begins later is the newer.
            chain = [*_cut(chain, offset), Segment(found, offset, found.size)]
        if not chain or _end(chain) < kept:
            raise ContainerNotFound(number)
        return _cut(chain, kept) or [Segment(chain[0].found, 0, 0)]

    def _drop_behind(self, number: str, kept: int) -> None:
        """Delete what an attempt had behind its first bytes, and that it was complete."""
        for found in self._objects(number):
            offset = self.keys.offset_of(found.key)
            if found.key == self.keys.sidecar(number) or (offset and offset >= kept):
                self.bucket.delete(found.key)
        for upload in self.bucket.uploads(self.keys.content(number)):
            if self.keys.number_of(upload.key) == number:
                self.bucket.abort(upload)

    def _reader(self, number: str, segment: Segment) -> S3Reader:
        return S3Reader(self.bucket, number, segment.found, size=segment.length, pinned=False)


class Copied:
    """Bytes under a container's key that nobody has said yet to be its content; dropped if nobody does."""

    found: Found

    def __init__(self, backend: S3Backend, holds: Holds, number: str) -> None:
        self._backend, self._holds, self._number = backend, holds, number
        holds.write(number, self)

    def seal(self, sidecar: Sidecar) -> None:
        """Make them its content, durable on return. Raises StoreFull, ServiceBusy; then they are dropped."""
        try:
            key = self._backend.keys.sidecar(self._number)
            self._backend.bucket.put(key, sidecar.to_json().encode("utf-8") + b"\n")
            self._holds.end(self._number, self)
        finally:
            self.close()

    def close(self) -> None:
        """Drop what was not sealed. Closing twice is no error."""
        if self._holds.has(self._number, self):
            # What cannot be deleted now is by the next attempt, or goes with the container.
            with suppress(ServiceBusy):
                self._backend.drop(self._number)
            self._holds.end(self._number, self)


def _end(chain: list[Segment]) -> int:
    return chain[-1].offset + chain[-1].length if chain else 0


def _cut(chain: list[Segment], end: int) -> list[Segment]:
    """Only what lies before an offset."""
    before = (each for each in chain if each.offset < end)
    return [Segment(each.found, each.offset, min(each.length, end - each.offset)) for each in before]
