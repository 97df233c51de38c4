"""One container's bytes on their way into a bucket: a small content is one object sent at the end, a larger one is sent
in parts as they come.

    nothing kept     parts of an upload under the container's own key, where nothing is seen before its end
    kept             objects `<number>.part-<offset>`, put together on the other side at the end

Rule: what S3 has of an unfinished upload cannot be read, so it is no use to another attempt; from the first `keep` on
parts are objects of their own, which can. The last of them is written anew, longer, until it is as long as a part.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from filestore.backends.s3bucket import Bucket, Found
from filestore.backends.s3client import Keys
from filestore.backends.s3errors import Changed, Gone
from filestore.backends.s3holds import Holds
from filestore.backends.s3parts import MIB, PartedObject, Sizes
from filestore.backends.s3reader import S3Reader
from filestore.domain.sidecar import Sidecar
from filestore.ports import Reader, StorageFailure
from vofiles.errors import ChecksumMismatch, ContainerNotFound, ServiceBusy, StoreFull


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes of an attempt that lie in an object of their own, from its first one on."""

    found: Found
    offset: int
    length: int
    """It may be shorter than the object."""


@dataclass(slots=True)
class _Taken:
    """What was taken of another container and is not there yet."""

    source: Found
    number: str
    start: int
    end: int
    release: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a writer writes, and who else does."""

    bucket: Bucket
    keys: Keys
    holds: Holds
    drop: Callable[[str], None]
    """Deletes all that is kept under a number."""
    sizes: Sizes


class S3Writer:
    """A container on its way in; behind `segments` and `buffer`, where an attempt is gone on with."""

    def __init__(
        self,
        place: Place,
        number: str,
        size: int | None,
        segments: list[Segment] | None = None,
        buffer: bytearray | None = None,
    ) -> None:
        self._place, self._number, self._size = place, number, size
        self._kept = segments is not None
        self._segments = segments or []
        self._offset = self._segments[-1].offset + self._segments[-1].length if self._segments else 0
        self._buffer = bytearray() if buffer is None else buffer
        self._safe = self._offset + len(self._buffer) if self._kept else -1
        self._upload: PartedObject | None = None
        self._taken: _Taken | None = None
        self._over = False
        place.holds.write(number, self)

    def write(self, data: bytes | memoryview) -> None:
        """Raises StoreFull, ServiceBusy, ContainerNotFound, ChecksumMismatch; the last two where what was taken has
        gone or changed.
        """
        self._settle()
        self._append(data)

    def take(self, reader: Reader, offset: int, length: int) -> None:
        if offset + length > reader.size:
            raise StorageFailure(f"{offset + length - reader.size} bytes are missing at the end")
        if not isinstance(reader, S3Reader) or self._kept or self._buffer:
            self._settle()
            self._append(reader.pread(length, offset))
            return
        taken = self._taken
        if taken is not None and (taken.source != reader.found or taken.end != offset):
            self._settle()
            self.take(reader, offset, length)
            return
        if taken is None:
            release = self._place.holds.read(reader.number)
            taken = self._taken = _Taken(reader.found, reader.number, offset, offset, release)
        taken.end += length
        if taken.end - taken.start >= self._place.sizes.copied:
            self._settle()

    def keep(self) -> int:
        self._settle()
        position = self._offset + len(self._buffer)
        if not self._kept:
            self._begin_to_keep()
        if position != self._safe:
            if self._buffer or not self._segments:
                self._place.bucket.put(self._place.keys.part(self._number, self._offset), self._buffer)
            self._safe = position
        return position

    def seal(self, sidecar: Sidecar) -> None:
        self._settle()
        bucket, key = self._place.bucket, self._place.keys.content(self._number)
        if self._segments:
            self._put_together(key)
        elif self._upload is not None:
            self._end_upload()
        else:
            bucket.put(key, self._buffer)
        bucket.put(self._place.keys.sidecar(self._number), sidecar.to_json().encode("utf-8") + b"\n")
        if self._kept:
            self._drop_parts()

    def abort(self) -> None:
        if self._over:
            return
        self._over = True
        self._let_go()
        # What cannot be deleted now is swept at the next start, or goes with the container.
        with suppress(ServiceBusy, StoreFull):
            if self._upload is not None:
                self._upload.abort()
            if self._place.holds.has(self._number, self):
                self._place.drop(self._number)
        self._place.holds.end(self._number, self)

    def close(self) -> None:
        self._over = True
        self._let_go()
        self._place.holds.end(self._number, self)

    def _append(self, data: bytes | memoryview) -> None:
        left = memoryview(data)
        while left:
            full = self._place.sizes.of_part(self._size, self._offset)
            room = full - len(self._buffer)
            self._buffer += left[:room]
            left = left[room:]
            if len(self._buffer) == full:
                self._send()

    def _send(self) -> None:
        """Send the part that is full."""
        length = len(self._buffer)
        if self._kept:
            found = self._place.bucket.put(self._place.keys.part(self._number, self._offset), self._buffer)
            self._segments.append(Segment(found, self._offset, length))
        else:
            self._begun().add(self._buffer)
        self._offset += length
        self._buffer = bytearray()

    def _begun(self) -> PartedObject:
        if self._upload is None:
            self._upload = PartedObject(self._place.bucket, self._place.keys.content(self._number), self._place.sizes)
        return self._upload

    def _settle(self) -> None:
        """Have what was taken: by reference, unless it is too short to be a part."""
        taken, self._taken = self._taken, None
        if taken is None:
            return
        length = taken.end - taken.start
        try:
            if length >= self._place.sizes.least:
                self._begun().copy(taken.source, taken.start, taken.end)
                self._offset += length
            else:
                reader = S3Reader(self._place.bucket, taken.number, taken.source)
                for start in range(taken.start, taken.end, MIB):
                    self._append(reader.pread(min(MIB, taken.end - start), start))
                reader.close()
        except Gone as error:
            raise ContainerNotFound(taken.number, reason="it was to be added to") from error
        except Changed as error:
            raise ChecksumMismatch(taken.number, reason="its object is another one now") from error
        finally:
            taken.release()

    def _begin_to_keep(self) -> None:
        """From now on parts are objects; what was sent before becomes the first of them, under the container's key."""
        if self._upload is not None:
            self._end_upload()
            found = self._place.bucket.find(self._place.keys.content(self._number))
            if found is None:
                raise ServiceBusy("an object that was just made is not there")
            self._segments = [Segment(found, 0, found.size)]
            self._offset, self._buffer = found.size, bytearray()
        self._kept = True

    def _end_upload(self) -> None:
        upload = self._begun()
        if self._buffer:
            upload.add(self._buffer)
        upload.complete()
        self._upload = None

    def _put_together(self, key: str) -> None:
        upload = self._upload = PartedObject(self._place.bucket, key, self._place.sizes)
        try:
            for each in self._segments:
                upload.copy(each.found, 0, each.length)
        except (Gone, Changed) as error:
            raise ServiceBusy("bytes that were kept are not there any more") from error
        self._end_upload()

    def _drop_parts(self) -> None:
        keys = self._place.keys
        # They go with the container at the latest, and until then they say the same as it does.
        with suppress(ServiceBusy):
            for found in self._place.bucket.objects(keys.part_prefix(self._number)):
                self._place.bucket.delete(found.key)

    def _let_go(self) -> None:
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.release()
