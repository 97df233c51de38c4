"""A large content made on the spot: pseudo-random bytes that are never all in memory, and can be made again to compare.

Rule: the same size and seed give the same bytes.
"""

import io
import random
from typing import Final

from vofiles.errors import ChecksumMismatch

BLOCK: Final = 1 << 20
GIANT: Final = 1 << 30
"""Bytes of the demonstration's large file."""


class Giant(io.RawIOBase):
    """The bytes, as a file open for reading."""

    name = "pseudo-random bytes made on the spot"

    def __init__(self, size: int, seed: int = 1904) -> None:
        super().__init__()
        self.size = size
        self._seed = seed
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To the start or, to be asked for the size, to the end. Raises ValueError for anywhere else."""
        at = offset + (self.size if whence == io.SEEK_END else 0)
        if at not in (0, self.size):
            raise ValueError("these bytes are made from the start on")
        self._at = at
        self._random = random.Random(self._seed)  # noqa: S311 - not a secret
        self._left = b""
        return at

    def readinto(self, buffer: "memoryview[int] | bytearray") -> int:  # type: ignore[override]
        piece = self.take(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def take(self, most: int) -> bytes:
        """The next bytes, at most so many; empty at the end."""
        if not self._left:
            self._left = self._random.randbytes(min(BLOCK, self.size - self._at))
        piece, self._left = self._left[:most], self._left[most:]
        self._at += len(piece)
        return piece


class Comparing(io.RawIOBase):
    """A file open for writing that keeps nothing: what is written must be those bytes."""

    def __init__(self, wanted: Giant) -> None:
        super().__init__()
        self._wanted = wanted
        self.equal = 0
        """Bytes that were the same so far."""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Raises ChecksumMismatch at the first byte that differs."""
        left = memoryview(data)
        while left:
            piece = self._wanted.take(len(left))
            if not piece or bytes(left[: len(piece)]) != piece:
                raise ChecksumMismatch(self._wanted.name, reason=f"it differs after byte {self.equal}")
            self.equal += len(piece)
            left = left[len(piece) :]
        return len(data)
