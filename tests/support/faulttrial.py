"""Trials: a play with one fault in it, the restart after it, and everything that must be true then.

    base = prepare(folder, play)                # once
    effects = record(base)                      # the play undisturbed: every effect that it has
    for fault in faults(effects): try_fault(base, fault)

Rule: each trial begins on a fresh copy of the same files, with the same numbers and the same time, so that the n-th
effect is the same one in all of them. `try_fault` raises Wrong for what must not be.
"""

import errno
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filemanager.persistence.engine import open_database
from filestore.persistence.catalogue import open_catalogue
from tests.support.faultcallers import HOUR
from tests.support.faultchecks import check_left_alone, check_sight, check_structure, require
from tests.support.faultnotes import Notes
from tests.support.faultplays import Play
from tests.support.faultworld import DiskShelves, Shelves, StoreProcess, World, copied
from tests.support.stage import Deed, Effect, Fault, Gone, Stage, Stopped, Wrong
from tests.support.staged_files import StagedFiles
from tests.support.staged_sql import Staged
from vofiles.errors import VofilesError

_TAKES_ROOM = ("copy", "create", "write", "reserve", "fsync", "make", "link")
_folders = itertools.count()
MakeFiles = Callable[[Stage, StoreProcess], StagedFiles]


def _plain(stage: Stage, process: StoreProcess) -> StagedFiles:
    return StagedFiles(stage, process.name)


