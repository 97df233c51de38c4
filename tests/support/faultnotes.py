"""Notes: what is outside of the servers and outlives them.

Rule: copied for each trial, so that all of them begin at the same time and go on with the same numbers.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from vofiles import contract
from vofiles.instant import SECOND, Instant

MANAGER: Final = "manager"
"""The FileManager's process; a store's is called by the store's identifier."""
HOST: Final = "http://127.0.0.1:9/content/"
START: Final = Instant(1_800_000_000 * SECOND)


@dataclass
class Notes:
    """What is outside of the servers and outlives them: the time, what callers remember, the rest of the web."""

    now: Instant = START
    elapsed: float = 0.0
    numbered: int = 0
    allowed: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    """For each thing that can be looked at, what may be seen there."""
    offers: dict[str, contract.Transfer] = field(default_factory=dict)
    """Addresses that callers were given, by what they are for."""
    nodes: dict[str, str] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """What calls with an idempotency key were answered first, by their keys."""
    attempts: int = 0
    settled: int = 0
    """Callbacks and errands that were delivered, or refused for good."""
    given_up: list[str] = field(default_factory=list)
    """Those that were refused for good."""

    def move(self, microseconds: int) -> None:
        """Let time pass."""
        self.now = Instant(self.now + microseconds)
        self.elapsed += microseconds / SECOND

    def number(self) -> str:
        """A number that looks like a random one and is the same in each run."""
        self.numbered += 1
        letters, value = "", self.numbered * 2_654_435_761
        for _ in range(26):
            value, digit = divmod(value, 32)
            letters += "abcdefghijklmnopqrstuvwxyz234567"[digit]
        return letters

    # --- what may be seen ---

    def begin(self, kind: str, name: str, value: Any) -> None:
        """Somebody has asked for a change: from now on it may be there, or not."""
        allowed = self.allowed.setdefault((kind, name), [None])
        if value not in allowed:
            allowed.append(value)

    def done(self, kind: str, name: str, value: Any) -> None:
        """The change was acknowledged."""
        self.allowed[(kind, name)] = [value]

    def copy(self) -> "Notes":
        return replace(
            self,
            allowed={key: list(values) for key, values in self.allowed.items()},
            offers=dict(self.offers),
            nodes=dict(self.nodes),
            pages=dict(self.pages),
            answers=dict(self.answers),
            given_up=list(self.given_up),
        )


class NotedClock:
    """The port Clock."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def now(self) -> Instant:
        return self._notes.now

    def elapsed(self) -> float:
        return self._notes.elapsed


class NotedNumbers:
    """The port Numbers."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def new_number(self) -> str:
        return self._notes.number()

    def new_token(self) -> str:
        return self._notes.number()
