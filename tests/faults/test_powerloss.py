"""Power lost at each effect on a store's disk: whatever of the unsynced is gone, what was acknowledged is there, and
nothing is served that was not.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from filestore.backends import diskio
from filestore.backends.diskio import PAGE, DiskWriter
from tests.support.faultlarge import LARGE
from tests.support.faultparts import PARTS
from tests.support.faultplays import PLAYS, Play
from tests.support.faulttrial import prepare, record
from tests.support.powertrial import find_wrong_without_power, moments, try_power
from tests.support.staged_sql import Staged
from tests.support.stagedpack import PackShelves

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


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world in which what has a page is large, and is written past the page cache."""
    monkeypatch.setattr(diskio, "DIRECT", PAGE)


@pytest.mark.usefixtures("paged")
@pytest.mark.timeout(600)
def test_power_lost_while_a_large_content_comes(
    folder: Path, staged: Staged, record_property: Callable[[str, object], None]
) -> None:
    base = prepare(folder / "base", LARGE, staged)
    effects = record(base)
    written = [effect.what.endswith("directly") for effect in effects if effect.what.startswith("write")]
    # All but its end, and its sidecar.
    assert written.count(True) >= 2
    assert written[-2:] == [False, False]
    disks = sum(try_power(base, moment) for moment in moments(effects))
    assert disks > 20
    record_property("power-loss states", disks)


@pytest.mark.usefixtures("paged")
def test_a_large_content_that_is_not_synced_is_caught(
    folder: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = prepare(folder / "base", LARGE, staged)
    monkeypatch.setattr(DiskWriter, "sync", lambda writer: None)
    assert find_wrong_without_power(base, lambda moment: moment is None) is not None


@pytest.mark.parametrize("play", [play for play in PLAYS if play.name in {"rewrite", "append"}], ids=str)
@pytest.mark.timeout(600)
def test_power_lost_while_small_contents_come(
    play: Play, folder: Path, staged: Staged, record_property: Callable[[str, object], None]
) -> None:
    base = prepare(folder / "base", play, staged, PackShelves(staged))
    effects = record(base)
    assert any("INTO small" in effect.what for effect in effects)
    tried = list(moments(effects))
    disks = sum(try_power(base, moment) for moment in tried)
    assert disks >= len(tried) > 10
    record_property("power-loss states", disks)


def test_a_pack_that_is_not_synced_is_caught(folder: Path, staged: Staged) -> None:
    """Which of a store's two databases has lost its last commits makes a difference."""
    (play,) = [play for play in PLAYS if play.name == "rewrite"]
    base = prepare(folder / "base", play, staged, PackShelves(staged, durable=False))
    found = find_wrong_without_power(base, lambda moment: moment is None)
    assert found is not None
    assert "has no bytes" in found
