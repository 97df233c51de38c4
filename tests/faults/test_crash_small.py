"""Small contents in a pack, their store stopped at each of its effects, and each of these gone wrong: what was
acknowledged is there, all else is old or new, repeating succeeds, and nothing is left.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faultplays import PLAYS, Play
from tests.support.faulttrial import faults, prepare, record, try_fault
from tests.support.filemanager import CAMBRIDGE
from tests.support.staged_sql import Staged
from tests.support.stagedpack import PackShelves

NAMES = ("rewrite", "append")


@pytest.mark.parametrize("play", [play for play in PLAYS if play.name in NAMES], ids=str)
@pytest.mark.timeout(600)  # hundreds of trials, each a start, an operation, a restart and a grace period
def test_stopped_anywhere(
    play: Play, folder: Path, staged: Staged, record_property: Callable[[str, object], None]
) -> None:
    base = prepare(folder / "base", play, staged, PackShelves(staged))
    effects = record(base)
    small = [effect for effect in effects if " small" in effect.what]
    assert any("INSERT OR IGNORE INTO small" in effect.what for effect in small)
    # No file is made: all of it goes into the pack.
    assert not [effect for effect in effects if effect.what.startswith("create")]
    tried = 0
    for fault in faults(effects):
        # What only reads, and the FileManager's own effects, are tried elsewhere.
        effect = effects[fault.at]
        if effect.process == str(CAMBRIDGE) and (effect.kind == "commit" or " small" in effect.what):
            try_fault(base, fault)
            tried += 1
    assert tried > len(small)
    record_property("crash points", tried)
