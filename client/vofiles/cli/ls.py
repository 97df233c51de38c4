"""`vofiles ls`: what is in a folder."""

from typing import Annotated

import typer

from vofiles.cli import lines, words


def ls(
    path: Annotated[str, typer.Argument(help=f"A folder or file: {words.HOME_HELP}.")] = "home:",
    long: Annotated[bool, typer.Option("--long", "-l", help="Size, date, store and name.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False,
) -> None:
    """List a folder, or show that a file is there."""
    from vofiles import connect

    with connect() as home:
        node = home.at(words.home_path(path))
        info = node.info()
        rows = list(node.children()) if info.is_folder else [info]
    if json:
        print(lines.as_json([lines.facts(row) for row in rows]))
        return
    for line in lines.table(rows) if long else map(lines.short, rows):
        print(line)
