"""`vofiles rm`: delete files and folders."""

from typing import Annotated

import typer

from vofiles.cli import words
from vofiles.cli.exits import Outcomes


def rm(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help=f"Files or empty folders: {words.HOME_HELP}.")],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")] = False,
) -> None:
    """Delete files and empty folders; with -r folders with all that is in them."""
    from vofiles import connect

    wanted = [words.home_path(path) for path in paths]
    if any(path.name is None for path in wanted):
        raise typer.BadParameter("a home itself cannot be deleted")
    outcomes = Outcomes()
    with connect() as home:
        for path in wanted:
            with outcomes.part():
                home.at(path).remove(recursive=recursive)
    outcomes.finish()
