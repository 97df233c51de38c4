"""Quarantine stopped at each of its effects, and power lost in it: what is rotten is nobody's, what is well stays."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from filestore.backends.disk import DiskBackend
from filestore.domain import findings as kinds
from filestore.persistence.catalogue import open_catalogue
from filestore.services.sweep import sweep
from tests.support.filestore_core import Core, disk_core, make_core
from tests.support.powerloss import VolatileFiles, write_out
from tests.support.rotting import flipped, rot, scrub_of, scrubbed
from tests.support.stage import Deed, Effect, Fault, Stage, Stopped
from tests.support.staged_files import StagedFiles
from tests.support.staged_sql import StagedDatabase, staged_engines
from vofiles.errors import Damaged
from vofiles.ivorn import Ivorn

DATA, WELL = bytes(range(256)) * 16, b"what stays"
MOST_EFFECTS = 100


@dataclass(frozen=True)
class Played:
    """What a play has done."""

    effects: list[Effect]
    files: StagedFiles


@pytest.fixture
def base(tmp_path: Path) -> tuple[Path, Ivorn, Ivorn]:
    """A store's folder, and its two containers: one rotten, one well."""
    folder = tmp_path / "base"
    folder.mkdir()
    with disk_core(folder) as core:
        rotten, well = (core.stored(data).receipt.container for data in (DATA, WELL))
        rot(core, rotten)
    return folder, rotten, well


@contextmanager
def opened(folder: Path, stage: Stage, files: StagedFiles) -> Iterator[Core]:
    """The store of a folder, each of whose effects is on a stage."""
    with staged_engines() as staged:
        staged[str(folder / "catalogue.db")] = (stage, "store")
        catalogue = StagedDatabase(stage, "store", open_catalogue(f"sqlite:///{folder / 'catalogue.db'}"))
        try:
            yield make_core(catalogue, DiskBackend(folder / "containers", files))
        finally:
            catalogue.close()
            files.close_all()


def play(
    base: Path, folder: Path, rotten: Ivorn, fault: Fault | None, files: type[StagedFiles] = StagedFiles
) -> Played:
    """A scrub of what is rotten with one fault."""
    shutil.copytree(base, folder)
    stage = Stage(fault)
    made = VolatileFiles(stage, "store", folder / "containers") if files is VolatileFiles else files(stage, "store")
    with opened(folder, stage, made) as core:
        stage.armed = True
        with suppress(Stopped):
            scrub_of(core.store).read(rotten.fragment)
        stage.armed = False
    assert fault is None or stage.happened
    return Played(stage.trace, made)


def require_right(core: Core, rotten: Ivorn, well: Ivorn) -> None:
    """Nobody gets what is rotten, and what is well is as it was."""
    assert core.get(well) == WELL
    swept = sweep(core.store)
    assert (swept.missing, swept.orphans, swept.dropped) == (0, 0, 0)
    for _ in range(2):
        assert scrubbed(core) == [(kinds.DAMAGED, rotten.fragment)]
        with pytest.raises(Damaged):
            core.get(rotten)
        assert not core.store.backend.has(rotten.fragment)
        assert list(core.store.backend.numbers()) == [well.fragment]
    assert core.get(well) == WELL


def test_stopped_or_failed_at_each_effect(base: tuple[Path, Ivorn, Ivorn], tmp_path: Path) -> None:
    folder, rotten, well = base
    effects = play(folder, tmp_path / "whole", rotten, None).effects
    assert {"commit", "file"} <= {effect.kind for effect in effects}
    assert len(effects) < MOST_EFFECTS
    number = 0
    for at, effect in enumerate(effects):
        if effect.leaves_nothing:
            continue
        for deed in (Deed.STOP_BEFORE, Deed.STOP_AFTER, *([Deed.FAIL_BEFORE] if effect.kind == "file" else [])):
            number += 1
            left = tmp_path / f"left-{number}"
            play(folder, left, rotten, Fault(at, deed))
            with disk_core(left) as core:
                require_right(core, rotten, well)
            aside = left / "containers" / "quarantine"
            assert (aside / rotten.fragment).read_bytes() == flipped(DATA), f"{effect} {deed}"
            assert (aside / f"{rotten.fragment}.json").exists(), f"{effect} {deed}"
            shutil.rmtree(left)
    assert number > 10


def test_power_lost_at_each_effect(base: tuple[Path, Ivorn, Ivorn], tmp_path: Path) -> None:
    folder, rotten, well = base
    effects = play(folder, tmp_path / "whole", rotten, None).effects
    moments = [Fault(at, Deed.STOP_AFTER) for at, effect in enumerate(effects) if effect.kind in {"file", "commit"}]
    found = 0
    for moment in (*moments, None):
        left = tmp_path / f"left-{found}"
        files = play(folder, left, rotten, moment, VolatileFiles).files
        assert isinstance(files, VolatileFiles)
        for disk in files.disks():
            found += 1
            root = tmp_path / f"disk-{found}"
            shutil.copytree(left, root, ignore=shutil.ignore_patterns("containers"))
            write_out(disk, root / "containers")
            with disk_core(root) as core:
                require_right(core, rotten, well)
            if moment is None:
                # It was durable when the scrub went on.
                assert (root / "containers" / "quarantine" / rotten.fragment).read_bytes() == flipped(DATA)
            shutil.rmtree(root)
        shutil.rmtree(left)
    assert found > len(moments)
