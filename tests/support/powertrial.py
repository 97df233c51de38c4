"""Power is lost at some effect of a play: every disk that may be left is started from, and looked at.

Rule: databases are as they were committed, because SQLite has synced what it says is committed; where a connection is
told not to sync (`synchronous` below FULL), its last commits may be gone as well. The FileManager and its stores lose
power together.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.support.faultchecks import check_sight, check_structure
from tests.support.faultnotes import Notes
from tests.support.faulttrial import Base, MakeFiles, record, run_disturbed
from tests.support.faultworld import StoreProcess, World, copied
from tests.support.powerloss import Disk, VolatileFiles, write_out
from tests.support.stage import Deed, Effect, Fault, Gone, Stage, Stopped, Wrong
from vofiles.errors import VofilesError


def moments(effects: Sequence[Effect]) -> Iterator[Fault | None]:
    """When power is lost: around each change on a store's disk and each commit, and at the end (None); and at the end
    of a play in which an operation on the disk failed.
    """
    for at, effect in enumerate(effects):
        if effect.kind in {"file", "commit"}:
            yield Fault(at, Deed.STOP_BEFORE, wide=True)
            yield Fault(at, Deed.STOP_AFTER, wide=True)
        if effect.kind == "file":
            yield Fault(at, Deed.FAIL_BEFORE)
    yield None


def try_power(base: Base, moment: Fault | None) -> int:
    """Lose power then; answers how many disks were looked at. Raises Wrong."""
    disks: dict[str, VolatileFiles] = {}
    stage = Stage(moment)
    with copied(base.folder, base.fresh_folder()) as folder:
        world = base.world(folder, stage, _volatile(disks))
        world.start()
        try:
            run_disturbed(world, base.play)
        finally:
            world.stop()
        (files,) = disks.values()
        found = 0
        for disk in files.disks():
            for commits in (stage.unsynced, {}) if stage.unsynced else ({},):
                where = stage.trace[moment.at] if moment is not None else "the end"
                try:
                    _start_from(base, folder, disk, commits, world.notes.copy(), repeat=found == 0)
                except Wrong as wrong:
                    raise Wrong(f"{base.play}: power lost at {where} ({moment}): {wrong}\n{_listing(disk)}") from wrong
                found += 1
    return found


def _volatile(disks: dict[str, VolatileFiles]) -> MakeFiles:
    def make(stage: Stage, process: StoreProcess) -> VolatileFiles:
        assert process.name not in disks, "a disk outlives its process, so a play here starts each once"
        disks[process.name] = VolatileFiles(stage, process.name, process.folder / "contents")
        return disks[process.name]

    return make


def _start_from(
    base: Base, left: Path, disk: Disk, commits: dict[str, dict[str, bytes]], notes: Notes, *, repeat: bool
) -> None:
    """Start everything from what is left, and look. Raises Wrong."""
    (store,) = base.play.names
    folder = base.fresh_folder()
    shutil.copytree(left, folder, ignore=shutil.ignore_patterns("contents"))
    try:
        write_out(disk, folder / store.authority / "contents")
        for path, data in commits.get(str(store), {}).items():
            (folder / store.authority / path).write_bytes(data)
        for path, data in commits.get("manager", {}).items():
            (folder / path).write_bytes(data)
        world = World(folder, Stage(), notes, base.staged, base.play.names, shelves=base.shelves)
        try:
            world.start()
            check_structure(world)
            world.pump()
            check_structure(world)
            check_sight(world)
            if repeat:
                _repeat(world, base)
        except Stopped as stopped:
            raise Wrong("it does not start") from stopped
        finally:
            world.stop()
    finally:
        shutil.rmtree(folder)


def _repeat(world: World, base: Base) -> None:
    world.notes.attempts += 1
    try:
        base.play.run(world)
    except (Gone, VofilesError) as error:
        raise Wrong(f"repeating it fails: {error!r}") from error
    check_structure(world)
    check_sight(world)


def _listing(disk: Disk) -> str:
    return "\n".join(
        f"    {path}: {'directory' if data is None else f'{len(data)} bytes'}" for path, data in sorted(disk.items())
    )


def find_wrong_without_power(base: Base, wanted: Callable[[Fault | None], bool]) -> str | None:
    """The first thing that is wrong when power is lost then, or None."""
    try:
        for moment in moments(record(base)):
            if wanted(moment):
                try_power(base, moment)
    except Wrong as wrong:
        return str(wrong)
    return None
