"""Retention: which content versions of a file are kept, by number and by age.

Rule: pure. A version is given up as soon as there are too many newer ones, or too long after it was followed by the
next; the current one never is. Age counts from when a version was followed, so that what a file was some days ago can
be had back for that many days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vofiles.instant import SECOND, Instant

KEEP: Final = "versions.keep"
DAYS: Final = "versions.days"
KEYS: Final = frozenset({KEEP, DAYS})
"""What is said of it on the root of a space."""

DAY: Final = 86_400 * SECOND
MOST: Final = (1 << 31) - 1
"""The largest number that can be said."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many versions of each file are kept, and for how long."""

    number: int
    """Versions, the current one included."""
    days: int | None = None
    """Days after it was followed by the next that a version is kept; None: as long as the number allows."""

    def with_wishes(self, values: Mapping[str, str]) -> "Retention":
        """What the properties of a space's root make of it; one that is not there, or is no such number, changes
        nothing.
        """
        return Retention(_number(values.get(KEEP)) or self.number, _number(values.get(DAYS)) or self.days)

    def last_given_up(self, current: int) -> int:
        """The highest number of a version that is given up for the sake of newer ones; 0: none."""
        return max(0, current - self.number)

    def too_old(self, now: Instant) -> Instant | None:
        """What was followed until then is given up; None: nothing for its age."""
        until = now - self.days * DAY if self.days is not None else 0
        return Instant(until) if until > 0 else None


def is_wish(text: str) -> bool:
    """Whether a text can be the value of one of these properties."""
    return _number(text) is not None


def _number(text: str | None) -> int | None:
    if text is None or len(text) > 10 or not text.isascii() or not text.isdigit():
        return None
    value = int(text)
    return value if 1 <= value <= MOST else None
