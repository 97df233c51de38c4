"""`vofiles stores`: where the bytes are."""

from dataclasses import asdict
from typing import Annotated

import typer

from vofiles.cli import lines
from vofiles.info import StoreInfo


def stores(json: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False) -> None:
    """Show the file stores: how they are, how much is free, and how much one has in each."""
    from vofiles import connect

    with connect() as home:
        found = home.stores()
    if json:
        print(lines.as_json([asdict(store) for store in found]))
        return
    cells = [
        (
            store.identifier,
            store.site,
            _state(store),
            f"{lines.measured(store.free)} free" if store.free is not None else "-",
            lines.counted(store.files, "file"),
            lines.measured(store.size),
        )
        for store in found
    ]
    for line in lines.aligned(cells, right=(4, 5)):
        print(line)


def _state(store: StoreInfo) -> str:
    known = [store.state.lower()]
    if store.storage_class != "ONLINE":
        known.append(store.storage_class.lower())
    if not store.reachable:
        known.append("does not answer")
    return ", ".join(known)
