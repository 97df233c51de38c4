"""Digests: which are made of the bytes, and how.

Rule: pure; an algorithm is a line of `ALGORITHMS`. The fast digest is always made, so that no container is without one;
others by the store's setting or because somebody announced one.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Final, Protocol

import xxhash

from vofiles.contract import Digest, DigestAlgorithm
from vofiles.errors import InvalidArgument

FAST: Final = DigestAlgorithm.XXH3
MD5: Final = "md5"
"""Only ever checked against what a sender announced (Content-MD5); not a digest to rely on."""


class Hasher(Protocol):
    """What hashlib and xxhash have in common."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


ALGORITHMS: Final[dict[str, tuple[Callable[[], Hasher], int]]] = {
    DigestAlgorithm.XXH3: (xxhash.xxh3_128, 32),
    DigestAlgorithm.SHA256: (hashlib.sha256, 64),
    MD5: (lambda: hashlib.md5(usedforsecurity=False), 32),
}
"""How each algorithm is made, and how many hexadecimal digits it has."""

_HEX: Final = re.compile(r"[0-9a-f]*\Z")


def parse_digest(digest: Digest) -> Digest:
    """An announced digest in its canonical form. Raises InvalidArgument for what cannot be checked here."""
    algorithm = digest.algorithm.strip().lower()
    value = digest.value.strip().lower()
    if algorithm not in ALGORITHMS:
        raise InvalidArgument("digest", reason=f"{algorithm[:40]!r} is none of {', '.join(ALGORITHMS)}")
    digits = ALGORITHMS[algorithm][1]
    if len(value) != digits or not _HEX.match(value):
        raise InvalidArgument("digest", reason=f"a {algorithm} value is {digits} hexadecimal digits")
    return Digest(algorithm, value)


def wanted(announced: Iterable[Digest], *, sha256: bool) -> tuple[str, ...]:
    """The algorithms to make: the fast one, SHA-256 by the store's setting, and those announced."""
    setting = [DigestAlgorithm.SHA256] if sha256 else []
    return tuple(dict.fromkeys([FAST, *setting, *(digest.algorithm for digest in announced)]))


Beside = Callable[[Callable[[], object]], Callable[[], object]]
"""Begins some work, perhaps in another thread; what it answers waits for the end of that."""


class Digester:
    """Makes several digests of the same bytes as they come."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._lines: dict[str, Beside] = {}
        self._hashers = {algorithm: ALGORITHMS[algorithm][0]() for algorithm in algorithms}

    def update(self, data: bytes | memoryview, in_order: Callable[[], Beside] | None = None) -> Callable[[], object]:
        """Take the next piece. With `in_order` the slow digests are made by a line of each: what is answered waits for
        them, and the piece must not change before that.
        """
        waits: list[Callable[[], object]] = []
        for algorithm, hasher in self._hashers.items():
            if in_order is None or algorithm == FAST:
                hasher.update(data)
                continue
            if algorithm not in self._lines:
                self._lines[algorithm] = in_order()
            waits.append(self._lines[algorithm](partial(hasher.update, data)))
        return partial(await_all, waits)

    def digests(self) -> tuple[Digest, ...]:
        """The digests of the bytes so far."""
        return tuple(Digest(algorithm, hasher.hexdigest()) for algorithm, hasher in self._hashers.items())


def await_all(waits: Iterable[Callable[[], object]]) -> None:
    """Wait for all, also where one raises something, which is raised then."""
    with ExitStack() as stack:
        for wait in waits:
            stack.callback(wait)
