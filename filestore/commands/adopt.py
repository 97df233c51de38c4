"""`filestore adopt`: the files of a directory of the configuration become containers where they lie.

Rule: exit code 0 where all was taken in, 1 where something was left out; with --json a document, else a table.
"""

from typing import Annotated

import typer

from filestore.commands.program import PROGRAM
from vofiles.serving.reporting import AfterOption, JsonOption, PagesOption

Name = Annotated[str, typer.Argument(help="The directory's name in the configuration.")]
NoDigestsOption = Annotated[
    bool, typer.Option("--no-digests", help="Read no file; `check --digests` makes the digests later.")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Take in also files whose nodes were deleted.")]


def adopt(
    context: typer.Context,
    name: Name,
    *,
    no_digests: NoDigestsOption = False,
    again: AgainOption = False,
    as_json: JsonOption = False,
    after: AfterOption = None,
    pages: PagesOption = None,
) -> None:
    """Take in the files of a directory, without a byte copied and with nothing written there; the store may be serving.

    What is known is passed over, so that it can be stopped and run again; `filemanager adopt` makes nodes of them.
    """
    from filestore.commands.opening import open_store
    from filestore.services.adoption import Manner
    from filestore.services.adoption import adopt as steps
    from vofiles.errors import InvalidArgument
    from vofiles.serving.logs import Form, configure
    from vofiles.serving.reporting import report

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_store(settings) as store:
        directory = next((each for each in settings.adopted if each.name == name), None)
        if directory is None:
            known = ", ".join(each.name for each in settings.adopted) or "none"
            raise InvalidArgument("NAME", reason=f"the configuration has no such adopted directory; it has {known}")
        made = steps(store, directory, Manner(digests=not no_digests, again=again), after)
        found = report(str(settings.identifier), made, limit=pages, as_json=as_json)
    raise typer.Exit(found)
