"""`vofiles versions`: the contents that a file has or had."""

from typing import Annotated

import typer

from vofiles.cli import lines, words
from vofiles.info import VersionInfo


def versions(
    path: Annotated[str, typer.Argument(help=f"A file: {words.HOME_HELP}.")],
    json: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False,
) -> None:
    """Show the contents of a file that are kept, the newest first: number, size, date, digest. `get --version` fetches
    an earlier one, `cp --version` copies it.
    """
    from vofiles import connect

    with connect() as home:
        found = list(home.at(words.home_path(path)).versions())
    if json:
        print(lines.as_json([_facts(version) for version in found]))
        return
    cells = [
        (
            str(version.number),
            str(version.size),
            lines.local(version.created),
            version.digests.get("sha-256", "-")[:16],
            "current" if version.current else "",
        )
        for version in found
    ]
    for line in lines.aligned(cells, right=(0, 1)):
        print(line)


def _facts(version: VersionInfo) -> dict[str, object]:
    return {
        "number": version.number,
        "size": version.size,
        "created": version.created.isoformat(),
        "current": version.current,
        "type": version.content_type,
        "location": version.location,
        "digests": dict(version.digests),
    }
