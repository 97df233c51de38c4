"""Digests of bytes as they pass, and the comparison with what a service says of them.

Rule: every algorithm of the contract that a service may answer is computed, so that whichever it keeps can be compared;
the strongest that both know decides.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Protocol

from xxhash import xxh3_128

from vofiles.contract import Digest, DigestAlgorithm
from vofiles.errors import ChecksumMismatch


class _Running(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Checksums:
    """The digests of what `update` was given so far."""

    def __init__(self) -> None:
        # Strongest first: the order in which they are compared.
        self._running: dict[str, _Running] = {DigestAlgorithm.SHA256: sha256(), DigestAlgorithm.XXH3: xxh3_128()}

    def update(self, block: bytes) -> None:
        for digest in self._running.values():
            digest.update(block)

    @property
    def values(self) -> dict[str, str]:
        """Digest by algorithm, lower-case hexadecimal."""
        return {algorithm: digest.hexdigest() for algorithm, digest in self._running.items()}

    def require_same(self, told: Iterable[Digest], about: object) -> None:
        """Refuse bytes that are not what a service says they are. Raises ChecksumMismatch.

        Digests of algorithms that we do not know are passed over.
        """
        theirs = {digest.algorithm: digest.value.lower() for digest in told}
        for algorithm, ours in self.values.items():
            if algorithm in theirs and theirs[algorithm] != ours:
                raise ChecksumMismatch(about, reason=f"{algorithm} is {ours} here and {theirs[algorithm]} there")
