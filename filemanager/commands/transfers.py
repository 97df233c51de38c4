"""`filemanager transfers` and `filemanager errands`: what is under way. Rule: one line each, fields apart by tabs."""

from typing import Annotated

import typer

from filemanager.commands.opening import open_service
from filemanager.commands.program import PROGRAM
from filemanager.services import operating
from vofiles.instant import to_text


def transfers(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only those in this state; else all that have not ended.")] = None,
) -> None:
    """Print transfers: number, state, direction, since when, bytes, store, node, account, failure."""
    with PROGRAM.complaining(), open_service(PROGRAM.settings(context)) as service:
        for each in operating.list_transfers(service.database, service.operator, state):
            failure = f"{each.failure.name}: {each.failure.message}" if each.failure else "-"
            row = (each.number, each.state, each.direction, to_text(each.created), str(each.bytes_done))
            print("\t".join((*row, str(each.store), each.node_number, str(each.caller), failure)))


def errands(
    context: typer.Context,
    *,
    retry: Annotated[bool, typer.Option("--retry", help="Have all of them tried again at once.")] = False,
) -> None:
    """Print what stores are still to be told: store, verb, subject, since when, due, attempts, last error."""
    with PROGRAM.complaining(), open_service(PROGRAM.settings(context)) as service:
        if retry:
            number = operating.hurry_errands(service.database, service.operator, service.clock.now())
            print(f"{number} errands will be tried again within seconds")
            return
        for each in operating.list_errands(service.database, service.operator):
            when = (to_text(each.created), to_text(each.due), str(each.attempts))
            print("\t".join((str(each.store), each.verb, each.subject, *when, each.error or "-")))
