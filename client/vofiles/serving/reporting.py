"""The report of a check, as JSON for programs or as a table for people.

Rule: prints and decides nothing; knows no server.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from vofiles.findings import Page, Report

RepairOption = Annotated[bool, typer.Option("--repair", help="Put right what is safe to put right.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AfterOption = Annotated[
    str | None, typer.Option(help="Go on from where a report says that it ended.", show_default=False)
]
PagesOption = Annotated[
    int | None, typer.Option(min=1, help="Stop after so many steps; the report says where.", show_default=False)
]

OK = 0
FOUND = 1
"""What a check's program ends with."""


@contextmanager
def _interruptible() -> Iterator[None]:
    """Until somebody has had enough: what was seen so far is reported all the same."""
    try:
        yield
    except KeyboardInterrupt:
        print("stopped; --after goes on from here", file=sys.stderr)  # noqa: T201 - an operator reads it


def report(service: str, pages: Iterable[Page], *, limit: int | None, as_json: bool) -> int:
    """Go through the pages, at most `limit` of them, print what they add up to, and answer the exit code."""
    made = Report(service)
    with _interruptible():
        made.add(pages, limit)
    print(json.dumps(made.document(), ensure_ascii=False, indent=1) if as_json else "\n".join(_lines(made)))  # noqa: T201
    return OK if made.is_clean else FOUND


def _lines(made: Report) -> Iterator[str]:
    if made.findings:
        yield from _table(made)
    counted = ", ".join(f"{number} {name}" for name, number in sorted(made.counted.items()))
    yield f"{made.service}: {counted or 'nothing'} seen"
    if made.is_clean:
        yield "nothing found"
    else:
        kinds = Counter(finding.kind for finding in made.findings)
        yield "found: " + ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    if made.next is not None:
        yield f"not finished; go on with --after '{made.next}'"


def _table(made: Report) -> Iterator[str]:
    rows = [("", "kind", "subject", "repair", "what is wrong")]
    rows += [(each.invariant, each.kind, each.subject, each.repair or "-", each.detail) for each in made.findings]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        yield "  ".join([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]])
