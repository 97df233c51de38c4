"""Lists of keys for `IN (…)`, in a few lengths only.

A statement with another number of parameters is another statement to prepare, so a list is filled up with its last key
to the next of these lengths, and a longer one is cut.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

K = TypeVar("K", int, str)

LENGTHS = (1, 8, 64, 512)
"""Numbers of parameters that occur."""


def batches(keys: Sequence[K]) -> Iterator[list[K]]:
    """The keys in their order, in lists of one of LENGTHS; nothing for no keys."""
    for start in range(0, len(keys), LENGTHS[-1]):
        batch = list(keys[start : start + LENGTHS[-1]])
        length = next(length for length in LENGTHS if length >= len(batch))
        yield batch + batch[-1:] * (length - len(batch))
