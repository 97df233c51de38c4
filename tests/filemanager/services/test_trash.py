"""The trash: what goes into it, what it costs, what becomes of transfers, what others see; the checker."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filemanager.config import StoreEntry, Terms
from filemanager.domain.caller import Caller
from filemanager.domain.node import Node
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from filemanager.remote.machine import SystemNumbers
from filemanager.services.check import CheckService
from filemanager.services.finding import path_of
from filemanager.services.rebuild import RebuildService
from filemanager.services.trashing import COUNTED
from tests.support.databases import server
from tests.support.filemanager import CAMBRIDGE, OPERATOR, World, below, store_of
from tests.support.localstores import SERVICE
from tests.support.statements import sent
from tests.support.trashing import dave, delete, names, trash, world
from tests.support.treedatabases import tree
from vofiles.contract import (
    Delete,
    ExportInit,
    GetUsage,
    ImportInit,
    NodeKind,
    PurgeTrash,
    Restore,
    TransferState,
)
from vofiles.errors import FolderNotEmpty, NodeNotFound, ParentNotFound
from vofiles.findings import Report
from vofiles.ivorn import LongIdentifier, new_number
from vofiles.names import NodeName

__all__ = ["dave", "sent", "server", "tree", "world"]


LONG = 30


def fill(world: World, caller: Caller, folder: LongIdentifier, number: int) -> None:
    """So many files in a folder, quickly."""

    def add(tx: Transaction) -> None:
        parent = tx.nodes.find_path(folder.node.number, folder.path)
        assert parent is not None
        now = world.watch.now()
        tx.nodes.add_nodes(
            [
                Node(
                    new_number(), NodeName(f"f{place}"), NodeKind.FILE, caller.account, now, now,
                    parent=parent.key, parent_number=parent.number,
                )
                for place in range(number)
            ]
        )  # fmt: skip

    world.database.write(add)


# --- bytes ---


def test_the_bytes_of_what_is_deleted_stay_and_all_checks_agree(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    files = [world.add_file(dave, name, folder) for name in "bc"]
    offers = [world.put(dave, file, b"12345") for file in files]
    delete(world, dave, files[0])
    delete(world, dave, folder)
    assert world.run_errands() == []
    assert all(world.stores[store_of(offer)].holds(offer.container) for offer in offers if offer.container)
    service = CheckService(world.desk.config, world.database, world.stores, world.watch)
    report = Report("x").add(service.check(OPERATOR, repair=True))
    assert report.findings == []
    assert (report.counted["replicas"], report.counted["bytes in the tree"]) == (2, 10)
    assert names(world, dave) == []
    world.desk.trash.purge_trash(dave, PurgeTrash())
    assert sorted(verb for verb, _ in world.run_errands()) == ["deleteContainer"] * 2
    assert not world.stores[CAMBRIDGE].containers()


def test_every_kept_version_counts_and_goes(tmp_path: Path) -> None:
    world = World(terms=Terms(keep_versions=2), default_store=CAMBRIDGE)
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    world.put(dave, file, b"123")
    world.put(dave, file, b"12345")
    delete(world, dave, file)
    assert trash(world, dave)[0].size == 8
    usage = world.desk.usages.get_usage(dave, GetUsage(world.home(dave)))
    assert (usage.trash_nodes, usage.trash_size, usage.size, usage.kept) == (1, 8, 0, 0)
    world.desk.trash.restore(dave, Restore(file.node))
    usage = world.desk.usages.get_usage(dave, GetUsage(world.home(dave)))
    assert (usage.trash_nodes, usage.trash_size, usage.size, usage.kept) == (0, 0, 5, 3)
    delete(world, dave, file, purge=True)
    world.run_errands()
    assert not world.stores[CAMBRIDGE].containers()


# --- transfers ---


def test_what_is_under_way_on_a_deleted_file_ends(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    delete(world, dave, file)
    answer = world.desk.transfers.get_transfer(dave, offer.transfer)
    assert (answer.transfer.state, answer.node) == (TransferState.CANCELLED, None)
    assert world.run_errands() == [("cancelTransfer", offer.transfer)]
    world.desk.trash.restore(dave, Restore(file.node))
    assert world.node(dave, file).version == 0


def test_what_comes_below_a_deleted_folder_is_there_when_it_is_restored(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    file = world.add_file(dave, "b", folder)
    offer = world.offer(dave, file)
    delete(world, dave, folder)
    assert trash(world, dave)[0].size == 0
    world.send(offer, b"12345")
    world.stores.deliver(world.desk)
    answer = world.desk.transfers.get_transfer(dave, offer.transfer)
    assert (answer.transfer.state, answer.node) == (TransferState.COMPLETED, None)
    assert trash(world, dave)[0].size == 5
    world.desk.trash_upkeep.sweep()
    assert trash(world, dave)[0].size == 5
    world.desk.trash.restore(dave, Restore(folder.node))
    assert world.get(dave, file) == b"12345"
    assert world.desk.transfers.get_transfer(dave, offer.transfer).node == world.node(dave, file)


class Between:
    """A database with something that happens right before the next write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.read = database.read
        self.close = database.close
        self.happen: Any = None

    def write(self, fn: Any) -> Any:
        happen, self.happen = self.happen, None
        if happen is not None:
            happen()
        return self._database.write(fn)


