"""The command line as a process of its own that dies at a byte of its choice, by kill -9, as often as a test likes.

    die_at(5_000_000, ["put", "large.bin", "home:large.bin"], environment, folder)

Rule: the death is a place in the bytes, never a moment in time; and it is SIGKILL, so that nothing is tidied up.
"""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.journey import PATIENCE

_PROGRAM = """
import os, signal, sys, threading
from vofiles import parallel, partfile, sources
from vofiles.cli.main import main

where, byte, sources.LARGE = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
parallel.SMALLEST_PIECE = parallel.KEEP_EVERY = 1 << 18
read, keep, write, lock = sources.Source.read, partfile.PartFile.keep, partfile.PartFile.write, threading.Lock()

def dying_read(self):
    if self.done >= byte:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self)

def lonely_keep(self):
    with lock:
        keep(self)

def dying_write(self, *words):
    write(self, *words)
    if self.done >= byte:
        with lock:
            keep(self)
            os.kill(os.getpid(), signal.SIGKILL)

if where == "put":
    sources.Source.read = dying_read
if where == "get":
    partfile.PartFile.keep, partfile.PartFile.write = lonely_keep, dying_write
sys.argv = ["vofiles", *sys.argv[4:]]
sys.exit(main())
"""


def die_at(byte: int, words: Sequence[str], environment: Mapping[str, str], folder: Path, large: int = 1 << 20) -> None:
    """`vofiles put …` dies when it has read so many bytes, `vofiles get …` when it has so many, and has kept them. What
    it would do with large contents it does with those of `large` bytes.
    """
    command = [sys.executable, "-c", _PROGRAM, words[0], str(byte), str(large), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=PATIENCE)
    assert done.returncode == -signal.SIGKILL, done
