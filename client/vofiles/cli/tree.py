"""`vofiles tree`: all that is below a folder, as a picture."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from vofiles.cli import lines, words
from vofiles.errors import NotAFolder
from vofiles.info import NodeInfo
from vofiles.root import shown
from vofiles.tree import Home, Node


def tree(
    path: Annotated[str, typer.Argument(help=f"A folder: {words.HOME_HELP}.")] = "home:",
    depth: Annotated[int | None, typer.Option(min=1, help="At most so many levels; all if left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="All that is known of each entry, as JSON.")] = False,
) -> None:
    """Show the folders and files below a folder."""
    from vofiles import connect

    with connect() as home:
        node = home.at(words.home_path(path))
        info = node.info()
        if not info.is_folder:
            raise NotAFolder(shown(node.path), reason="vofiles info shows what is known of it")
        if json:
            longest = len(node.path.path) + (depth or sys.maxsize)
            print(lines.as_json([lines.facts(row) for row in _seen(home, node, longest)]))
            return
        print(lines.short(info))
        for line in _drawn(home, node, depth or sys.maxsize, _strokes()):
            print(line)


def _seen(home: Home, node: Node, longest: int) -> Iterator[NodeInfo]:
    for info in node.children():
        yield info
        if info.is_folder and len(info.path.path) < longest:
            yield from _seen(home, home.at(info.path), longest)


def _drawn(home: Home, node: Node, depth: int, strokes: tuple[str, str, str, str]) -> Iterator[str]:
    branch, last_branch, trunk, nothing = strokes
    rows = list(node.children())
    for number, info in enumerate(rows, 1):
        is_last = number == len(rows)
        yield (last_branch if is_last else branch) + lines.short(info)
        if info.is_folder and depth > 1:
            for line in _drawn(home, home.at(info.path), depth - 1, strokes):
                yield (nothing if is_last else trunk) + line


def _strokes() -> tuple[str, str, str, str]:
    try:
        "├└│─".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "|-- ", "`-- ", "|   ", "    "
    return "├── ", "└── ", "│   ", "    "
