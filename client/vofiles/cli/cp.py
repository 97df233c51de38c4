"""`vofiles cp`: copy within the trees, as `cp` would; the bytes go from store to store."""

from typing import Annotated

import typer

from vofiles.cli import words
from vofiles.cli.placing import place_all
from vofiles.errors import NotAFile
from vofiles.jobs import JobProgress
from vofiles.names import HomePath
from vofiles.root import shown
from vofiles.tree import Node


def cp(
    words_: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH... TARGET", help=f"What to copy ({words.HOME_HELP}), and the folder or the copy's name."
        ),
    ],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="What has the name there goes to the trash; else it is an error.")
    ] = False,
    store: Annotated[str | None, typer.Option(help="Identifier of the store that the copied bytes go to.")] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="Number of an earlier content, as `versions` shows it; of one file.")
    ] = None,
) -> None:
    """Copy files, with -r folders too, with their properties. A copy is complete when the command ends."""
    from vofiles import connect

    if len(words_) < 2:
        raise typer.BadParameter("give what to copy and where to: vofiles cp home:a home:b")
    sources, target = words.within_home("cp", words_[:-1], words_[-1])
    if version is not None and len(sources) > 1:
        raise typer.BadParameter("--version is of one file; give one")

    def place(node: Node, folder: HomePath, name: str, told: JobProgress) -> None:
        if not recursive and node.info().is_folder:
            raise NotAFile(shown(node.path), reason="copy a folder with -r")
        node.copy_to(folder, name, store=store, version=version, replace=replace, progress=told)

    with connect() as home:
        place_all(home, sources, target, words_[-1], place)
