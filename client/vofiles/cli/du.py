"""`vofiles du`: how much there is."""

from dataclasses import asdict
from typing import Annotated

import typer

from vofiles.cli import lines, words
from vofiles.cli.exits import Outcomes
from vofiles.info import Usage
from vofiles.names import HomePath
from vofiles.root import shown


def du(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH", help=f"{words.HOME_HELP}.")] = None,
    human: Annotated[bool, typer.Option("--human", help="Sizes in KiB, MiB, GiB.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show how much there is of files and folders with all below them, and of a home what is in its trash."""
    from vofiles import connect

    wanted = [words.home_path(path) for path in paths or ["home:"]]
    outcomes = Outcomes()
    found: list[tuple[HomePath, Usage]] = []
    with connect() as home:
        for path in wanted:
            with outcomes.part():
                found.append((path, home.at(path).usage()))
    if json:
        print(lines.as_json([{"path": str(path)} | asdict(usage) for path, usage in found]))
    else:
        for line in lines.aligned([cells for row in found for cells in _cells(*row, human=human)], right=(0,)):
            print(line)
    outcomes.finish()


def _cells(path: HomePath, usage: Usage, *, human: bool) -> list[tuple[str, str, str]]:
    measured = lines.measured if human else str
    there = f"{lines.counted(usage.files, 'file')}, {lines.counted(usage.folders, 'folder')}"
    rows = [(measured(usage.size), there, shown(path))]
    if usage.kept:
        rows.append((measured(usage.kept), "in earlier versions", shown(path)))
    if usage.trash_nodes:
        rows.append(
            (measured(usage.trash_size or 0), lines.counted(usage.trash_nodes, "entry", "entries"), "in the trash")
        )
    return rows
