"""Delivery of what a service owes its peers: callbacks to FileManagers, errands to stores.

    row committed ──► wake() ──► due rows ──► deliver ──┬─► delivered                      the peer took it
                        ▲                               ├─► retry: back-off, full jitter   no answer, or a fault of ours
                        └──────────── at its time ◄─────┘
                                                        └─► give_up                        refused for good, or too old

Rule: durable rows are the truth and memory only says which of them are under way, so that a crash at any point means at
most one delivery more; receivers are idempotent. Nothing here knows what is in a letter. Delivery has threads of its
own, and one peer's silence never takes them all.
"""

import heapq
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from vofiles.errors import (
    Conflict,
    Damaged,
    Invalid,
    NotAuthenticated,
    NotFound,
    Refused,
    VofilesError,
    WrongKind,
)
from vofiles.instant import SECOND, Instant

B = TypeVar("B")

FIRST_DELAY = 1 * SECOND
"""The longest wait after the first failure, in microseconds; doubled after each one that follows."""
LONGEST_DELAY = 600 * SECOND
"""The longest wait between two attempts, in microseconds."""
KEPT = 7 * 86_400 * SECOND
"""How long a letter is tried before it is given up, in microseconds since it was written."""

_FINAL = (NotFound, Conflict, WrongKind, Refused, Invalid, Damaged)
_ERROR_LENGTH = 500

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter(Generic[B]):
    """One row of an outbox."""

    key: int
    peer: str
    """Whom it is for; deliveries to one peer are capped."""
    created: Instant
    attempts: int
    """Deliveries that have failed."""
    body: B


class OutboxTable(Protocol[B]):
    """Where letters are kept. Each call is a transaction of its own; what it changes is durable when it returns."""

    def due(self, now: Instant, limit: int, without: Collection[str]) -> Sequence[Letter[B]]:
        """At most `limit` letters whose time has come, the longest due first, none for the peers in `without`."""

    def delivered(self, key: int) -> None:
        """The peer has it."""

    def retry(self, key: int, at: Instant, error: str) -> None:
        """Count a failed attempt; due again at `at`."""

    def give_up(self, key: int, error: str) -> None:
        """It will not be delivered; keep or remove it, but never answer it as due."""


def accept_refusal(letter: Letter[B], error: VofilesError) -> None:
    """The usual policy: a peer's final answer is final, but keys may yet be put right. Raises NotAuthenticated."""
    del letter
    if isinstance(error, NotAuthenticated):
        raise error