@dataclass
class Base:
    """A play's beginning."""

    play: Play
    folder: Path
    notes: Notes
    staged: Staged
    shelves: Shelves

    def world(self, folder: Path, stage: Stage, make_files: MakeFiles = _plain) -> World:
        return World(folder, stage, self.notes.copy(), self.staged, self.play.names, make_files, self.shelves)

    def fresh_folder(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-{next(_folders)}")


def prepare(folder: Path, play: Play, staged: Staged, shelves: Shelves | None = None) -> Base:
    """The files of a play's beginning, made by the services themselves."""
    folder.mkdir()
    open_database(f"sqlite:///{folder / 'manager.db'}").close()
    for name in play.names:
        (folder / name.authority).mkdir()
        open_catalogue(f"sqlite:///{folder / name.authority / 'catalogue.db'}").close()
    base = Base(play, folder, Notes(), staged, shelves or DiskShelves())
    world = World(folder, Stage(), base.notes, staged, play.names, shelves=base.shelves)
    world.start()
    play.prepare(world)
    world.stop()
    return base


def record(base: Base) -> list[Effect]:
    """The play undisturbed, with all that is checked after a fault. Raises Wrong."""
    stage = Stage()
    with copied(base.folder, base.fresh_folder()) as folder:
        world = base.world(folder, stage)
        world.start()
        try:
            stage.armed = True
            base.play.run(world)
            stage.armed = False
            _judge(world, base.play, repeat=False)
        finally:
            world.stop()
    return stage.trace


def faults(effects: Sequence[Effect], every: int = 1) -> Iterator[Fault]:
    """Everything that can go wrong at each effect, or at every so many of them.

    A statement that only reads, or whose transaction is still open, leaves nothing behind when its process stops: to
    stop anywhere among several of them is to stop after the last, and that is to stop before the commit where one
    follows. There the caller comes back one time, and the other it never does.
    """
    for at, effect in enumerate(effects):
        if at % every:
            continue
        if effect.leaves_nothing:
            if not _is_before_one_like_it(effects, at):
                yield Fault(at, Deed.STOP_BEFORE, wide=at % 2 == 0)
            continue
        for wide in (False, True):
            yield Fault(at, Deed.STOP_BEFORE, wide)
            yield Fault(at, Deed.STOP_AFTER, wide)
            if effect.kind == "commit":
                yield Fault(at - 1, Deed.STOP_AFTER, wide)
        yield from _failures(at, effect)


def _failures(at: int, effect: Effect) -> Iterator[Fault]:
    """What goes wrong at an effect while its process lives on, or half-way through it."""
    if effect.kind == "commit":
        yield Fault(at, Deed.FAIL_BEFORE)
        yield Fault(at, Deed.FAIL_BEFORE, error=errno.ENOSPC)
        yield Fault(at, Deed.FAIL_AFTER)
    elif effect.kind in {"file", "piece"}:
        yield Fault(at, Deed.FAIL_BEFORE)
        if effect.what.startswith(_TAKES_ROOM):
            yield Fault(at, Deed.FAIL_BEFORE, error=errno.ENOSPC)
    elif effect.kind == "call":
        for deed in (Deed.UNHEARD, Deed.UNANSWERED, Deed.TWICE):
            yield Fault(at, deed)
    if effect.what.startswith(("write", "copy")):
        yield Fault(at, Deed.STOP_HALF)
        yield Fault(at, Deed.SHORT)


def _is_before_one_like_it(effects: Sequence[Effect], at: int) -> bool:
    """Whether the next effect is of the same process, and leaves nothing either or commits it all."""
    if at + 1 == len(effects) or effects[at + 1].process != effects[at].process:
        return False
    return effects[at + 1].leaves_nothing or effects[at + 1].kind == "commit"


def try_fault(base: Base, fault: Fault) -> None:
    """The play with a fault in it, and what comes after. Raises Wrong."""
    stage = Stage(fault)
    with copied(base.folder, base.fresh_folder()) as folder:
        world = base.world(folder, stage)
        world.start()
        try:
            run_disturbed(world, base.play)
            require(stage.happened, "the play went another way: the fault did not happen")
            _recover(world, fault)
            # Between two effects there are two faults, after the first and before the second: one time the caller
            # comes back, the other it never does.
            _judge(world, base.play, repeat=fault.deed is not Deed.STOP_BEFORE)
        except Wrong as wrong:
            raise Wrong(f"{base.play}: {stage.trace[fault.at]} ({fault}): {wrong}") from wrong
        finally:
            world.stop()


def run_disturbed(world: World, play: Play) -> None:
    """The play, however far it comes. Raises Wrong where it fails without a fault."""
    world.stage.armed = True
    try:
        play.run(world)
    except (Gone, VofilesError, OSError, Stopped) as error:
        if not world.stage.happened:
            raise Wrong(f"it failed without a fault: {error!r}") from error
    finally:
        world.stage.armed = False


def _recover(world: World, fault: Fault) -> None:
    """Start what was stopped; after a failing disk an operator starts everything anew, after a full one nobody need."""
    if fault.deed in {Deed.FAIL_BEFORE, Deed.FAIL_AFTER} and fault.error != errno.ENOSPC:
        world.restart(*world.stage.processes)
    else:
        world.bury()
        world.start()
    if fault.error == errno.ENOSPC:
        world.tick()  # what could not be written down is tried again at the next turn
    check_structure(world)


def _judge(world: World, play: Play, *, repeat: bool) -> None:
    """What must be true after the restart, for who comes back and for who does not. Raises Wrong."""
    world.pump()
    check_structure(world)
    check_sight(world)
    if repeat:
        world.notes.attempts += 1
        try:
            play.run(world)
        except (Gone, VofilesError) as error:
            raise Wrong(f"repeating it fails: {error!r}") from error
        check_structure(world)
        check_sight(world)
    else:
        play.tidy(world)
    leave_alone(world)
    check_structure(world)
    check_left_alone(world)


def leave_alone(world: World) -> None:
    """Let the grace period pass, in which the services do what they do now and then."""
    for hours in (25, 25, 8 * 24):
        world.notes.move(hours * HOUR)
        world.tick()
        world.pump()


def find_wrong(base: Base, wanted: Callable[[Fault], bool], kind: str = "") -> str | None:
    """The first thing that is wrong with those faults, or with none at all; or None. `kind`: of effects."""
    try:
        effects = record(base)
        for fault in faults(effects):
            if wanted(fault) and kind in {"", effects[fault.at].kind}:
                try_fault(base, fault)
    except Wrong as wrong:
        return str(wrong)
    return None
