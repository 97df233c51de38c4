"""`vofiles history`: what happened to a file or folder, and what it was at a time."""

from typing import Annotated

import typer

from vofiles.cli import lines, words
from vofiles.history import ChangeInfo


def history(
    path: Annotated[str, typer.Argument(help=f"A file or folder: {words.HOME_HELP}.")],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="TIME", help=f"What it was then, and until then: {words.TIME_HELP}."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show every change of a file or folder, the oldest first: when, who, what, and the values before and after."""
    from vofiles import connect

    moment = words.moment(as_of) if as_of is not None else None
    with connect() as home:
        found = home.at(words.home_path(path)).history(moment)
        values = dict(found.values) if moment is not None else {}
        changes = list(found)
    if json:
        print(lines.as_json({"values": values, "changes": [_facts(change) for change in changes]}))
        return
    for line in lines.listed(values):
        print(line)
    cells = [(lines.local(change.at), change.who, change.operation, _said(change)) for change in changes]
    for line in lines.aligned(cells):
        print(line)


def _said(change: ChangeInfo) -> str:
    keys = dict.fromkeys((*change.before, *change.after))
    return "; ".join(f"{key}: {_change(change.before.get(key), change.after.get(key))}" for key in keys)


def _change(before: str | None, after: str | None) -> str:
    if before is None:
        return str(after)
    return f"{before} -> {'removed' if after is None else after}"


def _facts(change: ChangeInfo) -> dict[str, object]:
    return {
        "number": change.number,
        "at": change.at.isoformat(),
        "who": change.who,
        "operation": change.operation,
        "before": dict(change.before),
        "after": dict(change.after),
    }
