"""The throttle: how often somebody may be wrong about a password before having to wait.

Rule: counts failures only, for a pair of account and origin, so that guessing ends soon and one guesser locks nobody
else out; and for an origin alone, so that it cannot go through many accounts instead. What one process of the service
counts all of them count.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from filemanager.ports import Bulletin
from vofiles.errors import ServiceBusy

TOPIC = "wrong-password"
"""Of the bulletin."""
FAILURES_OF_PAIR = 10
FAILURES_OF_ORIGIN = 100
WINDOW = 60.0
"""Seconds in which so many failures are too many."""
REMEMBERED = 10_000
"""Pairs and origins remembered at most; the ones longest quiet are forgotten first."""


class Throttle:
    """Failures of the last minute; for any number of threads."""

    def __init__(self, elapsed: Callable[[], float], bulletin: Bulletin | None = None) -> None:
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._bulletin = bulletin
        if bulletin is not None:
            bulletin.hear(TOPIC, self._count)

    def require_calm(self, account: str, origin: str) -> None:
        """Refuse another attempt after too many failures. Raises ServiceBusy."""
        with self._lock:
            pair, alone = self._recent(_pair(account, origin)), self._recent(origin)
        if len(pair) >= FAILURES_OF_PAIR or len(alone) >= FAILURES_OF_ORIGIN:
            raise ServiceBusy("logging in", reason="there were too many wrong passwords; wait a minute")

    def count_failure(self, account: str, origin: str) -> None:
        """The password was wrong, or the account unknown."""
        word = f"{_pair(account, origin)} {origin}"
        if self._bulletin is not None:
            self._bulletin.tell(TOPIC, word)
        else:
            self._count(word)

    def _count(self, word: str) -> None:
        pair, _, origin = word.partition(" ")
        with self._lock:
            for key in (pair, origin):
                self._failures[key] = [*self._recent(key), self._elapsed()]
                self._failures.move_to_end(key)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def _recent(self, key: str) -> list[float]:
        since = self._elapsed() - WINDOW
        return [moment for moment in self._failures.get(key, ()) if moment > since]


def _pair(account: str, origin: str) -> str:
    """The two as one short word, whatever somebody calls an account."""
    return hashlib.sha256(f"{account}\n{origin}".encode("utf-8", "surrogatepass")).hexdigest()