def test_a_transfer_does_not_begin_on_what_has_just_been_deleted() -> None:
    between = Between(MemoryDatabase())
    world = World(between, default_store=CAMBRIDGE)
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    for begin in (
        lambda: world.desk.imports.import_init(dave, ImportInit(file)),
        lambda: world.desk.exports.export_init(dave, ExportInit(file)),
    ):
        between.happen = lambda: delete(world, dave, file)
        with pytest.raises(NodeNotFound):
            begin()
        world.desk.trash.restore(dave, Restore(file.node))
    assert world.get(dave, file) == b"one"


# --- what it costs ---


def test_a_folder_goes_and_comes_back_in_as_many_statements_whatever_is_in_it(
    tmp_path: Path, sent: Counter[str]
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    world = World(database)
    dave = world.add_account("dave")
    delete(world, dave, world.add_file(dave, "the trash is made"))
    told = []
    for number in (1, 5000):
        folder = world.add_folder(dave, f"of {number}")
        fill(world, dave, folder, number)
        counts = []
        for deed in (lambda: delete(world, dave, folder), lambda: world.desk.trash.restore(dave, Restore(folder.node))):  # noqa: B023
            sent.clear()
            deed()
            counts.append(Counter(sent))
        told.append(counts)
    assert told[0] == told[1]
    assert told[0][0].total() < 40
    database.close()


def test_what_is_too_much_to_count_at_once_is_counted_by_who_asks_and_by_the_upkeep(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    fill(world, dave, folder, COUNTED)
    delete(world, dave, folder)

    def noted() -> int | None:
        found = world.database.read(lambda tx: tx.trash.find_entry(folder.node.number))
        assert found is not None
        return found.files

    assert noted() is None
    assert trash(world, dave)[0].files == COUNTED
    world.desk.trash_upkeep.sweep()
    assert noted() == COUNTED
    assert trash(world, dave)[0].files == COUNTED


# --- several at once ---


def test_deleting_restoring_and_adding_at_once_lose_nothing(tree: Database) -> None:
    world = World(tree)
    dave = world.add_account("dave")
    folders = [world.add_folder(dave, f"d{number}") for number in range(4)]
    barrier = threading.Barrier(8)

    def come_and_go(folder: LongIdentifier) -> None:
        barrier.wait(LONG)
        for _ in range(5):
            world.desk.deletions.delete(dave, Delete(folder, recursive=True))
            world.desk.trash.restore(dave, Restore(folder.node))

    def add(folder: LongIdentifier) -> int:
        added = 0
        barrier.wait(LONG)
        for number in range(10):
            try:
                world.add_file(dave, f"f{number}", folder)
            except ParentNotFound:
                continue
            added += 1
        return added

    with ThreadPoolExecutor(8) as pool:
        going = [pool.submit(come_and_go, folder) for folder in folders]
        adding = [pool.submit(add, folder) for folder in folders]
        for future in going:
            future.result(LONG)
        added = sum(future.result(LONG) for future in adding)
    usage = world.desk.usages.get_usage(dave, GetUsage(world.home(dave)))
    assert (usage.folders, usage.files, usage.trash_nodes) == (5, added, 0)
    assert trash(world, dave) == ()


def test_an_empty_folder_that_goes_takes_nothing_with_it(tree: Database) -> None:
    """Nobody's new file disappears in a folder that was deleted because it was empty."""
    world = World(tree)
    dave = world.add_account("dave")
    for number in range(10):
        folder = world.add_folder(dave, f"d{number}")
        barrier = threading.Barrier(2)

        def go(folder: LongIdentifier = folder, barrier: threading.Barrier = barrier) -> str:
            barrier.wait(LONG)
            try:
                world.desk.deletions.delete(dave, Delete(folder))
            except FolderNotEmpty:
                return "refused"
            return "done"

        def add(folder: LongIdentifier = folder, barrier: threading.Barrier = barrier) -> str:
            barrier.wait(LONG)
            try:
                world.add_file(dave, "x", folder)
            except ParentNotFound:
                return "refused"
            return "done"

        with ThreadPoolExecutor(2) as pool:
            outcomes = [future.result(LONG) for future in (pool.submit(go), pool.submit(add))]
        assert sorted(outcomes) == ["done", "refused"]


# --- what stores are told, and told by ---


def test_what_is_in_the_trash_is_called_as_it_was(world: World, dave: Caller) -> None:
    """A store that gets its content from another one is told where it was, should a tree ever have to be rebuilt."""
    folder = world.add_folder(dave, "a b")
    inner = world.add_folder(dave, "c", folder)
    file = world.add_file(dave, "d.vot", inner)

    def called(*nodes: LongIdentifier) -> list[LongIdentifier]:
        found = world.database.read(lambda tx: [tx.nodes.find_node(node.node.number) for node in nodes])
        return world.database.read(lambda tx: [path_of(tx, SERVICE, node) for node in found if node is not None])

    before = called(folder, inner, file)
    assert before[2] == below(world.home(dave), "a b/c/d.vot")
    delete(world, dave, inner)
    assert called(folder, inner, file) == before
    delete(world, dave, folder)
    assert called(folder, inner, file) == before
    world.desk.trash.restore(dave, Restore(folder.node, name="e"))
    assert called(folder, inner) == [below(world.home(dave), "e"), before[1]]


def test_rebuilding_brings_what_came_meanwhile_to_what_is_in_the_trash() -> None:
    """A database that was put back from a copy has a file in the trash, and its store a newer content of it."""
    world = World(default_store=CAMBRIDGE)
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    delete(world, dave, file)
    copy = world.database
    assert isinstance(copy, MemoryDatabase)
    world.database = MemoryDatabase()
    world.database._state = copy._state
    world.desk = world.make_desk()
    world.desk.trash.restore(dave, Restore(file.node))
    world.watch.seconds += 1
    world.put(dave, file, b"newer")
    world.database = copy
    world.desk = world.make_desk()
    config = replace(world.desk.config, stores=(StoreEntry(CAMBRIDGE, "http://x", ()),))
    service = RebuildService(config, copy, world.stores, world.watch, SystemNumbers())
    assert Report("x").add(service.rebuild(OPERATOR, service.holdings())).findings == []
    (entry,) = trash(world, dave)
    assert (entry.node.version, entry.size) == (2, 8)
    world.desk.trash.restore(dave, Restore(file.node))
    assert world.get(dave, file) == b"newer"
