"""`vofiles put`: files and folders of this machine into the tree, as `cp` would."""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from vofiles import posix, sources
from vofiles.cli import progress, words
from vofiles.cli.exits import Outcomes, to_be_gone_on_with
from vofiles.tree import Home, Node


def put(
    words_: Annotated[
        list[str],
        typer.Argument(metavar="LOCAL... PATH", help=f"What to put, and where: {words.HOME_HELP}. LOCAL may be -."),
    ],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")] = False,
    store: Annotated[str | None, typer.Option(help="Identifier of the store that should hold the bytes.")] = None,
    content_type: Annotated[str | None, typer.Option("--type", help="MIME type; by the name if left out.")] = None,
    preserve: Annotated[
        bool, typer.Option(help="Keep mode, owner, group and time of change as properties, for `get --preserve`.")
    ] = True,
    resume: Annotated[
        bool, typer.Option(help="From 64 MiB on: go on where an earlier `put` of the same file was interrupted.")
    ] = True,
) -> None:
    """Put files into the tree. Where PATH is a folder they keep their names, as with cp.

    One that was interrupted is gone on with by the same command.
    """
    from vofiles import connect

    if len(words_) < 2:
        raise typer.BadParameter("give what to put and where to: vofiles put FILE home:FOLDER/")
    *sources, last = [*map(words.local_path, words_[:-1]), words_[-1]]
    outcomes = Outcomes()
    with connect() as home:
        target = home.at(words.home_path(last))
        into = _is_folder(target, last, many=len(sources) > 1)
        job = _Putting(
            home,
            outcomes,
            recursive=recursive,
            store=store,
            content_type=content_type,
            preserve=preserve,
            resume=resume,
        )
        for source in sources:
            with outcomes.part():
                job.put(source, target, into=into)
    outcomes.finish()


def _is_folder(target: Node, word: str, *, many: bool) -> bool:
    """Whether the target takes what is put under its own name. Raises a usage error where it must and cannot."""
    folder = target.is_folder()
    if not folder and (many or word.endswith("/")):
        raise typer.BadParameter(f"{word} is not a folder that is there: make it with vofiles mkdir -p {word}")
    return folder


class _Putting:
    """One `put` command at its work."""

    def __init__(
        self,
        home: Home,
        outcomes: Outcomes,
        *,
        recursive: bool,
        store: str | None,
        content_type: str | None,
        preserve: bool,
        resume: bool,
    ) -> None:
        self._home, self._outcomes, self._recursive = home, outcomes, recursive
        self._store, self._type, self._preserve, self._resume = store, content_type, preserve, resume

    def put(self, source: str, target: Node, *, into: bool) -> None:
        """One word of the command."""
        if source == "-":
            if into:
                raise typer.BadParameter("standard input has no name: give the name of the file at home too")
            target.put(sys.stdin.buffer, store=self._store, content_type=self._type)
            return
        local = Path(source)
        place = target / _name_of(local) if into else target
        if not local.is_dir():
            self._put_file(local, place)
        elif self._recursive:
            self._put_folder(local, place)
        else:
            self._outcomes.note(f"{source} is a folder: put it with -r")

    def _put_file(self, local: Path, node: Node) -> None:
        with self._interruptible(local), progress.bar(local.name) as shown:
            node.put(
                local,
                progress=shown,
                store=self._store,
                content_type=self._type,
                preserve=self._preserve,
                resume=self._resume,
            )

    def _interruptible(self, local: Path) -> AbstractContextManager[None]:
        return to_be_gone_on_with(local.name, lambda: self._resume and local.stat().st_size >= sources.LARGE)

    def _put_folder(self, local: Path, node: Node) -> None:
        node.mkdir(exist_ok=True)
        # A home's own mode is nobody's folder's.
        if self._preserve and node.name:
            node.set({**posix.properties_of(local)})
        with os.scandir(local) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            with self._outcomes.part():
                if entry.is_dir(follow_symlinks=False):
                    self._put_folder(Path(entry.path), node / entry.name)
                elif entry.is_file():
                    self._put_file(Path(entry.path), node / entry.name)
                else:
                    # A link to a folder could lead round in a circle; a device or a pipe has no end.
                    self._outcomes.note(f"{entry.path} is left out: it is neither a file nor a folder")


def _name_of(local: Path) -> str:
    # "." and ".." have a name of their own only once they are resolved.
    return local.name if local.name not in {"", ".."} else local.resolve().name
