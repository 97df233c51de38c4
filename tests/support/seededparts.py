"""Seeded bugs of uploads in parts: what somebody might break one day in what is kept, told and gone on with.

Rule: as of all seeded bugs, one patch each, and the play in which it must be seen.
"""

import os
from pathlib import Path
from typing import Any

from filestore.backends import diskio
from filestore.backends.diskio import DiskWriter
from filestore.services import sweep
from filestore.services.parts import Part
from tests.support.seededbugs import SeededBug, put
from vofiles.contract import ContainerState


def _tell_before_it_is_kept(part: Any) -> None:
    done = part.size
    part._store.catalogue.write(lambda records: part._note(records, done, part._remembered(done)))
    part._safe = part._keep()
    part._told = part._store.clock()


def _reopen_without_cutting(files: Any, path: Path, kept: int) -> int:
    descriptor: int = files.reopen(path)
    os.lseek(descriptor, 0, os.SEEK_END)
    return descriptor


PLAY = "write in parts"
PART_BUGS = (
    SeededBug("what is safe is not synced", PLAY, put(DiskWriter, "keep", lambda writer: writer._written), power=True),
    SeededBug("it is told to be safe first", PLAY, put(Part, "_make_safe", _tell_before_it_is_kept), power=True),
    SeededBug("what came behind it stays", PLAY, put(diskio, "_reopen", _reopen_without_cutting)),
    SeededBug(
        "the sweep deletes what is safe",
        PLAY,
        put(sweep, "_KEPT", frozenset({ContainerState.COMPLETE})),
        kind="commit",
    ),
)
