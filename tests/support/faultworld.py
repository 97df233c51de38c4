"""A FileManager and its stores as processes on a stage: real services over SQLite files and a disk, wired to each other
directly, with callers who remember what they were told.

    with staged_engines() as staged:
        world = World(folder, Stage(fault), notes, staged)      # assembles every process from what the folder holds
        world.start()
        …
        world.stop()                                            # forgets all that is in memory

Rule: nothing happens by itself. Callbacks, errands, the stores' own movements and what time ends run when `pump` and
`tick` say so. A process is assembled as its `assembly` does it, without a network and without threads of its own.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar

from filemanager.config import Config, StoreEntry
from filemanager.persistence.engine import SqlTransaction
from filemanager.ports import Transaction
from filemanager.remote import errands
from filemanager.remote.errands import ErrandTable
from filemanager.services.desk import Desk, keep_stores, make_desk
from filestore.backends.disk import DiskBackend
from filestore.domain.terms import Terms as StoreTerms
from filestore.domain.ticket import Tickets
from filestore.persistence.catalogue import SqlRecords
from filestore.persistence.letters import CallbackTable, Told, carry
from filestore.ports import Backend, Outgoing, Records
from filestore.services import moves
from filestore.services.expiry import expire_due
from filestore.services.lane import Lane
from filestore.services.store import Store
from filestore.services.sweep import Swept, sweep
from tests.support.faultnotes import HOST, MANAGER, NotedClock, NotedNumbers, Notes
from tests.support.faultwires import Callbacks, Wires, fetch_offered
from tests.support.filemanager import COMMUNITY, ONE_VERSION, FastPasswords
from tests.support.filestore_core import MemoryWeb
from tests.support.localstores import SERVICE
from tests.support.stage import Gone, Stage, Stopped, Wrong
from tests.support.staged_files import StagedFiles
from tests.support.staged_sql import Staged, StagedDatabase
from vofiles.errors import (
    SourceUnreachable,
    Unexpected,
    VofilesError,
)
from vofiles.ivorn import Ivorn
from vofiles.serving.database import Database
from vofiles.serving.letters import Deliver, Delivery, Letter, OutboxTable, Outcome, singly

R = TypeVar("R")


class Reminders(Lane):
    """The lane without threads: what was put is moved when `run` is called."""

    def __init__(self, work: Callable[[str], None]) -> None:
        super().__init__(work, threads=0)
        self._put: list[str] = []

    def put(self, peer: str, transfer: str) -> None:
        del peer
        if transfer not in self._put:
            self._put.append(transfer)

    def run(self) -> int:
        """Move what waits; answers how many."""
        waiting, self._put = self._put, []
        for transfer in waiting:
            self._work(transfer)
        return len(waiting)


class Kept(Protocol):
    """What is kept under one name."""

    def read_bytes(self) -> bytes: ...
    def read_text(self) -> str: ...


class Shelves(Protocol):
    """Where stores have their contents."""

    def backend(self, process: "StoreProcess") -> Backend:
        """For a store that starts."""

    def kept(self, process: "StoreProcess") -> Mapping[str, Kept]:
        """All that there is of a store's contents, by name, past the store."""


class DiskShelves:
    """Each in its folder."""

    def backend(self, process: "StoreProcess") -> Backend:
        return DiskBackend(process.folder / "contents", process.files)

    def kept(self, process: "StoreProcess") -> Mapping[str, Kept]:
        return {path.name: path for path in (process.folder / "contents").rglob("*") if path.is_file()}


