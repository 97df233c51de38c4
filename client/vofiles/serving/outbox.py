"""When letters go: the threads that deliver callbacks to FileManagers and errands to stores.

    row committed ──► wake() ──► due rows ──► deliveries, by peer ──► what becomes of them (`letters`)
                        ▲                                                           │
                        └───────────────────── at its time ◄────────────────────────┘

Letters to one peer that are due at once go in company: one thread takes them there, and what has become of them is
written down in one transaction.

Rule: the rows are the truth, and memory only says which of them are under way. Delivery has threads of its own, and one
peer's silence never takes them all.
"""

import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic

import structlog

from vofiles.instant import SECOND, Instant
from vofiles.serving.letters import B, Delivery, Letter

REST = 0.05
"""Seconds between two looks at the table while a peer has all the deliveries it may have and none has ended."""

_log = structlog.get_logger()


class Outbox(Generic[B]):
    """Delivers the letters of one table from `start` until `stop`."""

    def __init__(
        self,
        delivery: Delivery[B],
        *,
        threads: int = 4,
        per_peer: int = 2,
        together: int = 1,
        poll: float = 15.0,
        name: str = "outbox",
    ) -> None:
        """At most `together` letters to one peer go in one delivery; at most `per_peer` deliveries to one peer are
        under way at once. `poll` is how many seconds may pass before rows are found that nobody woke us for.
        """
        self._delivery = delivery
        self._table, self._clock = delivery.table, delivery.clock
        self._threads = threads
        self._per_peer = per_peer
        self._together = together
        self._poll = poll
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"{name}-delivery")
        self._scheduler = threading.Thread(target=self._serve, name=name, daemon=True)
        self._changed = threading.Condition()
        self._woken = True  # at start everything that is due is delivered
        self._stopping = threading.Event()
        self._done: deque[Sequence[Letter[B]]] = deque()
        self._retries: list[Instant] = []
        # Only the scheduler touches what follows.
        self._under_way: dict[int, Sequence[Letter[B]]] = {}
        """The company that each letter is in, by its key."""
        self._load: Counter[str] = Counter()
        self._looked = 0.0
        self._left_behind = False
        """Whether the last look has left letters that may go when a delivery has ended."""

    def start(self) -> None:
        """Begin to deliver; what a crash left behind goes out first."""
        self._scheduler.start()

    def wake(self) -> None:
        """There may be new letters; returns at once."""
        with self._changed:
            # Where the scheduler knows of some that it has not looked for, it need not be woken for each.
            if not self._woken:
                self._woken = True
                self._changed.notify()

    def stop(self) -> None:
        """Begin no delivery any more and wait for those under way. Stopping twice is no error."""
        with self._changed:
            self._stopping.set()
            self._woken = True
            self._changed.notify()
        if self._scheduler.ident is not None:
            self._scheduler.join()
        self._pool.shutdown(wait=True)

    # --- the scheduler's thread ---

    def _serve(self) -> None:
        while not self._stopping.is_set():
            ended = self._forget_done()
            rest = 0.0 if ended or not self._saturated() else self._looked + REST - time.monotonic()
            if rest <= 0 and self._is_to_look(ended=ended):
                self._look()
            with self._changed:
                if rest > 0:
                    # Others' letters are looked for when the rest is over.
                    self._changed.wait_for(lambda: self._done or self._stopping.is_set(), timeout=rest)
                elif not self._changed.wait_for(self._has_news, timeout=self._pause()):
                    self._woken = True

    def _has_news(self) -> bool:
        # That it is to stop is news by itself: the word that came with it may have gone into a look.
        return self._woken or bool(self._done) or self._stopping.is_set()

    def _is_to_look(self, *, ended: bool) -> bool:
        with self._changed:
            look = self._woken or (ended and self._left_behind)
            # Before the table is read, so that a word that comes meanwhile counts.
            self._woken = self._woken and not look
        return look

    def _look(self) -> None:
        """Begin what can be begun."""
        self._left_behind, self._looked = True, time.monotonic()
        free = self._threads - self._load.total()
        if free:
            try:
                self._left_behind = self._begin(free)
            except Exception:  # noqa: BLE001 - whatever it is may pass; the rows stay, and the next look finds them
                _log.exception("outbox cannot begin what is due")

    def _forget_done(self) -> bool:
        """Whether any delivery has ended."""
        # Before the table is read, never after: a row that was delivered since then would be delivered twice.
        ended = False
        while self._done:
            ended = True
            self._forget(self._done.popleft())
        return ended

    def _forget(self, company: Sequence[Letter[B]]) -> None:
        # One that the pool refused may have been delivered nevertheless, and be forgotten already.
        if self._under_way.get(company[0].key) is company:
            for letter in company:
                del self._under_way[letter.key]
            self._load[company[0].peer] -= 1

    def _saturated(self) -> set[str]:
        return {peer for peer, number in self._load.items() if number >= self._per_peer}

    def _begin(self, free: int) -> bool:
        """Whether there may be more that is due."""
        busy = self._saturated()
        limit = self._together * min(free, self._per_peer) + len(self._under_way)
        letters = self._table.due(self._clock(), limit, busy)
        companies = self._companies(letters, free)
        self._submit(companies)
        full = len(letters) >= limit
        if full and len(companies) < free:
            # One peer's letters filled the answer; there may be others' behind them.
            self.wake()
        return full or bool(busy) or any(letter.key not in self._under_way for letter in letters)

    def _submit(self, companies: Sequence[Sequence[Letter[B]]]) -> None:
        for place, company in enumerate(companies):
            try:
                self._pool.submit(self._attempt, company)
            except BaseException:
                for left in companies[place:]:
                    self._forget(left)
                raise

    def _companies(self, letters: Sequence[Letter[B]], free: int) -> list[list[Letter[B]]]:
        """Those that can go now, by peer; they are under way."""
        companies: list[list[Letter[B]]] = []
        gathering: dict[str, list[Letter[B]]] = {}
        for letter in letters:
            if letter.key in self._under_way:
                continue
            company = gathering.get(letter.peer)
            if company is None or len(company) >= self._together:
                if len(companies) >= free or self._load[letter.peer] >= self._per_peer:
                    continue
                self._load[letter.peer] += 1
                company = gathering[letter.peer] = []
                companies.append(company)
            company.append(letter)
            self._under_way[letter.key] = company
        return companies

    def _pause(self) -> float:
        with self._changed:
            now = self._clock()
            while self._retries and self._retries[0] <= now:
                heapq.heappop(self._retries)
                self._woken = True
            until = (self._retries[0] - now) / SECOND if self._retries else self._poll
        return min(until, self._poll)

    # --- a delivery's thread ---

    def _attempt(self, letters: Sequence[Letter[B]]) -> None:
        retries: list[Instant] = []
        recorded = True
        try:
            recorded = self._settle(letters, retries)
            if not recorded:
                # The rows are still due, so rest before they go out again.
                self._stopping.wait(self._poll)
        finally:
            with self._changed:
                # All at once: a look in between would pass over them as under way, and none would follow.
                for at in retries:
                    heapq.heappush(self._retries, at)
                self._woken = self._woken or not recorded
                self._done.append(letters)
                self._changed.notify()

    def _settle(self, letters: Sequence[Letter[B]], retries: list[Instant]) -> bool:
        """Whether the table has taken what became of all; adds when those that were not taken are due again."""
        try:
            if not self._stopping.is_set():
                for at in self._delivery.settle(letters):
                    retries.append(at)  # noqa: PERF402 - those before a failure count
        except Exception:  # noqa: BLE001 - the table did not take the outcome; the next attempt may
            _log.exception("outbox cannot record an outcome", peer=letters[0].peer, keys=[each.key for each in letters])
            return False
        return True
