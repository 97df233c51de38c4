"""Letters that a service owes its peers: what they are, where they are kept, and what becomes of a delivery.

                    ┌─► delivered                      the peer took it
    due ──► deliver ┼─► retry: back-off, full jitter   no answer, or a fault of ours
                    └─► give_up                        refused for good, or too old

Rule: durable rows are the truth, so that a crash at any point means at most one delivery more of each letter; receivers
are idempotent. Nothing here knows what is in a letter, and nothing waits.
"""

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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


class Delivery(Generic[B]):
    """The way of letters from one table to their peers. For any number of threads."""

    def __init__(
        self,
        table: OutboxTable[B],
        deliver: Deliver[B],
        *,
        clock: Callable[[], Instant],
        refused: Callable[[Letter[B], VofilesError], None] = accept_refusal,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`refused` is told of a peer's final refusal (anything but Unreachable and Unexpected) before the letter is
        given up; where it raises, the letter is tried again. `jitter` answers a number in [0, 1).
        """
        self.table = table
        self.clock = clock
        self._deliver = deliver
        self._refused = refused
        self._jitter = jitter

    def settle(self, letters: Sequence[Letter[B]]) -> Iterator[Instant]:
        """Deliver letters to the peer that they are for, and write down what becomes of them; answers when those that
        were not taken are due again. Raises what the table raises.
        """
        for outcomes in self._outcomes(letters):
            delivered = [letter for letter, error in outcomes if error is None]
            if delivered:
                self.table.delivered(delivered)
            judged = [self._judge(letter, error) for letter, error in outcomes if error is not None]
            later = [each for each in judged if each is not None]
            if later:
                self.table.retry(later)
                yield from (each.at for each in later)

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
        at = Instant(self.clock() + int(longest * self._jitter()))
        if at >= letter.created + KEPT:
            self._give_up(letter, error)
            return None
        return Later(letter, at, _sentence(error))

    def _give_up(self, letter: Letter[B], error: Exception) -> None:
        _log.warning("given up", key=letter.key, peer=letter.peer, attempts=letter.attempts, error=_sentence(error))
        self.table.give_up(letter, _sentence(error))


def _sentence(error: Exception) -> str:
    return (f"{type(error).__name__}: {error}")[:_ERROR_LENGTH]
