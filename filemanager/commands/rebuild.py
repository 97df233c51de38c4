"""`filemanager rebuild`: a lost database from what the stores hold.

Rule: nothing is written before everything has been read: a tree rebuilt from some of its stores would take old contents
for the newest.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from filemanager.commands.program import PROGRAM
from vofiles.serving.reporting import JsonOption

if TYPE_CHECKING:
    from vofiles.contract import Holding
    from vofiles.ivorn import Ivorn

Manifests = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Files that `filestore manifest` printed, - for standard input; without any, stores are asked."
    ),
]


def rebuild(context: typer.Context, manifests: Manifests = None, *, as_json: JsonOption = False) -> None:
    """Rebuild a lost database from what the stores hold; what is known already stays as it is.

    Names, owners, numbers, sizes, digests and types come back; passwords, folders without a file, and what people set
    on nodes do not.
    """
    from filemanager.commands.opening import open_service
    from filemanager.services.rebuild import RebuildService
    from vofiles.serving.logs import Form, configure
    from vofiles.serving.reporting import report

    configure(Form.CONSOLE)
    settings = PROGRAM.settings(context)
    with PROGRAM.complaining(), open_service(settings) as opened:
        service = RebuildService(settings, opened.database, opened.control, opened.clock, opened.numbers)
        held = list(_read(manifests, settings.identifier) if manifests else service.holdings())
        steps = service.rebuild(opened.operator, held)
        found = report(str(settings.identifier), steps, limit=None, as_json=as_json)
    raise typer.Exit(found)


def _read(manifests: Iterable[Path], manager: "Ivorn") -> "Iterator[Holding]":
    """This service's containers in the manifests. Raises OSError, InvalidArgument."""
    from filemanager.domain.manifest import parse_line

    for path in manifests:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
        for line in filter(str.strip, text.split("\n")):
            parsed = parse_line(line)
            if parsed.manager == manager:
                yield parsed.holding
