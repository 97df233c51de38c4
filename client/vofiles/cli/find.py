"""`vofiles find`: files and folders by what they are."""

from typing import Annotated

import typer

from vofiles.cli import lines, words
from vofiles.contract import NodeKind, Order
from vofiles.root import shown

_KINDS = {"f": NodeKind.FILE, "d": NodeKind.FOLDER}
_ORDERS = {"name": Order.NAME, "size": Order.SIZE, "modified": Order.MODIFIED, "created": Order.CREATED}


def find(
    path: Annotated[str, typer.Argument(help=f"Below this folder: {words.HOME_HELP}.")] = "home:",
    name: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Whole name: * any characters, ? one, [abc] one of these.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--type", metavar="f|d", help="Files, or folders.")] = None,
    larger: Annotated[str | None, typer.Option(metavar="SIZE", help=f"At least so large: {words.SIZE_HELP}.")] = None,
    smaller: Annotated[str | None, typer.Option(metavar="SIZE", help="At most so large.")] = None,
    newer: Annotated[str | None, typer.Option(metavar="TIME", help=f"Changed since: {words.TIME_HELP}.")] = None,
    older: Annotated[str | None, typer.Option(metavar="TIME", help="Not changed since.")] = None,
    properties: Annotated[
        list[str] | None, typer.Option("--property", metavar="KEY=VALUE", help="Has this property.")
    ] = None,
    prefixes: Annotated[
        list[str] | None, typer.Option("--prefix", metavar="KEY=START", help="Has a property that begins so.")
    ] = None,
    sort: Annotated[str, typer.Option(metavar="BY", help="name, size, modified or created.")] = "name",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    long: Annotated[bool, typer.Option("--long", "-l", help="Size, date, store and path.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False,
) -> None:
    """Find files and folders below a folder that meet all conditions."""
    from vofiles import connect

    place = words.home_path(path)
    conditions = {
        "name": name,
        "kind": _word("--type", kind, _KINDS) if kind is not None else None,
        "minimum_size": words.size(larger) if larger is not None else None,
        "maximum_size": words.size(smaller) if smaller is not None else None,
        "modified_from": words.moment(newer) if newer is not None else None,
        "modified_until": words.moment(older) if older is not None else None,
        "properties": dict(map(words.pair, properties or [])),
        "prefixes": dict(map(words.pair, prefixes or [])),
        "order": _word("--sort", sort, _ORDERS),
        "descending": reverse,
    }
    with connect() as home:
        found = home.at(place).find(**conditions)  # type: ignore[arg-type]
        if json:
            print(lines.as_json([lines.facts(row) for row in found]))
        elif long:
            for line in lines.table(list(found), lambda row: shown(row.path)):
                print(line)
        else:
            for row in found:
                print(shown(row.path))


def _word(option: str, word: str, meanings: dict[str, str]) -> str:
    if word not in meanings:
        raise typer.BadParameter(f"{option} {word}: it is one of {', '.join(meanings)}")
    return meanings[word]
