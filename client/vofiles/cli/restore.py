"""`vofiles restore`: take back what was deleted."""

from typing import Annotated

import typer

from vofiles.cli import words
from vofiles.cli.exits import Outcomes
from vofiles.cli.trash import find_entry
from vofiles.root import shown


def restore(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Where it was, home:a/b: the last that was deleted from there; or an identifier of `trash --json`.",
        ),
    ],
    to: Annotated[str | None, typer.Option(metavar="FOLDER", help="Into this folder, not where it was.")] = None,
    name: Annotated[str | None, typer.Option(help="Under this name, not the one it had; of one entry.")] = None,
) -> None:
    """Take files and folders out of the trash, back to where they were or to another place."""
    from vofiles import connect

    if name is not None and len(paths) > 1:
        raise typer.BadParameter("--name is of one entry; give one")
    folder = words.home_path(to) if to is not None else None
    outcomes = Outcomes()
    with connect() as home:
        for word in paths:
            with outcomes.part():
                entry = find_entry(home, word)
                back = entry.restore(folder, name)
                if back.path != entry.path:
                    print(f"{shown(entry.path)} is back as {shown(back.path)}")
    outcomes.finish()
