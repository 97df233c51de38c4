"""Power lost at each effect on a store's disk: whatever of the unsynced is gone, what was acknowledged is there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faultparts import PARTS
from tests.support.faultplays import PLAYS, Play
from tests.support.faulttrial import prepare, record
from tests.support.powertrial import moments, try_power
from tests.support.staged_sql import Staged

NAMES = (
    "first write",
    "rewrite",
    "append",
    "broken write",
    "importData",
    "duplicate",
    "delete while writing",
    "grace period",
    "write in parts",
)


@pytest.mark.parametrize("play", [play for play in PLAYS + PARTS if play.name in NAMES], ids=str)
@pytest.mark.timeout(600)  # some hundreds of starts
def test_power_lost_anywhere(
    play: Play, folder: Path, staged: Staged, record_property: Callable[[str, object], None]
) -> None:
    base = prepare(folder / "base", play, staged)
    disks = sum(try_power(base, moment) for moment in moments(record(base)))
    assert disks > 20
    record_property("power-loss states", disks)
