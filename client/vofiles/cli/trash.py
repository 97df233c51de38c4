"""`vofiles trash`: what was deleted and can be taken back, and how it goes for good."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from vofiles.cli import lines, words
from vofiles.cli.exits import Outcomes
from vofiles.cli.following import following
from vofiles.errors import NodeNotFound
from vofiles.names import is_home_path
from vofiles.root import shown
from vofiles.trash import TrashEntry
from vofiles.tree import Home


def trash(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="With --purge: where they were, home:a/b, or identifiers."),
    ] = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove these for good.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --purge: all that is in the trash.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False,
) -> None:
    """Show what is in the trash, the last deleted first: size, when it was deleted, when it goes for good, where it
    was. With --purge remove it now.
    """
    from vofiles import connect

    if (paths or everything) and not purge:
        raise typer.BadParameter("to take something back use restore; to remove it for good add --purge")
    if purge and bool(paths) == everything:
        raise typer.BadParameter("say what to remove for good: paths, or --all")
    with connect() as home:
        if purge:
            _purge(home, paths or [])
            return
        entries = list(home.trash())
    if json:
        print(lines.as_json([_facts(entry) for entry in entries]))
        return
    for line in _table(entries):
        print(line)


def find_entry(home: Home, word: str) -> TrashEntry:
    """What a word means: the last deleted from a path, or the entry of an identifier. Raises NodeNotFound."""
    if word.startswith("ivo://"):
        found = next((entry for entry in home.trash() if entry.identifier == word), None)
    else:
        found = home.trash().find(words.home_path(word))
    if found is None:
        path = shown(words.home_path(word)) if is_home_path(word) else word
        raise NodeNotFound(path, reason="nothing in the trash was there; vofiles trash shows what is in it")
    return found


def _purge(home: Home, paths: list[str]) -> None:
    outcomes = Outcomes()
    if not paths:
        with following("trash") as told:
            home.trash().purge(progress=told)
    for word in paths:
        with outcomes.part(), following(word) as told:
            find_entry(home, word).purge(progress=told)
    outcomes.finish()


def _facts(entry: TrashEntry) -> dict[str, Any]:
    return {
        "identifier": entry.identifier,
        "path": str(entry.path),
        "kind": entry.info.kind,
        "files": entry.files,
        "size": entry.size,
        "deleted": entry.deleted.isoformat(),
        "deleted_by": entry.deleted_by,
        "purge_after": entry.purge_after.isoformat() if entry.purge_after is not None else None,
    }


def _table(entries: Iterable[TrashEntry]) -> Iterable[str]:
    cells = [
        (
            str(entry.size),
            lines.local(entry.deleted),
            f"until {lines.local(entry.purge_after)}" if entry.purge_after is not None else "kept",
            shown(entry.path) + ("/" if entry.info.is_folder else ""),
        )
        for entry in entries
    ]
    return lines.aligned(cells, right=(0,))
