"""Ranges: which parts of a content a GET asks for (RFC 9110, 14).

Rule: pure. Another unit, a header that cannot be read, and sets of ranges that cost more than the whole (too many of
them, or overlapping ones) count as none, which RFC 9110 (14.2) allows; only a set that lies outside altogether is an
error.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vofiles.errors import RangeUnsatisfiable

MOST: Final = 8
"""Ranges in one answer."""

_SET = re.compile(r"\s*bytes\s*=([0-9,\s-]*)\Z", re.IGNORECASE | re.ASCII)
_RANGE = re.compile(r"([0-9]*)\s*-\s*([0-9]*)\Z", re.ASCII)
_LONGEST: Final = 4096
"""Characters that are looked at."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a content that is not empty."""

    offset: int
    length: int

    def content_range(self, size: int) -> str:
        """The value of Content-Range for this part of a content of that size."""
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


def find_ranges(header: str | None, size: int) -> tuple[ByteRange, ...]:
    """The parts that a Range header asks for, in its order; none for the whole. Raises RangeUnsatisfiable.

    What lies outside is left out of a set (RFC 9110, 14.1.2). The error's property `size` is the content's size, for
    `Content-Range: bytes */size`.
    """
    match = _SET.match(header) if header is not None and len(header) <= _LONGEST else None
    specs = [spec.strip() for spec in match[1].split(",") if spec.strip()] if match else []
    if not 1 <= len(specs) <= MOST:
        return ()
    found: list[ByteRange] = []
    for spec in specs:
        bounds = _RANGE.match(spec)
        if bounds is None or bounds.groups() == ("", "") or _is_backward(*bounds.groups()):
            return ()
        part = _part(bounds[1], bounds[2], size)
        if part is not None:
            found.append(part)
    if not found:
        raise RangeUnsatisfiable(specs[0][:80], reason=f"it has {size} bytes", properties=(("size", str(size)),))
    # The end of an empty content is the empty content: satisfiable, but no Content-Range can say so.
    return () if size == 0 or _overlap(found) else tuple(found)


def _is_backward(first: str, last: str) -> bool:
    return first != "" and last != "" and _number(last) < _number(first)


def _part(first: str, last: str, size: int) -> ByteRange | None:
    """None where it lies outside."""
    if not first:
        length = min(_number(last), size)
        return ByteRange(size - length, length) if _number(last) else None
    start = _number(first)
    end = min(_number(last), size - 1) if last else size - 1
    return ByteRange(start, end - start + 1) if start < size else None


def _overlap(parts: list[ByteRange]) -> bool:
    ordered = sorted(parts, key=lambda part: part.offset)
    return any(one.offset + one.length > other.offset for one, other in pairwise(ordered))


def _number(digits: str) -> int:
    # More digits than any size has; int() would refuse thousands of them.
    return int(digits) if len(digits) < 20 else 10**19
