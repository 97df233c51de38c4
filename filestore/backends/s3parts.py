"""How large contents are cut into parts, and one object being made of parts.

Rule: nothing is seen under the key before `complete`, and then all of it. S3 takes 10 000 parts of an object, none but
the last below 5 MiB; a part is held in memory while it is sent, so parts are as small as the number allows.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from filestore.backends.s3bucket import Bucket, Data, Found, Part
from filestore.backends.s3errors import Gone
from vofiles.errors import ServiceBusy, StoreFull

MIB: Final = 1 << 20
PARTS: Final = 10_000
"""Of one object at most."""
PLANNED: Final = 9_000
"""Of a content whose size is known: one that is gone on with may have some more."""
UNKNOWN_PARTS: Final = 2500
"""Where the size is not known, so many parts have the usual length, and then they grow."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of parts."""

    part: int = 16 * MIB
    """Unless the content is too large for that."""
    least: int = 5 * MIB
    """Of a part that is not the last."""
    copied: int = 256 * MIB
    """Of a part that is copied on the other side, at most: well within the time that an answer may take."""

    def of_part(self, size: int | None, offset: int) -> int:
        """Of the part that begins at an offset, in a content of a size."""
        wanted = -(-size // PLANNED) if size is not None else offset // UNKNOWN_PARTS
        return self.part if wanted <= self.part else -(-wanted // MIB) * MIB

    def ranges(self, length: int) -> list[tuple[int, int]]:
        """A stretch cut into parts to be copied, all of about the same length."""
        number = min(max(1, -(-length // self.copied)), PARTS // 2)
        return [(length * each // number, length * (each + 1) // number) for each in range(number)]


class PartedObject:
    """One object on its way, part by part, by one thread at a time."""

    def __init__(self, bucket: Bucket, key: str, sizes: Sizes) -> None:
        """Raises ServiceBusy."""
        self._bucket, self._sizes = bucket, sizes
        self._upload = bucket.begin(key)
        self._parts: list[Part] = []

    def add(self, data: Data) -> None:
        """The next part. Raises StoreFull, ServiceBusy."""
        try:
            self._parts.append(self._bucket.send_part(self._upload, self._next(), data))
        except Gone as error:
            raise ServiceBusy("an upload was ended by others") from error

    def copy(self, source: Found, start: int, end: int) -> None:
        """The next parts, of what another object has. Raises Gone, Changed, StoreFull, ServiceBusy."""
        for first, last in self._sizes.ranges(end - start):
            part = self._bucket.copy_part(self._upload, self._next(), source, start + first, start + last)
            self._parts.append(part)
        # Not every store looks at the condition that came with the call.
        self._bucket.require_same(source)

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


def copy_object(bucket: Bucket, source: Found, key: str, sizes: Sizes) -> None:
    """A second object with the bytes of a first, on the other side. Raises Gone, Changed, StoreFull, ServiceBusy."""
    if source.size <= sizes.copied:
        bucket.copy(source, key)
        bucket.require_same(source)
        return
    made = PartedObject(bucket, key, sizes)
    try:
        made.copy(source, 0, source.size)
        made.complete()
    except BaseException:
        # What cannot be dropped now is listed, and swept, like any unfinished upload.
        with suppress(ServiceBusy):
            made.abort()
        raise