class Outbox(Generic[B]):
    """Delivers the letters of one table from `start` until `stop`."""

    def __init__(
        self,
        table: OutboxTable[B],
        deliver: Callable[[Letter[B]], None],
        *,
        clock: Callable[[], Instant],
        refused: Callable[[Letter[B], VofilesError], None] = accept_refusal,
        jitter: Callable[[], float] = random.random,
        threads: int = 4,
        per_peer: int = 2,
        poll: float = 15.0,
        name: str = "outbox",
    ) -> None:
        """`deliver` hands a letter to its peer and raises a VofilesError where it could not.

        `refused` is told of a peer's final refusal (anything but Unreachable and Unexpected) before the letter is given
        up; where it raises, the letter is tried again. `jitter` answers a number in [0, 1). `poll` is how many seconds
        may pass before rows are found that nobody woke us for.
        """
        self._table = table
        self._deliver = deliver
        self._clock = clock
        self._refused = refused
        self._jitter = jitter
        self._threads = threads
        self._per_peer = per_peer
        self._poll = poll
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"{name}-delivery")
        self._scheduler = threading.Thread(target=self._serve, name=name, daemon=True)
        self._changed = threading.Condition()
        self._woken = True  # at start everything that is due is delivered
        self._stopping = threading.Event()
        self._done: deque[int] = deque()
        # Only the scheduler touches these two.
        self._under_way: dict[int, str] = {}  # the scheduler's alone
        self._retries: list[Instant] = []

    def start(self) -> None:
        """Begin to deliver; what a crash left behind goes out first."""
        self._scheduler.start()

    def wake(self) -> None:
        """There may be new letters; returns at once."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def stop(self) -> None:
        """Begin no delivery any more and wait for those under way. Stopping twice is no error."""
        self._stopping.set()
        self.wake()
        if self._scheduler.ident is not None:
            self._scheduler.join()
        self._pool.shutdown(wait=True)

    # --- the scheduler's thread ---

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._forget_done()
            free = self._threads - len(self._under_way)
            if free:
                try:
                    self._begin(free)
                except Exception:  # noqa: BLE001 - whatever it is may pass; the rows stay, and the next look finds them
                    _log.exception("outbox cannot read its table")
            with self._changed:
                self._changed.wait_for(lambda: self._woken, timeout=self._pause())
                self._woken = False

    def _forget_done(self) -> None:
        # Before the table is read, never after: a row that was delivered since then would be delivered twice.
        while self._done:
            del self._under_way[self._done.popleft()]

    def _begin(self, free: int) -> None:
        load = Counter(self._under_way.values())
        saturated = {peer for peer, number in load.items() if number >= self._per_peer}
        letters = deque(self._table.due(self._clock(), self._threads + len(self._under_way), saturated))
        overflowing = False
        while letters and free:
            letter = letters.popleft()
            if letter.key in self._under_way:
                continue
            if load[letter.peer] >= self._per_peer:
                overflowing = True
                continue
            load[letter.peer] += 1
            free -= 1
            self._under_way[letter.key] = letter.peer
            self._pool.submit(self._attempt, letter)
        if overflowing and free:
            # One peer's letters filled the answer; there may be others' behind them.
            self.wake()

    def _pause(self) -> float:
        with self._changed:
            now = self._clock()
            while self._retries and self._retries[0] <= now:
                heapq.heappop(self._retries)
                self._woken = True
            until = (self._retries[0] - now) / SECOND if self._retries else self._poll
        return min(until, self._poll)

    # --- a delivery's thread ---

    def _attempt(self, letter: Letter[B]) -> None:
        try:
            if not self._stopping.is_set():
                self._settle(letter)
        except Exception:  # noqa: BLE001 - the table did not take the outcome; the next attempt may
            # The row is still due, so rest before it goes out again.
            _log.exception("outbox cannot record an outcome", key=letter.key, peer=letter.peer)
            self._stopping.wait(self._poll)
        finally:
            self._done.append(letter.key)
            self.wake()

    def _settle(self, letter: Letter[B]) -> None:
        try:
            self._deliver(letter)
        except VofilesError as error:
            self._judge(letter, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not lose what a peer is owed
            _log.exception("a delivery failed by a fault of this service", key=letter.key, peer=letter.peer)
            self._postpone(letter, error)
        else:
            self._table.delivered(letter.key)

    def _judge(self, letter: Letter[B], error: VofilesError) -> None:
        if not isinstance(error, _FINAL):
            self._postpone(letter, error)
            return
        try:
            self._refused(letter, error)
        except VofilesError as objection:
            self._postpone(letter, objection)
        else:
            self._give_up(letter, error)

    def _postpone(self, letter: Letter[B], error: Exception) -> None:
        # Full jitter: a peer that comes back is not met by everybody at once.
        longest = min(LONGEST_DELAY, FIRST_DELAY << min(letter.attempts, 32))
        at = Instant(self._clock() + int(longest * self._jitter()))
        if at >= letter.created + KEPT:
            self._give_up(letter, error)
            return
        self._table.retry(letter.key, at, _sentence(error))
        with self._changed:
            heapq.heappush(self._retries, at)

    def _give_up(self, letter: Letter[B], error: Exception) -> None:
        _log.warning("given up", key=letter.key, peer=letter.peer, attempts=letter.attempts, error=_sentence(error))
        self._table.give_up(letter.key, _sentence(error))


def _sentence(error: Exception) -> str:
    return (f"{type(error).__name__}: {error}")[:_ERROR_LENGTH]
