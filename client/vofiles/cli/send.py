"""`vofiles send`: stores send files to URLs by themselves; the bytes never come by this machine.

Rule: `get` is for what is wanted here, `send` for what is wanted elsewhere.
"""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from vofiles.cli import words
from vofiles.cli.following import following
from vofiles.errors import NotAFile
from vofiles.root import shown


def send(
    path: Annotated[str, typer.Argument(metavar="PATH", help=f"What to send: {words.HOME_HELP}.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to; with -r what every path is put behind.")],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="A folder: every file below it, each to URL/ITS/PATH.")
    ] = False,
    version: Annotated[
        int | None, typer.Option(min=1, help="Number of an earlier content, as `versions` shows it; of one file.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="HTTP method: PUT if left out, or POST.")] = None,
    wait: Annotated[
        bool, typer.Option(help="Wait for the end; --no-wait leaves it to the service, see `vofiles jobs`.")
    ] = True,
) -> None:
    """Have stores send a file, with -r a folder with all that is in it, to a URL."""
    from vofiles import connect

    if not urlsplit(url).hostname:
        raise typer.BadParameter(f"{url!r} is not a URL; to have it on this machine: vofiles get {path}")
    if version is not None and recursive:
        raise typer.BadParameter("--version is of one file; give one, without -r")
    with connect() as home:
        node = home.at(words.home_path(path))
        if not node.info().is_folder:
            node.export_to(url, method=method, wait=None if wait else 0, version=version)
            return
        if not recursive:
            raise NotAFile(shown(node.path), reason="send a folder with -r")
        with following(node.name or "home") as told:
            job = node.export_tree(
                url if url.endswith("/") else f"{url}/", method=method, wait=wait, progress=told if wait else None
            )
        if not wait:
            typer.echo(job.id)
