"""`vofiles rm`: delete files and folders, into the trash or for good."""

import shlex
from typing import Annotated

import typer

from vofiles.cli import words
from vofiles.cli.exits import Outcomes
from vofiles.cli.following import following
from vofiles.root import shown


def rm(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help=f"Files or empty folders: {words.HOME_HELP}.")],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")] = False,
    purge: Annotated[bool, typer.Option("--purge/--trash", help="For good, or into the trash.")] = False,
) -> None:
    """Delete files and empty folders, with -r folders with all that is in them. They go to the trash, from where
    `restore` takes them back.
    """
    from vofiles import connect

    wanted = [words.home_path(path) for path in paths]
    if any(path.name is None for path in wanted):
        raise typer.BadParameter("a home itself cannot be deleted")
    outcomes = Outcomes()
    with connect() as home:
        for path in wanted:
            with outcomes.part(), following(str(path.name)) as told:
                home.at(path).remove(recursive=recursive, purge=purge, progress=told)
                if not purge:
                    print(f"{shown(path)} is in the trash; back with: vofiles restore {shlex.quote(shown(path))}")
    outcomes.finish()