class StoreProcess:
    """One store, from its start to its end."""

    def __init__(self, world: "World", identifier: Ivorn) -> None:
        self.name = str(identifier)
        self.identifier = identifier
        self.folder = world.folder / identifier.authority
        notes, stage = world.notes, world.stage
        self._notes, self.stage = notes, stage
        path = self.folder / "catalogue.db"
        world.staged[str(path)] = (stage, self.name)
        self.files, self._shelves = world.make_files(self), world.shelves
        self.catalogue = StagedDatabase(stage, self.name, Database[Records](f"sqlite:///{path}", SqlRecords, readers=1))
        self.lane = Reminders(lambda transfer: moves.run(self.store, self.web, transfer))
        self.web = MemoryWeb(
            notes.pages,
            on_piece=lambda number: stage.effect(
                self.name,
                "piece",
                f"piece {number} of a body",
                lambda: None,
                failure=lambda error: SourceUnreachable("it"),
            ),
            offered=lambda remote: fetch_offered(world, self, remote),
        )
        self._sender = Callbacks(world, self)
        self.closing: list[Callable[[], None]] = []
        """What else is to be called at its end."""
        try:
            self._open(notes)
        except BaseException:
            self.end()
            raise

    def _open(self, notes: Notes) -> None:
        self.store = Store(
            self.identifier,
            self.catalogue,
            self._shelves.backend(self),
            lambda: notes.now,
            notes.number,
            StoreTerms(reserve=0),
            Tickets(self.name.encode().ljust(32, b".")),
            lambda token: HOST + token,
            lambda: None,
        )
        self._table = CallbackTable(self.store)
        self._delivery = delivery_of(self._table, self._deliver, notes)
        self.swept: Swept = sweep(self.store)
        moves.resume(self.store, self.lane)

    def _deliver(self, letters: Sequence[Letter[Outgoing]]) -> Iterator[list[Told]]:
        return carry(self.store, self._sender, letters)

    def kept(self) -> Mapping[str, Kept]:
        """All that there is of its contents, by name."""
        return self._shelves.kept(self)

    def pump(self) -> int:
        """Move and tell all that waits; answers how much that was."""
        return self.lane.run() + deliver_due(self._delivery, self._notes)

    def tick(self) -> None:
        """End what time ends, and take up what was held up."""
        expire_due(self.store)
        moves.resume(self.store, self.lane)

    def end(self) -> None:
        """The process is no more."""
        for close in self.closing:
            close()
        self.catalogue.close()
        self.files.close_all()


class ManagerProcess:
    """The FileManager, from its start to its end."""

    def __init__(self, world: "World") -> None:
        notes, stage = world.notes, world.stage
        path = world.folder / "manager.db"
        world.staged[str(path)] = (stage, MANAGER)
        self._notes, clock = notes, NotedClock(notes)
        entries = tuple(StoreEntry(each, "http://127.0.0.1:9/filestore", ()) for each in world.names)
        config = Config(SERVICE, (COMMUNITY,), f"sqlite:///{path}", world.names[0], stores=entries, terms=ONE_VERSION)
        self.database = StagedDatabase(stage, MANAGER, Database(f"sqlite:///{path}", SqlTransaction, readers=1))
        wires = Wires(world)
        try:
            keep_stores(config, self.database)
            self.desk: Desk = make_desk(config, self.database, wires, self, clock, NotedNumbers(notes), FastPasswords())
            self._begin_jobs()
            self._table = ErrandTable(self.database)
            self._delivery = delivery_of(self._table, singly(lambda each: errands.carry(wires, each.body, 1.0)), notes)
        except BaseException:
            self.end()
            raise

    def wake(self) -> None:
        """As an ErrandSender; errands go when `pump` is called."""

    def _begin_jobs(self) -> None:
        self.desk.runner.recover()
        if not self.database.read(lambda tx: tx.standing.open_jobs()):
            self.desk.runner.wait(0)  # takes back the first look, so that a play without jobs has none of its effects

    def pump(self) -> int:
        runner = self.desk.runner
        stepped = 0
        if runner._woken:  # what its thread waits for
            runner.wait(0)
            stepped = runner.run_all()
        return stepped + deliver_due(self._delivery, self._notes)

    def tick(self) -> None:
        self.desk.runner.wake()
        self.desk.trash_upkeep.sweep()
        self.desk.retention.sweep()
        while self.desk.transfers.sweep():
            if not self._is_behind():
                return

    def _is_behind(self) -> bool:
        def look(tx: Transaction) -> bool:
            return bool(tx.transfers.due_transfers(self._notes.now, 1))

        return self.database.read(look)

    def end(self) -> None:
        self.database.close()


Process = ManagerProcess | StoreProcess


