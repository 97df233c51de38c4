"""A stretch of an upload that comes in parts: where it begins, and what its sender says of it.

Rule: pure; an algorithm is a line of `SUMS`. They are those of the protocol of resumable uploads (tus 1.0, its
extension `checksum`) and are only ever compared, never kept.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol


class Sum(Protocol):
    """A checksum in the making."""

    @property
    def digest_size(self) -> int:
        """Bytes of it."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


SUMS: Final[dict[str, Callable[[], Sum]]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
}
"""How each algorithm is made."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a stretch's bytes are to have."""

    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the sender of a stretch says of it."""

    offset: int
    """Of its first byte, among those that come."""
    length: int | None = None
    """Its bytes; None where they are sent in chunks."""
    total: int | None = None
    """Bytes that come in all, where it is said with this stretch."""
    checksums: tuple[Checksum, ...] = ()

    @property
    def end(self) -> int | None:
        """Where the next one begins."""
        return None if self.length is None else self.offset + self.length
