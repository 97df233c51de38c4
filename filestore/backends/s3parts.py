"""How large contents are cut into parts, and one object being made of parts.

Rule: nothing is seen under the key before `complete`, and then all of it. S3 takes 10 000 parts of an object, none but
the last below 5 MiB; a part is held in memory while it is sent, so parts are as small as the number allows.
"""

from contextlib import suppress
from typing import Final

from filestore.backends.s3bucket import Bucket, Data, Found, Part
from filestore.backends.s3errors import Gone
from vofiles.errors import ServiceBusy, StoreFull

MIB: Final = 1 << 20
PARTS: Final = 10_000
"""Of one object at most."""
LEAST: Final = 5 * MIB
"""Bytes of a part that is not the last, at least."""
PART: Final = 16 * MIB
"""Bytes of a part, unless a content is too large for that."""
UNKNOWN_PARTS: Final = 2500
"""Where the size is not known, parts grow with what has come: up to 16 MiB times this they do not."""
COPIED: Final = 256 * MIB
"""Bytes of a part that is copied on the other side, at least: well within the time that an answer may take."""


def part_length(size: int | None, offset: int) -> int:
    """Bytes of the part that begins at an offset, in a content of a size."""
    wanted = -(-size // PARTS) if size is not None else offset // UNKNOWN_PARTS
    return max(PART, -(-wanted // MIB) * MIB)


def ranges(length: int, most: int) -> list[tuple[int, int]]:
    """A stretch cut into pieces of about the same length, none above `most`; with `most` above twice LEAST none of
    several is below that.
    """
    number = max(1, -(-length // most))
    return [(length * each // number, length * (each + 1) // number) for each in range(number)]


class PartedObject:
    """One object on its way, part by part, by one thread at a time."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """Raises ServiceBusy."""
        self._bucket = bucket
        self._upload = bucket.begin(key)
        self._parts: list[Part] = []

    @property
    def size(self) -> int:
        """Bytes so far."""
        return sum(part.size for part in self._parts)

    def add(self, data: Data) -> None:
        """The next part. Raises StoreFull, ServiceBusy."""
        try:
            self._parts.append(self._bucket.send_part(self._upload, self._next(), data))
        except Gone as error:
            raise ServiceBusy("an upload was ended by others") from error

    def copy(self, source: Found, start: int, end: int) -> None:
        """The next parts, of what another object has. Raises Gone, Changed, StoreFull, ServiceBusy."""
        for first, last in ranges(end - start, max(COPIED, -(-(end - start) // (PARTS // 2)))):
            part = self._bucket.copy_part(self._upload, self._next(), source, start + first, start + last)
            self._parts.append(part)

    def complete(self) -> None:
        """Have the object. Raises StoreFull, ServiceBusy."""
        try:
            self._bucket.complete(self._upload, self._parts)
        except Gone as error:
            raise ServiceBusy("an upload was ended by others") from error

    def abort(self) -> None:
        """Drop all of it. Raises ServiceBusy."""
        self._bucket.abort(self._upload)

    def _next(self) -> int:
        if len(self._parts) == PARTS:
            raise StoreFull(f"its object store takes {PARTS} parts of a content")
        return len(self._parts) + 1


def copy_object(bucket: Bucket, source: Found, key: str) -> None:
    """A second object with the bytes of a first, on the other side. Raises Gone, Changed, StoreFull, ServiceBusy."""
    if source.size <= COPIED:
        bucket.copy(source, key)
        return
    made = PartedObject(bucket, key)
    try:
        made.copy(source, 0, source.size)
        made.complete()
    except BaseException:
        # What cannot be dropped now is listed, and swept, like any unfinished upload.
        with suppress(ServiceBusy):
            made.abort()
        raise
