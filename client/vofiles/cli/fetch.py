"""`vofiles fetch`: stores get files from URLs by themselves; the bytes never come by this machine.

Rule: `put` is for what lies here, `fetch` for what lies elsewhere; where things go is decided as `put` decides it.
"""

from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from vofiles.cli import words
from vofiles.cli.following import following
from vofiles.cli.lines import counted
from vofiles.tree import Node


def fetch(
    words_: Annotated[
        list[str],
        typer.Argument(metavar="URL... PATH", help=f"Where the files are, and where they go: {words.HOME_HELP}."),
    ],
    store: Annotated[str | None, typer.Option(help="Identifier of the store that should hold the bytes.")] = None,
    content_type: Annotated[
        str | None, typer.Option("--type", help="MIME type, of one file; by name and bytes if left out.")
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Wait for the end; --no-wait leaves it to the service, see `vofiles jobs`.")
    ] = True,
) -> None:
    """Have stores fetch files from URLs. Where PATH is a folder they keep the last step of their URL as name."""
    from vofiles import connect

    if len(words_) < 2:
        raise typer.BadParameter("give what to fetch and where to: vofiles fetch https://example.org/m31.fits home:")
    *urls, last = words_
    for url in urls:
        if not urlsplit(url).hostname:
            raise typer.BadParameter(f"{url!r} is not a URL; for a file on this machine: vofiles put")
    with connect() as home:
        target = home.at(words.home_path(last))
        into = target.is_folder()
        if not into and (len(urls) > 1 or last.endswith("/")):
            raise typer.BadParameter(f"{last} is not a folder that is there: make it with vofiles mkdir -p {last}")
        if len(urls) == 1:
            node = target / _name_of(urls[0]) if into else target
            node.import_from(urls[0], wait=None if wait else 0, store=store, content_type=content_type)
        elif content_type is None:
            _fetch_into(target, urls, store, wait=wait)
        else:
            raise typer.BadParameter("--type is of one file; give one URL")


def _fetch_into(folder: Node, urls: list[str], store: str | None, *, wait: bool) -> None:
    sources: dict[str, str] = {}
    for url in urls:
        name = _name_of(url)
        if sources.setdefault(name, url) != url:
            raise typer.BadParameter(f"both {sources[name]} and {url} would be called {name}; fetch them one by one")
    with following(counted(len(sources), "file")) as told:
        job = folder.import_tree(sources, store=store, wait=wait, progress=told if wait else None)
    if not wait:
        typer.echo(job.id)


def _name_of(url: str) -> str:
    """The last step of a URL's path. Raises a usage error where there is none."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    if not name:
        raise typer.BadParameter(f"{url} ends without a name: say in PATH how the file is to be called")
    return name
