"""The bytes of one get on their way here, one after the other, over as many connections as it takes.

Rule: a lost connection is gone on with from the byte that was due if the content is still the same, else from the
first; the digests are of all bytes in their order.
"""

from collections.abc import Iterable
from typing import Protocol

import requests

from vofiles import contract, data
from vofiles.checksums import Checksums
from vofiles.contract import Digest
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import Incomplete


class Sink(Protocol):
    """Where fetched bytes go."""

    def write(self, block: bytes, /) -> object: ...

    def restart(self) -> None:
        """Throw away what was written: it comes again from the first byte."""


class Fetching:
    """One content on its way here."""

    def __init__(self, endpoint: contract.Endpoint, sink: Sink, label: object, progress: Progress | None) -> None:
        self._endpoint, self._sink, self._label, self._progress = endpoint, sink, label, progress
        self._tag: str | None = None
        self.done = 0
        self.checksums = Checksums()

    def go_on(self, session: requests.Session) -> None:
        """One connection's worth. Raises ConnectionLost, an error of the tree, OSError."""
        with data.fetch(session, self._endpoint, start=self.done if self._tag else 0, tag=self._tag) as fetched:
            if fetched.start not in {0, self.done}:
                raise Incomplete(self._label, reason=f"asked for from byte {self.done}, it came from {fetched.start}")
            if fetched.start != self.done:
                self._sink.restart()
                self.done, self.checksums = 0, Checksums()
            self._tag = fetched.tag
            if self._progress:
                self._progress(self.done, fetched.size)
            for block in fetched.blocks():
                self._sink.write(block)
                self.checksums.update(block)
                self.done += len(block)
                if self._progress:
                    self._progress(self.done, fetched.size)
        if fetched.partial and fetched.size is not None and self.done < fetched.size:
            raise ConnectionLost(f"{self.done} bytes instead of {fetched.size}")
        self.require_same(fetched.size, fetched.digests)

    def require_same(self, size: int | None, digests: Iterable[Digest]) -> None:
        """Refuse what is not what it should be. Raises Incomplete, ChecksumMismatch."""
        require_same(self._label, self.done, self.checksums, size, digests)


def require_same(label: object, done: int, checksums: Checksums, size: int | None, digests: Iterable[Digest]) -> None:
    """Refuse bytes that are not what they should be. Raises Incomplete, ChecksumMismatch."""
    if size is not None and size != done:
        raise Incomplete(label, reason=f"{done} bytes instead of {size}")
    checksums.require_same(digests, label)
