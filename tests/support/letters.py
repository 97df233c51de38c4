"""What an outbox needs for a test: a table in memory, peers, and a clock that the test sets. Nothing here sleeps.

Rule: a module imports the fixtures that it uses.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import pytest

from vofiles.errors import ServiceBusy
from vofiles.instant import SECOND, Instant
from vofiles.serving.letters import Deliver, Delivery, Later, Letter, singly
from vofiles.serving.outbox import Outbox

LONG = 30
NEVER = 10 * LONG
"""A `poll` that no test waits for."""


class Clock:
    def __init__(self) -> None:
        self.now = Instant(1_000_000 * SECOND)

    def __call__(self) -> Instant:
        return self.now

    def pass_by(self, microseconds: int) -> None:
        self.now = Instant(self.now + microseconds)


class Table:
    """Rows in memory; a test waits on it until something is so."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[Instant, Letter[str]]] = {}
        self.gone: list[tuple[str, int]] = []
        self.errors: list[str] = []
        self.failing = 0
        self.looks = 0
        self.companies: list[int] = []
        """How many letters each transaction settled."""
        self.changed = threading.Condition()

    def put(self, key: int, peer: str, at: Instant, created: Instant | None = None) -> None:
        with self.changed:
            self.rows[key] = (at, Letter(key, peer, at if created is None else created, 0, f"letter {key}"))

    def due(self, now: Instant, limit: int, without: Collection[str]) -> list[Letter[str]]:
        with self.changed:
            self.looks += 1
            self.changed.notify_all()
            ready = [(at, key) for key, (at, letter) in self.rows.items() if at <= now and letter.peer not in without]
            return [self.rows[key][1] for _, key in sorted(ready)[:limit]]

    def _settle(self, how: str, key: int) -> None:
        with self.changed:
            if self.failing:
                self.failing -= 1
                self.gone.append(("failed", key))
                self.changed.notify_all()
                raise ServiceBusy("its database is locked")
            self.rows.pop(key, None)
            self.gone.append((how, key))
            self.changed.notify_all()

    def delivered(self, letters: Sequence[Letter[str]]) -> None:
        self.companies.append(len(letters))
        for letter in letters:
            self._settle("delivered", letter.key)

    def give_up(self, letter: Letter[str], error: str) -> None:
        self.errors.append(error)
        self._settle("given up", letter.key)

    def retry(self, later: Sequence[Later[str]]) -> None:
        with self.changed:
            self.companies.append(len(later))
            for each in later:
                letter = each.letter
                self.rows[letter.key] = (each.at, replace(letter, attempts=letter.attempts + 1))
                self.errors.append(each.error)
            self.changed.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, LONG)

    def wait_for_attempts(self, key: int, number: int) -> None:
        self.wait(lambda: self.rows[key][1].attempts == number)


class Peers:
    """Whom letters go to: each raises what it is told to, or holds the letter until it is let go."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.answers: dict[str, Exception] = {}
        self.held: dict[str, threading.Event] = {}
        self.arrived = threading.Condition()
        self.now_in: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def __call__(self, letter: Letter[str]) -> None:
        peer = letter.peer
        with self.arrived:
            self.seen.append(letter.key)
            self.now_in[peer] = self.now_in.get(peer, 0) + 1
            self.most[peer] = max(self.most.get(peer, 0), self.now_in[peer])
            self.arrived.notify_all()
        try:
            if peer in self.held:
                assert self.held[peer].wait(LONG)
            if peer in self.answers:
                raise self.answers[peer]
        finally:
            with self.arrived:
                self.now_in[peer] -= 1

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.arrived:
            assert self.arrived.wait_for(condition, LONG)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def peers() -> Peers:
    return Peers()


@pytest.fixture
def start(clock: Clock, table: Table, peers: Peers) -> Iterator[Callable[..., Outbox[str]]]:
    started: list[Outbox[str]] = []

    def start(
        deliver: Deliver[str] | None = None,
        prepare: Callable[[Outbox[str]], None] = lambda outbox: None,
        **options: object,
    ) -> Outbox[str]:
        how: dict[str, object] = {"clock": clock, "jitter": lambda: 0.5}
        how |= {name: options.pop(name) for name in ("jitter", "refused") if name in options}
        delivery = Delivery(table, deliver or singly(peers), **how)  # type: ignore[arg-type]
        started.append(Outbox(delivery, **{"poll": LONG, **options}))  # type: ignore[arg-type]
        prepare(started[-1])
        started[-1].start()
        return started[-1]

    yield start
    for held in peers.held.values():
        held.set()
    for outbox in started:
        outbox.stop()


Start = Callable[..., Outbox[str]]
