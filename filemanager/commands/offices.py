"""The operator's office for one command. Rule: what goes wrong in it is one line and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from filemanager.commands.program import PROGRAM

if TYPE_CHECKING:
    from filemanager.assembly import Office


@contextmanager
def open_office(context: typer.Context) -> "Iterator[Office]":
    """What an operator does with the service's database, while a block runs."""
    from filemanager.assembly import Office
    from vofiles.serving.logs import Form, configure

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining():
        office = Office(settings)
        try:
            yield office
        finally:
            office.close()
