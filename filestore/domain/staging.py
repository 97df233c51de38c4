"""Staging: the parts in which a client sends a content past the store, into the medium behind it.

    up to PART          the whole, by one address
    above               parts of PART each but the last; larger ones where there would be more than MOST

Rule: pure. A content is cut when it is announced, once; the parts follow one another and make the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vofiles.errors import Incomplete

MIB: Final = 1 << 20
PART: Final = 64 * MIB
"""Bytes of a part: lost with a connection, so few; each costs an address, so not too few."""
MOST: Final = 1000
"""Parts of one content: what an answer can well carry, and a listing of S3 tells in one page."""
LARGEST_PART: Final = 5 << 30
"""S3 takes no larger one."""


@dataclass(frozen=True, slots=True)
class Staged:
    """How a transfer's bytes are staged."""

    part: int = PART
    """Bytes of each part but the last."""
    upload: str | None = None
    """What the medium calls the upload in parts; None where the whole is put at once."""
    complete: bool = False
    """Whether the FileManager has said that all has been sent."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a content."""

    number: int
    """From 1."""
    offset: int
    length: int
    """Bytes."""


def find_part_size(size: int) -> int | None:
    """Bytes of the parts of a content of so many bytes; None where it is too large for any."""
    if size <= PART * MOST:
        return PART
    part = -(-size // MOST // MIB) * MIB
    return part if part <= LARGEST_PART else None


def parts_of(size: int, part: int) -> tuple[Part, ...]:
    """The parts of a content; an empty one is one empty part."""
    starts = range(0, size, part) if size else (0,)
    return tuple(Part(number, start, min(part, size - start)) for number, start in enumerate(starts, start=1))


def safe_bytes(parts: tuple[Part, ...], received: Mapping[int, int]) -> int:
    """How many bytes from the start have come, by the bytes received of each part: who goes on begins there."""
    safe = 0
    for part in parts:
        if received.get(part.number) != part.length:
            break
        safe += part.length
    return safe


def require_all(parts: tuple[Part, ...], received: Mapping[int, int]) -> None:
    """Refuse what has not come, by the bytes received of each part. Raises Incomplete."""
    for part in parts:
        length = received.get(part.number)
        if length != part.length:
            which = f"part {part.number} of {len(parts)}, the {part.length} bytes from byte {part.offset} on"
            reason = "it has not come" if length is None else f"it has {length} bytes instead of {part.length}"
            raise Incomplete(which, reason=reason)
