"""`vofiles mv`: move and rename within the trees, as `mv` would."""

from typing import Annotated

import typer

from vofiles.cli import words
from vofiles.cli.following import following
from vofiles.cli.placing import place_all
from vofiles.jobs import JobProgress
from vofiles.names import HomePath
from vofiles.tree import Node


def mv(
    words_: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH... TARGET", help=f"What to move ({words.HOME_HELP}), and the folder or the new name."
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="What has the name there goes to the trash; else it is an error.")
    ] = False,
    store: Annotated[
        str | None, typer.Option(help="Identifier of the store that the bytes go to; TARGET may be left out then.")
    ] = None,
) -> None:
    """Move files and folders with all that is in them, or give one another name. Bytes stay in their stores, unless
    --store says where they go.
    """
    from vofiles import connect

    if len(words_) == 1 and store is not None:
        with connect() as home, following(words_[0]) as told:
            home.at(words.home_path(words_[0])).move_to(None, store=store, progress=told)
        return
    if len(words_) < 2:
        raise typer.BadParameter("give what to move and where to: vofiles mv home:a home:b")
    sources, target = words.within_home("mv", words_[:-1], words_[-1])
    if any(source.name is None for source in sources):
        raise typer.BadParameter("a home itself cannot be moved; move what is in it")

    def place(node: Node, folder: HomePath, name: str, told: JobProgress) -> None:
        node.move_to(folder, name, store=store, replace=replace, progress=told)

    with connect() as home:
        place_all(home, sources, target, words_[-1], place)
