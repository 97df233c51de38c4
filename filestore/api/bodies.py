"""The bytes of a content as the body of an answer: from memory where they are there, else opened by the thread that
sends them.

Rule: nothing here waits before that thread has come. All of a content is told from what came (`services.wholeness`)
before the last of it is sent; a part says nothing of the rest, and HEAD sends nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from filestore.api.byteranges import Parts
from filestore.domain.byterange import ByteRange
from filestore.services.exports import (
    Admitted,
    Download,
    check_of,
    find_on_shelf,
    find_open,
    is_short,
    open_admitted,
    take_short,
)
from filestore.services.store import Store
from vofiles.serving.http import FileBody, LaterBody, Pool, Preadable, Response

_SLOW_TO_CLOSE = 16 << 20
"""Bytes from which on closing may be the end of a deleted file, and then takes the disk's time."""

Body = bytes | LaterBody


@dataclass(frozen=True)
class Bodies:
    """Makes bodies for the answers to one request."""

    store: Store
    closing: Pool
    """Closes what may take long to close."""
    refuse: Callable[[Exception], Response]
    """Makes the answer where a content cannot be opened after all, or is not what came."""

    def whole(self, admitted: Admitted) -> Body:
        """All of it."""
        data = find_on_shelf(self.store, admitted) if admitted.content.size else b""
        if data is not None:
            return data
        size = admitted.content.size
        if is_short(self.store, admitted):
            return LaterBody(size, partial(take_short, self.store, admitted), self.refuse)
        return self._later(admitted, size, self._whole_of)

    def part(self, admitted: Admitted, part: ByteRange) -> Body:
        """Some of it."""
        data = find_on_shelf(self.store, admitted)
        if data is not None:
            return data[part.offset : part.offset + part.length]

        def part_of(download: Download) -> FileBody:
            return FileBody(_source(download), part.offset, part.length, self._closer(download))

        return self._later(admitted, part.length, part_of)

    def parts(self, admitted: Admitted, parts: Parts) -> Body:
        """Several parts, and the text between them."""

        def parts_of(download: Download) -> FileBody:
            return FileBody(parts.of(download.reader), 0, parts.length, self._closer(download))

        return self._later(admitted, parts.length, parts_of)

    def _later(self, admitted: Admitted, length: int, body_of: Callable[[Download], FileBody]) -> LaterBody:
        """What is made of it when it is open."""

        def find() -> FileBody | None:
            download = find_open(self.store, admitted)
            return body_of(download) if download is not None else None

        return LaterBody(length, lambda: body_of(open_admitted(self.store, admitted)), self.refuse, find)

    def _whole_of(self, download: Download) -> FileBody:
        try:
            check = check_of(self.store, download)
        except BaseException:
            download.close()
            raise
        return FileBody(_source(download), 0, download.size, self._closer(download), check)

    def _closer(self, download: Download) -> Callable[[], None]:
        def close() -> None:
            if download.size < _SLOW_TO_CLOSE or not self.closing.submit(download.close):
                download.close()

        return close


def _source(download: Download) -> int | Preadable:
    descriptor = download.reader.fileno()
    return download.reader if descriptor is None else descriptor
