"""Delivery of what a service owes its peers: callbacks to FileManagers, errands to stores.

    row committed ──► wake() ──► due rows ──► deliver ──┬─► delivered                      the peer took it
                        ▲                               ├─► retry: back-off, full jitter   no answer, or a fault of ours
                        └──────────── at its time ◄─────┘
                                                        └─► give_up                        refused for good, or too old

Letters to one peer that are due at once go in company: one thread takes them there, and what has become of them is
written down in one transaction.

Rule: durable rows are the truth and memory only says which of them are under way, so that a crash at any point means at
most one delivery more of each; receivers are idempotent. Nothing here knows what is in a letter. Delivery has threads
of its own, and one peer's silence never takes them all.
"""

import heapq
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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
REST = 0.05
"""Seconds between two looks at the table while a peer has all the deliveries it may have and none has ended."""

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


@dataclass(frozen=True, slots=True)
class Later(Generic[B]):
    """A letter that is to be tried again."""

    letter: Letter[B]
    at: Instant
    error: str
    """Why it was not delivered."""


Outcome = tuple[Letter[B], Exception | None]
"""A letter, and why it was not delivered."""
Deliver = Callable[[Sequence[Letter[B]]], Iterable[Sequence[Outcome[B]]]]
"""Hands letters to the peer that they are for, all of them the same; tells what has become of them, some at a time."""


class OutboxTable(Protocol[B]):
    """Where letters are kept. Each call is a transaction of its own; what it changes is durable when it returns."""

    def due(self, now: Instant, limit: int, without: Collection[str]) -> Sequence[Letter[B]]:
        """At most `limit` letters whose time has come, the longest due first, none for the peers in `without`."""

    def delivered(self, letters: Sequence[Letter[B]]) -> None:
        """Their peer has them."""

    def retry(self, later: Sequence[Later[B]]) -> None:
        """Count a failed attempt of each."""

    def give_up(self, letter: Letter[B], error: str) -> None:
        """It will not be delivered; keep or remove it, but never answer it as due."""


def singly(deliver: Callable[[Letter[B]], None]) -> Deliver[B]:
    """Deliveries one after the other, each by a function that raises where it could not."""

    def run(letters: Sequence[Letter[B]]) -> Iterator[list[Outcome[B]]]:
        for letter in letters:
            try:
                deliver(letter)
            except Exception as error:  # noqa: BLE001 - it is what has become of the letter
                yield [(letter, error)]
            else:
                yield [(letter, None)]

    return run


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
        deliver: Deliver[B],
        *,
        clock: Callable[[], Instant],
        refused: Callable[[Letter[B], VofilesError], None] = accept_refusal,
        jitter: Callable[[], float] = random.random,
        threads: int = 4,
        per_peer: int = 2,
        together: int = 1,
        poll: float = 15.0,
        name: str = "outbox",
    ) -> None:
        """`deliver` is given at most `together` letters at a time; at most `per_peer` such deliveries to one peer are
        under way at once.

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
        self._under_way: set[int] = set()
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
                elif not self._changed.wait_for(lambda: self._woken or self._done, timeout=self._pause()):
                    self._woken = True

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
                _log.exception("outbox cannot read its table")

    def _forget_done(self) -> bool:
        """Whether any delivery has ended."""
        # Before the table is read, never after: a row that was delivered since then would be delivered twice.
        ended = bool(self._done)
        while self._done:
            letters = self._done.popleft()
            self._under_way.difference_update(letter.key for letter in letters)
            self._load[letters[0].peer] -= 1
        return ended

    def _saturated(self) -> set[str]:
        return {peer for peer, number in self._load.items() if number >= self._per_peer}

    def _begin(self, free: int) -> bool:
        """Whether there may be more that is due."""
        busy = self._saturated()
        limit = self._together * min(free, self._per_peer) + len(self._under_way)
        letters = self._table.due(self._clock(), limit, busy)
        companies = self._companies(letters, free)
        for company in companies:
            self._pool.submit(self._attempt, company)
        full = len(letters) >= limit
        if full and len(companies) < free:
            # One peer's letters filled the answer; there may be others' behind them.
            self.wake()
        return full or bool(busy) or any(letter.key not in self._under_way for letter in letters)

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
            self._under_way.add(letter.key)
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
        try:
            if not self._stopping.is_set():
                self._settle(letters)
        except Exception:  # noqa: BLE001 - the table did not take the outcome; the next attempt may
            # The rows are still due, so rest before they go out again.
            _log.exception("outbox cannot record an outcome", peer=letters[0].peer, keys=[each.key for each in letters])
            self._stopping.wait(self._poll)
            self.wake()
        finally:
            with self._changed:
                self._done.append(letters)
                self._changed.notify()

    def _settle(self, letters: Sequence[Letter[B]]) -> None:
        for outcomes in self._outcomes(letters):
            delivered = [letter for letter, error in outcomes if error is None]
            if delivered:
                self._table.delivered(delivered)
            judged = [self._judge(letter, error) for letter, error in outcomes if error is not None]
            later = [each for each in judged if each is not None]
            if later:
                self._table.retry(later)
                with self._changed:
                    for each in later:
                        heapq.heappush(self._retries, each.at)

    def _outcomes(self, letters: Sequence[Letter[B]]) -> Iterator[Sequence[Outcome[B]]]:
        left = {letter.key: letter for letter in letters}
        try:
            for outcomes in self._deliver(letters):
                for letter, _ in outcomes:
                    del left[letter.key]
                yield outcomes
        except Exception as error:  # noqa: BLE001 - no letter is lost by it
            yield [(letter, error) for letter in left.values()]

    def _judge(self, letter: Letter[B], error: Exception) -> Later[B] | None:
        """The letter with its next time, or None when it has been given up."""
        if not isinstance(error, VofilesError):
            # A fault of ours must not lose what a peer is owed.
            _log.error("a delivery failed by a fault of this service", key=letter.key, peer=letter.peer, exc_info=error)
        if not isinstance(error, _FINAL):
            return self._postponed(letter, error)
        try:
            self._refused(letter, error)
        except VofilesError as objection:
            return self._postponed(letter, objection)
        self._give_up(letter, error)
        return None

    def _postponed(self, letter: Letter[B], error: Exception) -> Later[B] | None:
        # Full jitter: a peer that comes back is not met by everybody at once.
        longest = min(LONGEST_DELAY, FIRST_DELAY << min(letter.attempts, 32))
        at = Instant(self._clock() + int(longest * self._jitter()))
        if at >= letter.created + KEPT:
            self._give_up(letter, error)
            return None
        return Later(letter, at, _sentence(error))

    def _give_up(self, letter: Letter[B], error: Exception) -> None:
        _log.warning("given up", key=letter.key, peer=letter.peer, attempts=letter.attempts, error=_sentence(error))
        self._table.give_up(letter, _sentence(error))


def _sentence(error: Exception) -> str:
    return (f"{type(error).__name__}: {error}")[:_ERROR_LENGTH]
