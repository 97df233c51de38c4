"""`vofiles props`: properties shown and edited."""

from typing import Annotated

import typer

from vofiles.cli import lines, words


def props(
    path: Annotated[str, typer.Argument(help=f"A file or folder: {words.HOME_HELP}.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Properties to add or change.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY", help="A property to remove; may be repeated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the properties of a file or folder; with KEY=VALUE or --remove change them first. Those that the services
    set themselves are shown too, and cannot be changed.
    """
    from vofiles import connect

    place = words.home_path(path)
    wanted: dict[str, str | None] = dict(map(words.pair, changes or []))
    for key in remove or []:
        if key in wanted:
            raise typer.BadParameter(f"{key} is to be set and to be removed; say one of them")
        wanted[key] = None
    with connect() as home:
        node = home.at(place)
        found = node.set(wanted) if wanted else node.info()
    if json:
        print(lines.as_json(dict(found.properties)))
        return
    for line in lines.listed(found.properties):
        print(line)
