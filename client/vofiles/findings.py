"""Findings: what a checker saw that should not be, page by page, and the report they add up to.

Rule: pure; the same for both servers. A page tells where the next one begins, so that a check can be stopped anywhere
and go on from there; a finding names the promise (I1 to I6) that it breaks.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

from vofiles.errors import InvalidArgument


class Repair:
    """What is done about a finding."""

    NONE = ""
    """Nothing: somebody has to look."""
    LATER = "later"
    """It can be put right, but not yet: it has not been seen for the grace period."""
    POSSIBLE = "possible"
    """It can be put right, when the checker is told to."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    invariant: str
    """The promise that is broken, I1 to I6."""
    kind: str
    subject: str
    """The identifier of what it is about."""
    detail: str
    repair: str = Repair.NONE


@dataclass(frozen=True, slots=True)
class Page:
    """What one step of a check saw."""

    findings: tuple[Finding, ...] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    """How much was looked at, by kind."""
    next: str | None = None
    """Where the next step begins; None after the last."""


@dataclass
class Report:
    """A check, or as much of it as was done."""

    service: str
    findings: list[Finding] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    next: str | None = None
    """Where to go on; None where everything was seen."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, pages: Iterable[Page], limit: int | None = None) -> "Report":
        """Add the next pages, at most `limit` of them; answers itself."""
        for page in islice(pages, limit):
            self.findings += page.findings
            self.counted.update(page.counted)
            self.next = page.next
        return self

    def document(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {
            "service": self.service,
            "clean": self.is_clean,
            "complete": self.next is None,
            "next": self.next,
            "counted": dict(sorted(self.counted.items())),
            "findings": [asdict(finding) for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a check goes on: the name of a part of it, and what was seen last in that part."""

    part: str
    after: str = ""

    @classmethod
    def parse(cls, text: str, parts: Iterable[str]) -> "Cursor":
        """The cursor that a report gave as its `next`. Raises InvalidArgument."""
        part, _, after = text.partition(":")
        if part not in parts:
            raise InvalidArgument("after", reason="it is the `next` of the report before")
        return cls(part, after)

    def __str__(self) -> str:
        return f"{self.part}:{self.after}"


Part = Callable[[str], Page]
"""One part of a check: the page after what its last one saw (its `next`), from the start for an empty text."""


def pages(parts: Mapping[str, Part], after: str | None) -> Iterator[Page]:
    """The pages of all parts in their order, from `after` on: a page's `next`. Raises InvalidArgument at once."""
    return _pages(parts, Cursor.parse(after, parts) if after is not None else Cursor(next(iter(parts))))


def _pages(parts: Mapping[str, Part], start: Cursor) -> Iterator[Page]:
    names = list(parts)
    cursor: Cursor | None = start
    while cursor is not None:
        page = parts[cursor.part](cursor.after)
        following = names[names.index(cursor.part) + 1 :]
        if page.next is not None:
            cursor = replace(cursor, after=page.next)
        elif following:
            cursor = Cursor(following[0])
        else:
            cursor = None
        yield replace(page, next=str(cursor) if cursor is not None else None)


def number_in(after: str) -> int:
    """The number that a cursor ends with, 0 for none. Raises InvalidArgument."""
    if not after:
        return 0
    if not after.isascii() or not after.isdigit():
        raise InvalidArgument("after", reason="it is the `next` of the report before")
    return int(after)
