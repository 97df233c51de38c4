"""Several parts of a content as one body, multipart/byteranges (RFC 9110, 14.6).

Rule: nothing of the content is held; the text between the parts is, and it is little.
"""

import secrets
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from filestore.domain.byterange import ByteRange
from vofiles.serving.http import Preadable


class Parts:
    """The body's plan: what stands where."""

    def __init__(self, size: int, content_type: str, ranges: Iterable[ByteRange]) -> None:
        # Drawn for each answer: who wrote the content must not be able to have written its end too.
        boundary = secrets.token_hex(16)
        self.media_type = f"multipart/byteranges; boundary={boundary}"
        """The value of Content-Type."""
        self._segments: list[bytes | ByteRange] = []
        opening = "--"
        for part in ranges:
            head = f"{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {part.content_range(size)}\r\n\r\n"
            self._segments += [(opening + head).encode("ascii"), part]
            opening = "\r\n--"
        self._segments.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
        self._starts = _starts(self._segments)
        self.length = self._starts.pop()
        """Bytes."""

    def find(self, offset: int) -> tuple[bytes | ByteRange, int]:
        """What stands at a position before the end: text or a part, and how far into it that is."""
        number = bisect_right(self._starts, offset) - 1
        return self._segments[number], offset - self._starts[number]

    def of(self, source: Preadable) -> Preadable:
        """The body itself, of a content that is open."""
        return _Body(self, source)


class _Body:
    def __init__(self, parts: Parts, source: Preadable) -> None:
        self._parts, self._source = parts, source

    def pread(self, length: int, offset: int, /) -> bytes | memoryview:
        """At most `length` bytes from there, of one segment; empty only past the end. Raises as the source does."""
        if offset >= self._parts.length:
            return b""
        segment, within = self._parts.find(offset)
        if isinstance(segment, bytes):
            return segment[within : within + length]
        return self._source.pread(min(length, segment.length - within), segment.offset + within)


def _starts(segments: Sequence[bytes | ByteRange]) -> list[int]:
    """Where each begins, and at last where all end."""
    starts = [0]
    for segment in segments:
        starts.append(starts[-1] + (len(segment) if isinstance(segment, bytes) else segment.length))
    return starts
