"""Whether bytes that go out are the ones that came in: a whole content is digested while it is read, and whoever sends
it asks before the last of it.

Rule: nobody who asked for a whole content ever has one that is not what came. What is found is logged, counted, and
handed to whoever looks closer (`Store.suspect`); a content that was adopted without a digest is told by its size alone.
"""

import logging
from typing import NoReturn

from filestore.domain.checksum import ALGORITHMS, FAST, Hasher
from filestore.services.store import Store
from vofiles.contract import Digest
from vofiles.errors import Damaged, ServiceBusy

_log = logging.getLogger(__name__)


class Wholeness:
    """Sees all of one container's bytes, in their order; used by one thread at a time."""

    def __init__(self, store: Store, number: str, size: int, digests: tuple[Digest, ...]) -> None:
        """`size` and `digests` are those of what came."""
        self._store, self._number, self._size = store, number, size
        self._digest = _quickest(digests)
        self._hasher: Hasher | None = ALGORITHMS[self._digest.algorithm][0]() if self._digest is not None else None
        self._seen = 0

    def update(self, data: bytes | memoryview) -> None:
        """The next bytes."""
        self._seen += len(data)
        if self._hasher is not None:
            self._hasher.update(data)

    def require(self) -> None:
        """There are no more. Raises Damaged where they are not what came."""
        self.require_size(self._seen)
        if self._digest is None or self._hasher is None:
            return
        made = self._hasher.hexdigest()
        if made != self._digest.value:
            self._refuse(f"their {self._digest.algorithm} is {made}, not {self._digest.value}")

    def require_size(self, size: int) -> None:
        """There are so many bytes. Raises Damaged where that is not as many as came."""
        if size != self._size:
            self._refuse(f"there are {size}, not {self._size}")

    def unreadable(self, error: Exception) -> None:
        """They could not be read to their end. A medium that does not answer just now says nothing of them."""
        if not isinstance(error, ServiceBusy):
            self._tell(f"they cannot be read: {error}")

    def _refuse(self, reason: str) -> NoReturn:
        self._tell(reason)
        raise Damaged(f"container {self._number}", reason="its bytes are not those that came")

    def _tell(self, reason: str) -> None:
        _log.error("the bytes of container %s are not those that came: %s", self._number, reason)
        self._store.health.note_damage()
        self._store.suspect(self._number)


def _quickest(digests: tuple[Digest, ...]) -> Digest | None:
    """The one that takes the least time to make."""
    known = {digest.algorithm: digest for digest in digests if digest.algorithm in ALGORITHMS}
    return known.get(FAST) or next(iter(known.values()), None)
