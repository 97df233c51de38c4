"""The company of processes that serve one database together: what they tell one another, and who leads.

    tell(topic, word)  ──►  every process's hearers of the topic, this one's too
    who leads          ──►  does what must be done once among all: its duties, from `begin` to `end`

Rule: what is told is a reminder of rows in the database and nothing else: it may be lost, so whoever needs it looks
by himself, too, only later. Leading keeps work from being done twice, not from being right when it is: each duty bears
a second one beside it for as long as it takes one process to notice that it leads no longer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import structlog

from vofiles.serving.upkeep import end_within

PATIENCE: Final = 5.0
"""Seconds that ending waits for what a duty has under way."""

_log = structlog.get_logger(__name__)


class Duty(Protocol):
    """Work that goes on from `start` until `stop`, once."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Company(Protocol):
    """All processes of one service, as one of them sees it."""

    def tell(self, topic: str, word: str = "") -> None:
        """Have all hearers of a topic called, this process's before it returns; from any thread. A word is short."""

    def hear(self, topic: str, listen: Callable[[str], None]) -> None:
        """Have `listen` called with each word on a topic, by any thread; it returns soon. Before `start`."""

    def start(self, duties: Callable[[], Iterable[tuple[str, Duty]]]) -> None:
        """Take part. Whenever this process begins to lead, it makes duties, each with its name, and starts them."""

    def stop(self) -> None:
        """Lead no longer and take no part any more. Stopping twice, or what never started, is no error."""


class Hearers:
    """Who in this process listens to what."""

    def __init__(self) -> None:
        self._hearers: dict[str, list[Callable[[str], None]]] = defaultdict(list)

    def add(self, topic: str, listen: Callable[[str], None]) -> None:
        self._hearers[topic].append(listen)

    def call(self, topic: str, word: str) -> None:
        """Call those of a topic; one that fails is in nobody's way."""
        for listen in self._hearers.get(topic, ()):
            try:
                listen(word)
            except Exception:  # noqa: BLE001 - it was a reminder; what it was about is found later
                _log.exception("a word was lost", topic=topic)


class Office:
    """The duties of who leads."""

    def __init__(self, make: Callable[[], Iterable[tuple[str, Duty]]]) -> None:
        self._make = make
        self._held: Sequence[tuple[str, Duty]] = ()

    def begin(self) -> None:
        """Start them all."""
        held: list[tuple[str, Duty]] = []
        self._held = held
        for name, duty in self._make():
            duty.start()
            held.append((name, duty))

    def end(self) -> None:
        """Stop them all, in the reverse order; what does not stop in time is done again by who leads next."""
        held, self._held = self._held, ()
        for name, duty in reversed(held):
            end_within(duty.stop, PATIENCE, name)


class Alone:
    """The company of one process: it leads from start to stop."""

    def __init__(self) -> None:
        self._hearers = Hearers()
        self._office: Office | None = None

    def tell(self, topic: str, word: str = "") -> None:
        self._hearers.call(topic, word)

    def hear(self, topic: str, listen: Callable[[str], None]) -> None:
        self._hearers.add(topic, listen)

    def start(self, duties: Callable[[], Iterable[tuple[str, Duty]]]) -> None:
        self._office = Office(duties)
        self._office.begin()

    def stop(self) -> None:
        office, self._office = self._office, None
        if office is not None:
            office.end()
