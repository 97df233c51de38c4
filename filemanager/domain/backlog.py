"""How much is still to be done. Rule: pure, and numbers only."""

from dataclasses import dataclass

from vofiles.instant import Instant


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits."""

    number: int
    oldest: Instant | None
    """Since when the oldest of it waits; None where nothing does."""
