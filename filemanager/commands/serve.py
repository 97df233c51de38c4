"""`filemanager serve`. Rule: everything but which server it is stands in `vofiles.serving.program`."""

import typer

from filemanager.commands.program import PROGRAM
from vofiles.serving.program import FdOption, LogOption, SeatOption, WorkersOption, serving_of


def serve(
    context: typer.Context,
    fd: FdOption = None,
    log: LogOption = "",
    workers: WorkersOption = 1,
    seat: SeatOption = "",
) -> None:
    """Serve until stopped. Prints one line, "ready ADDRESS", when it does."""
    from filemanager.assembly import FileManager

    PROGRAM.serve(context, serving_of(fd, log, workers, seat), FileManager)
