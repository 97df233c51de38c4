"""`filemanager check`: the tree against itself and against its stores, while the service may be running.

Rule: exit code 0 where nothing was found, 1 where something was; with --json a document, else a table.
"""

import typer

from filemanager.commands.program import PROGRAM
from vofiles.serving.reporting import AfterOption, JsonOption, PagesOption, RepairOption


def check(
    context: typer.Context,
    *,
    repair: RepairOption = False,
    as_json: JsonOption = False,
    after: AfterOption = None,
    pages: PagesOption = None,
) -> None:
    """Compare the tree with itself and with what its stores hold; the service may be running."""
    from filemanager.commands.opening import open_service
    from filemanager.services.check import CheckService
    from vofiles.serving.logs import Form, configure
    from vofiles.serving.reporting import report

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_service(settings) as opened:
        service = CheckService(settings, opened.database, opened.control, opened.clock)
        steps = service.check(opened.operator, after, repair=repair)
        found = report(str(settings.identifier), steps, limit=pages, as_json=as_json)
    raise typer.Exit(found)
