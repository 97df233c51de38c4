"""`vofiles mkdir`: make folders."""

from typing import Annotated

import typer

from vofiles.cli import words
from vofiles.cli.exits import Outcomes


def mkdir(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help=f"Folders: {words.HOME_HELP}.")],
    parents: Annotated[
        bool, typer.Option("--parents", "-p", help="Make the folders above too; one that is there is no error.")
    ] = False,
) -> None:
    """Make folders."""
    from vofiles import connect

    wanted = [words.home_path(path) for path in paths]
    outcomes = Outcomes()
    with connect() as home:
        for path in wanted:
            with outcomes.part():
                home.at(path).mkdir(parents=parents, exist_ok=parents)
    outcomes.finish()