class World:
    """Everything, in one folder."""

    def __init__(
        self,
        folder: Path,
        stage: Stage,
        notes: Notes,
        staged: Staged,
        names: tuple[Ivorn, ...],
        make_files: Callable[[Stage, StoreProcess], StagedFiles] = lambda stage, process: StagedFiles(
            stage, process.name
        ),
        shelves: Shelves | None = None,
    ) -> None:
        self.folder, self.stage, self.notes, self.staged, self.names = folder, stage, notes, staged, names
        self._make_files = make_files
        self.shelves: Shelves = shelves or DiskShelves()
        self._processes: dict[str, Process] = {}
        stage.processes = (MANAGER, *map(str, names))

    def make_files(self, process: StoreProcess) -> StagedFiles:
        return self._make_files(self.stage, process)

    def start(self) -> None:
        """Start whatever does not run, the stores first. Raises Stopped."""
        for name in self.names:
            if str(name) not in self._processes:
                self._processes[str(name)] = StoreProcess(self, name)
        if MANAGER not in self._processes:
            self._processes[MANAGER] = ManagerProcess(self)

    def bury(self) -> None:
        """Forget what stopped processes had in memory."""
        for name in sorted(self.stage.dead):
            process = self._processes.pop(name, None)
            if process is not None:
                process.end()
        self.stage.dead.clear()

    def restart(self, *names: str) -> None:
        """Stop processes in whatever they do, and start all that do not run."""
        self.stage.dead.update(names)
        self.bury()
        self.start()

    def stop(self) -> None:
        """End every process."""
        self.stage.dead.update(self._processes)
        self.bury()

    @property
    def manager(self) -> ManagerProcess:
        process = self._processes[MANAGER]
        assert isinstance(process, ManagerProcess)
        return process

    @property
    def desk(self) -> Desk:
        return self.manager.desk

    def store(self, identifier: Ivorn) -> StoreProcess:
        process = self._processes[str(identifier)]
        assert isinstance(process, StoreProcess)
        return process

    @property
    def stores(self) -> list[StoreProcess]:
        return [self.store(name) for name in self.names]

    def is_dead(self, name: str) -> bool:
        return name in self.stage.dead or name not in self._processes

    def visit(self, process: str, work: Callable[[], R]) -> R:
        """What a caller hears from a process. Raises Gone where that stops, and what it answers."""
        if self.is_dead(process):
            raise Gone(process)
        try:
            result = work()
        except Stopped as stopped:
            raise Gone(process) from stopped
        except Exception as error:
            if self.is_dead(process):
                raise Gone(process) from error
            if isinstance(error, VofilesError | Gone):
                raise
            raise Unexpected(process) from error
        if self.is_dead(process):
            raise Gone(process)
        return result

    def pump(self) -> None:
        """Callbacks, errands and movements, until nothing waits that can be done. Stops with whoever is stopped."""
        for _ in range(20):
            if not sum(self._within(process, process.pump) for process in self._in_order()):
                return
        raise Wrong("callbacks and errands do not come to an end")

    def tick(self) -> None:
        """Do what each process does now and then."""
        for process in self._in_order():
            self._within(process, process.tick)

    def _in_order(self) -> list[Process]:
        return list(self._processes.values())

    def _within(self, process: Process, work: Callable[[], R]) -> R | int:
        name = MANAGER if isinstance(process, ManagerProcess) else process.name
        try:
            return self.visit(name, work)
        except Gone:
            return 0
        except VofilesError:
            # As its thread does: the next turn may do better.
            if not (self.stage.armed and self.stage.happened):
                raise
            return 0


def delivery_of(table: OutboxTable[Any], deliver: Deliver[Any], notes: Notes) -> Delivery[Any]:
    """What an outbox's threads do, for `deliver_due`."""

    def count(letters: Sequence[Letter[Any]]) -> Iterator[Sequence[Outcome[Any]]]:
        for outcomes in deliver(letters):
            notes.settled += sum(error is None for _, error in outcomes)
            yield outcomes

    def refused(letter: Letter[Any], error: VofilesError) -> None:
        notes.settled += 1
        notes.given_up.append(f"{letter.body}: {error!r}")

    return Delivery(table, count, clock=lambda: notes.now, refused=refused, jitter=lambda: 0.0)


def deliver_due(delivery: Delivery[Any], notes: Notes) -> int:
    """One attempt at every letter that is due, those to one peer in company; answers how many were settled."""
    before = notes.settled
    due = sorted(delivery.table.due(notes.now, 100, ()), key=lambda letter: letter.peer)
    for _, company in groupby(due, key=lambda letter: letter.peer):
        for _ in delivery.settle(list(company)):
            pass
    return notes.settled - before


@contextmanager
def copied(base: Path, folder: Path) -> Iterator[Path]:
    """A fresh copy of a state, removed at the end."""
    shutil.copytree(base, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
