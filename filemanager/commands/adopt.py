"""`filemanager adopt`: files that a store has adopted become nodes.

Rule: exit code 0 where all was taken in, 1 where something was left out; with --json a document, else a table.
"""

from typing import Annotated

import typer

from filemanager.commands.program import PROGRAM
from vofiles.serving.reporting import AfterOption, JsonOption, PagesOption

Identifier = Annotated[str, typer.Argument(metavar="STORE", help="ivo://authority/name of the store.")]
OwnerOption = Annotated[
    str | None, typer.Option(help="Only what is this account's, ivo://community/name.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]


def adopt(
    context: typer.Context,
    store: Identifier,
    owner: OwnerOption = None,
    *,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    after: AfterOption = None,
    pages: PagesOption = None,
) -> None:
    """Make nodes of the files that a store has adopted (`filestore adopt`); the service may be running.

    What is in the tree stays as it is: a name that is taken is reported. What is known is passed over, so that it can
    be stopped and run again; a file that has changed since is a new version of its node.
    """
    from filemanager.commands.opening import open_service
    from filemanager.services.adoption import AdoptionService, Wish
    from vofiles.ivorn import parse_service
    from vofiles.serving.logs import Form, configure
    from vofiles.serving.reporting import report

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_service(settings) as opened:
        service = AdoptionService(settings, opened.database, opened.control, opened.clock, opened.numbers)
        wish = Wish(parse_service(store), parse_service(owner) if owner is not None else None, dry_run)
        steps = service.adopt(opened.operator, wish, after)
        found = report(str(settings.identifier), steps, limit=pages, as_json=as_json)
    raise typer.Exit(found)
