"""`filemanager store …`: the stores that hold the bytes.

Rule: which stores there are, and the keys shared with them, is the configuration's to say; what they are used for may
be set here.
"""

import json
import secrets
from typing import Annotated

import typer

from filemanager.commands.opening import Opened, open_service
from filemanager.commands.program import PROGRAM
from filemanager.config import Config
from filemanager.services import operating
from filemanager.services.relocations import Relocations
from filemanager.services.stores import StoreRow, StoreService
from vofiles.contract import Job
from vofiles.errors import Conflict
from vofiles.ivorn import Ivorn, parse_service

app = typer.Typer(no_args_is_help=True, help="The stores that hold the bytes.")

Identifier = Annotated[str, typer.Argument(help="ivo://authority/name of the store.")]


@app.command("list")
def list_stores(context: typer.Context) -> None:
    """Print the stores, one a line: identifier, state, class, site, address; "-" for what is not known."""
    with PROGRAM.complaining(), open_service(PROGRAM.settings(context)) as service:
        for store in operating.list_stores(service.database, service.operator):
            row = (str(store.identifier), store.state, store.storage_class, store.site, store.address)
            print("\t".join(word or "-" for word in row))


@app.command("set-state")
def set_state(
    context: typer.Context,
    identifier: Identifier,
    state: Annotated[str, typer.Argument(help="ACTIVE, READONLY, DRAINING or OFFLINE.")],
) -> None:
    """Say what a store is used for from now on; the service may be running."""
    with PROGRAM.complaining(), open_service(PROGRAM.settings(context)) as service:
        operating.set_store_state(
            service.database, PROGRAM.settings(context), service.operator, parse_service(identifier), state
        )


@app.command("drain")
def drain(context: typer.Context, identifier: Identifier) -> None:
    """Have a store take no new content, and the service bring all that it has to others; prints the job's id.

    The service does it while it runs, and people work meanwhile; `store report` shows how far it is. It goes on for as
    long as the store is DRAINING.
    """
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_service(settings) as service:
        print(_relocations(settings, service).drain(service.operator, parse_service(identifier)).job)


@app.command("report")
def report(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Print how each store is and what it has: state, whether it answers, bytes free, contents, their bytes, and how
    far it is drained; "-" for what is not known.
    """
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_service(settings) as service:
        relocations = _relocations(settings, service)
        stores = StoreService(settings, service.database, service.control, service.clock, relocations)
        rows = stores.report(service.operator)
        if as_json:
            print(json.dumps([_document(row) for row in rows], indent=1))
            return
        lines = [_HEAD, *(_line(row) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())


_HEAD = ("STORE", "STATE", "ANSWERS", "FREE", "CONTENTS", "BYTES", "DRAINED")


def _line(row: StoreRow) -> tuple[str, ...]:
    store = row.store
    return (
        str(store.identifier),
        store.state,
        "yes" if store.reachable else "no",
        "-" if store.free is None else str(store.free),
        str(row.held.contents),
        str(row.held.size),
        "-" if row.drain is None else _progress(row.drain),
    )


def _progress(job: Job) -> str:
    failed = f", {job.failed} failed" if job.failed else ""
    return f"{job.done} of {job.total}{failed}, {job.state}"


def _document(row: StoreRow) -> dict[str, object]:
    store, drain = row.store, row.drain
    return {
        "identifier": str(store.identifier),
        "state": store.state,
        "class": store.storage_class,
        "site": store.site,
        "reachable": store.reachable,
        "writable": store.writable,
        "free": store.free,
        "contents": row.held.contents,
        "bytes": row.held.size,
        "drain": None
        if drain is None
        else {
            "job": drain.job,
            "state": drain.state,
            "contents": drain.total,
            "done": drain.done,
            "failed": drain.failed,
            "bytes_done": drain.bytes_done,
        },
    }


def _relocations(settings: Config, service: Opened) -> Relocations:
    def nobody() -> None:
        """The service that runs looks for itself, and soon."""

    return Relocations(settings, service.database, service.clock, service.numbers, nobody, service.control.is_down)


@app.command("add")
def add_store(
    context: typer.Context,
    identifier: Identifier,
    address: Annotated[str, typer.Argument(help="URL of the store, https://store.example.org or …/filestore")],
    site: Annotated[str, typer.Option(help="Where it is, for people.")] = "",
    *,
    append: Annotated[bool, typer.Option("--append", help="Append this service's entry to its configuration.")] = False,
) -> None:
    """Print the entries, with a fresh key, by which this service and a store know one another.

    The first is for this service's configuration file, the second for the store's. Both are restarted afterwards.
    """
    with PROGRAM.complaining():
        settings = PROGRAM.settings(context)
        store = parse_service(identifier)
        if store in {entry.identifier for entry in settings.stores}:
            raise Conflict(store, reason="it is in the configuration already")
        name = f"{store.authority}-{secrets.token_hex(4)}"
        key = f'[{{id = "{name}", secret = "{secrets.token_urlsafe(32)}"}}]'
        soap = f"{address.rstrip('/').removesuffix('/filestore')}/filestore"
        entry = _entry("stores", store, soap, key, f'site = "{site}"' if site else "")
        if append:
            with context.obj.open("a", encoding="utf-8") as file:
                file.write(f"\n{entry}")
            PROGRAM.settings(context)
        else:
            print(f"# for {context.obj}\n{entry}")
        print(f"# for the store's configuration\n{_entry('managers', settings.identifier, _callback(settings), key)}")


def _callback(settings: Config) -> str:
    listen = settings.listen
    scheme = "http" if listen.certificate is None else "https"
    return f"{listen.address or f'{scheme}://{listen.interface}:{listen.port}'}/callback"


def _entry(table: str, identifier: Ivorn, address: str, keys: str, *more: str) -> str:
    lines = (f"[[{table}]]", f'identifier = "{identifier}"', f'address = "{address}"', f"keys = {keys}", *more)
    return "".join(f"{line}\n" for line in lines if line)
