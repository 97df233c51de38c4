"""`vofiles append`: add to files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vofiles.cli import progress, words


def append(
    local: Annotated[str, typer.Argument(metavar="LOCAL", help="What to add: a file on this machine, or - .")],
    path: Annotated[str, typer.Argument(metavar="PATH", help=f"The file it is added to: {words.HOME_HELP}.")],
) -> None:
    """Add to the end of a file; make it if it is not there. The content it had before is an earlier version then."""
    from vofiles import connect

    source = words.local_path(local)
    place = words.home_path(path)
    with connect() as home, progress.bar(Path(source).name) as shown:
        home.at(place).append(sys.stdin.buffer if source == "-" else Path(source), progress=shown)
