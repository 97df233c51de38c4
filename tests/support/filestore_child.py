"""A process that uploads into a store on disk, to be killed: `python -m tests.support.filestore_child FOLDER
[everywhere]`.

For each container acknowledged to it, it prints a line with number and SHA-256, and goes on until it is killed. With
`everywhere` it has children that make two uploads each, in FOLDER/0, FOLDER/1 …: each kills itself at another effect,
on files or around a commit, until one comes to the end. What a child prints is in the file `output` of its folder, how
it ended in `status`.
"""

import contextlib
import hashlib
import itertools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from filestore.backends.disk import DiskBackend
from filestore.persistence.catalogue import open_catalogue
from filestore.ports import Catalogue, Records
from filestore.services.sweep import sweep
from tests.support.filestore_core import Core, make_core
from tests.support.filestore_files import READING, SteppedFiles
from vofiles.ivorn import new_number

R = TypeVar("R")


class Steps:
    """Counts effects and kills the process before the one it was told."""

    def __init__(self, kill_at: int) -> None:
        self.left = kill_at

    def take(self, method: str, argument: object) -> None:
        if method not in READING:
            self.step()

    def step(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


class SteppedCatalogue:
    """A catalogue whose commits count as effects, before and after."""

    def __init__(self, catalogue: Catalogue, steps: Steps) -> None:
        self._catalogue, self._steps = catalogue, steps

    def read(self, fn: Callable[[Records], R]) -> R:
        return self._catalogue.read(fn)

    def write(self, fn: Callable[[Records], R]) -> R:
        self._steps.step()
        result = self._catalogue.write(fn)
        self._steps.step()
        return result


def content(number: int) -> bytes:
    return f"the bytes of upload {number} ".encode() * (1 + 2000 * (number % 7))


def upload(core: Core, number: int) -> None:
    data = content(number)
    receipt = core.put(core.token(core.offer(f"t{number}")), data, piece=4096).receipt
    print(receipt.container.fragment, hashlib.sha256(data).hexdigest(), flush=True)


def run(folder: Path, kill_at: int) -> None:
    catalogue = open_catalogue(f"sqlite:///{folder / 'catalogue.db'}")
    steps = Steps(kill_at)
    backend = DiskBackend(folder / "containers", SteppedFiles(steps.take))
    made = make_core(SteppedCatalogue(catalogue, steps), backend)
    core = replace(made, store=replace(made.store, numbers=new_number))
    sweep(core.store)
    number = 0
    while kill_at < 0 or number < 2:
        upload(core, number)
        number += 1
    catalogue.close()


def run_everywhere(folder: Path) -> None:
    # Forked before there is a thread or a connection: importing all this anew for each would take far longer.
    status = -1
    for kill_at in itertools.count():
        own = folder / str(kill_at)
        own.mkdir()
        child = os.fork()
        if child == 0:
            with (own / "output").open("w", encoding="ascii") as output, contextlib.redirect_stdout(output):
                run(own, kill_at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        (own / "status").write_text(str(os.waitstatus_to_exitcode(status)))
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            return


if __name__ == "__main__":
    if sys.argv[2:] == ["everywhere"]:
        run_everywhere(Path(sys.argv[1]))
    else:
        run(Path(sys.argv[1]), -1)
