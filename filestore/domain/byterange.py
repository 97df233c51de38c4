"""Ranges: which part of a content a GET asks for (RFC 9110, 14).

Rule: pure. One byte range is answered as such; several, another unit or a header that cannot be read count as none,
which RFC 9110 (14.2) allows; only a range that lies outside is an error.
"""

import re
from dataclasses import dataclass

from vofiles.errors import RangeUnsatisfiable

_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*\Z", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a content that is not empty."""

    offset: int
    length: int

    def content_range(self, size: int) -> str:
        """The value of Content-Range for this part of a content of that size."""
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


def find_range(header: str | None, size: int) -> ByteRange | None:
    """The part that a Range header asks for, None for the whole. Raises RangeUnsatisfiable.

    The error's property `size` is the content's size, for `Content-Range: bytes */size`.
    """
    match = _RANGE.match(header) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return _suffix(_number(last), size, match[0])
    start = _number(first)
    end = min(_number(last), size - 1) if last else size - 1
    if last and _number(last) < start:
        return None
    if start >= size:
        raise _outside(match[0], size)
    return ByteRange(start, end - start + 1)


def _suffix(length: int, size: int, text: str) -> ByteRange | None:
    if length == 0:
        raise _outside(text, size)
    # The end of an empty content is the empty content: satisfiable, but no Content-Range can say so.
    return ByteRange(max(0, size - length), min(length, size)) if size else None


def _number(digits: str) -> int:
    # More digits than any size has; int() would refuse thousands of them.
    return int(digits) if len(digits) < 20 else 10**19


def _outside(text: str, size: int) -> RangeUnsatisfiable:
    return RangeUnsatisfiable(text.strip()[:80], reason=f"it has {size} bytes", properties=(("size", str(size)),))
