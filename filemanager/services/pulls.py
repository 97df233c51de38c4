"""Pulls: when each open transfer's store was last asked, and what it said then.

Rule: what a store has said of a transfer under way is not taken back by asking too soon or by a store that is late:
readers see what was said last. Nothing here is lost that matters when the process ends.
"""

from dataclasses import dataclass, replace
from threading import Lock

from vofiles.contract import Transfer

KEPT = 10_000
"""Transfers remembered, as long as more were not asked about within one interval."""
FEW = 16
"""Addresses remembered with one: a large content that is sent in parts has up to a thousand, and who needs them asks
again.
"""


@dataclass
class _Pull:
    asked: float
    """When the store was last asked."""
    told: Transfer | None = None
    told_at: float = float("-inf")
    """When the question was asked that this answers."""


class Pulls:
    """For any number of threads."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        """Seconds between two questions about one transfer: no crowd of readers can wear its store out."""
        self._lock = Lock()
        self._pulls: dict[str, _Pull] = {}
        """The one asked longest ago first."""

    def take(self, number: str, now: float) -> bool:
        """Whether the store may be asked now; if so, that is noted."""
        with self._lock:
            pull = self._pulls.get(number)
            if pull is None:
                self._make_room(now)
                pull = _Pull(now)
            elif now - pull.asked < self._interval:
                return False
            else:
                del self._pulls[number]
                pull.asked = now
            self._pulls[number] = pull
            return True

    def note(self, number: str, asked: float, told: Transfer) -> None:
        """Keep the answer to the question asked at that time, unless a later one has been answered."""
        with self._lock:
            pull = self._pulls.get(number)
            if pull is not None and asked >= pull.told_at:
                kept = told if len(told.endpoints) <= FEW else replace(told, endpoints=())
                pull.told, pull.told_at = kept, asked

    def find_told(self, number: str) -> Transfer | None:
        """What the store said last."""
        with self._lock:
            pull = self._pulls.get(number)
            return pull.told if pull is not None else None

    def _make_room(self, now: float) -> None:
        while len(self._pulls) >= KEPT:
            number = next(iter(self._pulls))
            if now - self._pulls[number].asked < self._interval:
                return
            del self._pulls[number]
