"""The running digests of uploads that come in parts, between one part and the next.

Rule: they cannot be written down, so they are kept in this process alone, and what is missing of them can always be
made again from the bytes that were kept (`Rereading`). One is only ever used for the attempt that it was made of. For
any number of threads.
"""

import threading
from collections import OrderedDict
from typing import Final

from filestore.domain.ingest import Ingest

MOST: Final = 256
"""Uploads remembered."""


class Partials:
    """Judgements of bodies of which not all has come; what was not asked for longest is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._resting: OrderedDict[str, Ingest] = OrderedDict()

    def put(self, attempt: str, ingest: Ingest) -> None:
        """Remember how far an attempt is judged. The caller gives it away."""
        with self._lock:
            self._resting[attempt] = ingest
            self._resting.move_to_end(attempt)
            while len(self._resting) > self._most:
                self._resting.popitem(last=False)

    def take(self, attempt: str, end: int) -> Ingest | None:
        """How far an attempt is judged, and nobody else's any more; None where that is unknown, or further than `end`
        bytes of the whole.
        """
        with self._lock:
            found = self._resting.pop(attempt, None)
        return found if found is not None and found.whole <= end else None
