"""`filestore scrub`: what is held is read and compared with what came, while the store may be serving.

Rule: exit code 0 where nothing was found, 1 where something was; with --json a document, else a table. What is rotten
is set aside, which is all that is done.
"""

from typing import Annotated

import typer

from filestore.commands.program import PROGRAM
from vofiles.serving.reporting import AfterOption, JsonOption, PagesOption

NumbersArgument = Annotated[
    list[str] | None, typer.Argument(help="Numbers of containers, or their identifiers; else all.", show_default=False)
]
RateOption = Annotated[
    int | None,
    typer.Option(
        min=0, help="Bytes a second at most, 0: as fast as can be; else as in the configuration.", show_default=False
    ),
]


def scrub(
    context: typer.Context,
    numbers: NumbersArgument = None,
    *,
    rate: RateOption = None,
    as_json: JsonOption = False,
    after: AfterOption = None,
    pages: PagesOption = None,
) -> None:
    """Read all bytes, and set aside those that are not what came; the store may be serving."""
    import time

    from filestore.backends.files import SystemFiles
    from filestore.commands.opening import open_store
    from filestore.services.pace import Pace
    from filestore.services.scrub import Scrub
    from vofiles.serving.logs import Form, configure
    from vofiles.serving.reporting import report

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return False

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_store(settings) as store:
        pace = Pace(settings.scrub.rate if rate is None else rate, time.monotonic, wait)
        reading = Scrub(store, pace, SystemFiles().forget)
        steps = reading.steps_of([each.rpartition("#")[2] for each in numbers]) if numbers else reading.steps(after)
        found = report(str(settings.identifier), steps, limit=pages, as_json=as_json)
    raise typer.Exit(found)
