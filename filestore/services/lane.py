"""The lane: threads in which the store itself moves bytes, bounded in all and for each peer.

Rule: what waits here is only a reminder of rows in the catalogue; lost with the process or to a failure, it is made
again at the next start or turn of the upkeep. A slow peer holds its own places and nobody else's, and a free place goes
to who has the fewest.
"""

import logging
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

from vofiles.errors import ServiceBusy

_log = logging.getLogger(__name__)


class Lane:
    """Runs `work(transfer)` for what was put: first come first served for one peer, in turn among the peers that have
    the fewest under way.
    """

    def __init__(
        self, work: Callable[[str], None], *, threads: int = 8, per_peer: int = 4, waiting: int = 10_000
    ) -> None:
        self._work = work
        self._per_peer = per_peer
        self._limit = waiting
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()
        """For each peer what it waits for; the peer whose turn is next stands first."""
        self._known: set[str] = set()
        self._running: Counter[str] = Counter()
        self._changed = threading.Condition()
        self.closed = threading.Event()
        """Set when no more is begun."""
        self._threads = [
            threading.Thread(target=self._serve, name=f"lane-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def require_room(self) -> None:
        """Refuse a new transfer before anything is kept of it. Raises ServiceBusy where too many wait."""
        with self._changed:
            if self.closed.is_set() or self.waiting >= self._limit:
                raise ServiceBusy("too many transfers wait")

    def put(self, peer: str, transfer: str) -> None:
        """Have a transfer moved; one that waits or runs already is not put again."""
        with self._changed:
            if transfer not in self._known:
                self._known.add(transfer)
                self._waiting.setdefault(peer, deque()).append(transfer)
                self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many transfers wait, whoever their peers are."""
        with self._changed:
            return sum(map(len, self._waiting.values()))

    @property
    def running(self) -> int:
        """How many are being moved."""
        with self._changed:
            return self._running.total()

    def drain(self) -> None:
        """Wait until nothing waits and nothing runs."""
        with self._changed:
            self._changed.wait_for(lambda: not self._known)

    def close(self) -> None:
        """Begin no more and wait for those that run; what waits stays in the catalogue. Closing twice is no error."""
        with self._changed:
            self.closed.set()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.closed.is_set() or self._find_next() is not None)
                peer = self._find_next()
                if self.closed.is_set() or peer is None:
                    return
                transfer = self._take(peer)
            try:
                self._work(transfer)
            except Exception:  # noqa: BLE001 - the lane lives on; the row is still there, and is put again
                _log.exception("transfer %s broke off", transfer)
            with self._changed:
                self._known.discard(transfer)
                self._running[peer] -= 1
                if not self._running[peer]:
                    del self._running[peer]
                self._changed.notify_all()

    def _find_next(self) -> str | None:
        """The peer whose turn it is, if one has a free place."""
        peer = min(self._waiting, key=lambda each: self._running[each], default=None)
        return peer if peer is not None and self._running[peer] < self._per_peer else None

    def _take(self, peer: str) -> str:
        transfers = self._waiting.pop(peer)
        transfer = transfers.popleft()
        if transfers:
            self._waiting[peer] = transfers  # behind the others
        self._running[peer] += 1
        return transfer
