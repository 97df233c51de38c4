"""`vofiles info`: all that is known of an entry."""

from typing import Annotated

import typer

from vofiles.cli import lines, words


def info(
    path: Annotated[str, typer.Argument(help=f"A file or folder: {words.HOME_HELP}.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show all that is known of a file or folder: size, type, digests, dates, store, properties."""
    from vofiles import connect

    with connect() as home:
        found = home.at(words.home_path(path)).info()
    if json:
        print(lines.as_json(lines.facts(found)))
        return
    for line in lines.sheet(found):
        print(line)
