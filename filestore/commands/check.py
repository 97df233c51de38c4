"""`filestore check`: what the store's catalogue, sidecars and bytes say of each other, while it may be serving.

Rule: exit code 0 where nothing was found, 1 where something was; with --json a document, else a table.
"""

from typing import Annotated

import typer

from filestore.commands.program import PROGRAM
from vofiles.serving.reporting import AfterOption, JsonOption, PagesOption, RepairOption

DigestsOption = Annotated[bool, typer.Option("--digests", help="Read all bytes and compare their digests.")]


def check(
    context: typer.Context,
    *,
    digests: DigestsOption = False,
    repair: RepairOption = False,
    as_json: JsonOption = False,
    after: AfterOption = None,
    pages: PagesOption = None,
) -> None:
    """Compare catalogue, sidecars and bytes, transfers and callbacks; the store may be serving."""
    from filestore.commands.opening import open_store
    from filestore.services.check import check as steps
    from filestore.services.check_contents import Wish
    from vofiles.serving.logs import Form, configure
    from vofiles.serving.reporting import report

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_store(settings) as store:
        found = report(
            str(settings.identifier), steps(store, Wish(repair, digests), after), limit=pages, as_json=as_json
        )
    raise typer.Exit(found)
