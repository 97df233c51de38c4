"""`filemanager jobs`: long verbs under way. Rule: one line each, fields apart by tabs."""

from typing import Annotated

import typer

from filemanager.commands.opening import open_service
from filemanager.commands.program import PROGRAM
from filemanager.services import operating
from vofiles.instant import to_text


def jobs(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only those in this state; else all that have not ended.")] = None,
) -> None:
    """Print jobs: number, state, verb, since when, items waiting, running, done, failed, bytes done, of how many, node,
    account, failure.
    """
    with PROGRAM.complaining(), open_service(PROGRAM.settings(context)) as service:
        for each in operating.list_jobs(service.database, service.operator, state):
            counts = (each.waiting, each.running, each.done, each.failed, each.bytes_done, each.bytes_total)
            failure = f"{each.failure.name}: {each.failure.message}" if each.failure else "-"
            row = (each.number, each.state, each.verb, to_text(each.created), *map(str, counts))
            print("\t".join((*row, each.node or "-", str(each.caller), failure)))
