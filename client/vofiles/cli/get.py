"""`vofiles get`: files and folders of the tree onto this machine, as `cp` would."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vofiles import posix
from vofiles.cli import progress, words
from vofiles.cli.exits import Outcomes, to_be_gone_on_with
from vofiles.info import NodeInfo
from vofiles.names import is_home_path
from vofiles.parallel import CONNECTIONS, MOST_CONNECTIONS
from vofiles.partfile import part_path
from vofiles.root import shown
from vofiles.tree import Home, Node


def get(
    words_: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH... [LOCAL]",
            help=f"What to get ({words.HOME_HELP}), and where to: a file, a folder, or - ; this folder if left out.",
        ),
    ],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")] = False,
    version: Annotated[
        int | None, typer.Option(min=1, help="Number of an earlier content, as `versions` shows it; of one file.")
    ] = None,
    preserve: Annotated[
        bool, typer.Option("--preserve", help="With the mode and time of change that `put` kept; as root owner too.")
    ] = False,
    connections: Annotated[
        int, typer.Option(min=1, max=MOST_CONNECTIONS, help="How many at once for one file, from 64 MiB on.")
    ] = CONNECTIONS,
    resume: Annotated[
        bool, typer.Option(help="From 64 MiB on: go on with NAME.vofiles-part, which an interrupted `get` has left.")
    ] = True,
) -> None:
    """Get files from the tree. A file appears here when it is whole and verified, or not at all.

    One that was interrupted is gone on with by the same command.
    """
    from vofiles import connect

    sources = words_ if is_home_path(words_[-1]) else words_[:-1]
    last = "." if sources is words_ else words_[-1]
    if not sources:
        raise typer.BadParameter(f"give what to get first: vofiles get home:{last} .")
    if version is not None and (recursive or len(sources) > 1):
        raise typer.BadParameter("--version is of one file; give one, without -r")
    paths = [words.home_path(source) for source in sources]
    target = Path(last)
    if last != "-" and not target.is_dir() and (len(paths) > 1 or last.endswith("/")):
        raise typer.BadParameter(f"{last} is not a folder on this machine")
    outcomes = Outcomes()
    with connect() as home:
        job = _Getting(home, outcomes, version=version, preserve=preserve, connections=connections, resume=resume)
        for path in paths:
            with outcomes.part():
                job.get(home.at(path), None if last == "-" else target, recursive=recursive)
    outcomes.finish()


class _Getting:
    """One `get` command at its work."""

    def __init__(
        self,
        home: Home,
        outcomes: Outcomes,
        *,
        version: int | None,
        preserve: bool,
        connections: int,
        resume: bool,
    ) -> None:
        self._home, self._outcomes, self._version, self._preserve = home, outcomes, version, preserve
        self._connections, self._resume = connections, resume

    def get(self, node: Node, target: Path | None, *, recursive: bool) -> None:
        """One word of the command; to standard output without a target."""
        if target is None:
            node.get(sys.stdout.buffer, version=self._version)
            return
        info = node.info()
        if not info.is_folder:
            self._get_file(node, target)
        elif recursive:
            self._get_folder(info, target / (node.name or "home") if target.is_dir() else target)
        else:
            self._outcomes.note(f"{shown(node.path)} is a folder: get it with -r")

    def _get_file(self, node: Node, target: Path) -> None:
        place = target / node.name if target.is_dir() else target
        there = to_be_gone_on_with(node.name, part_path(place).exists)
        with there, progress.bar(node.name) as watched:
            node.get(
                target,
                progress=watched,
                version=self._version,
                preserve=self._preserve,
                connections=self._connections,
                resume=self._resume,
            )

    def _get_folder(self, folder: NodeInfo, target: Path) -> None:
        target.mkdir(exist_ok=True)
        for info in self._home.at(folder.path).children():
            with self._outcomes.part():
                child = self._home.at(info.path)
                if info.is_folder:
                    self._get_folder(info, target / info.name)
                elif info.version == 0:
                    self._outcomes.note(f"{shown(info.path)} is left out: nothing has been written to it yet")
                else:
                    self._get_file(child, target / info.name)
        if self._preserve:
            # Last: what comes into a folder changes its time, and its mode may let nothing in.
            posix.restore(target, folder.properties)
