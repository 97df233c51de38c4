"""`check` of a FileManager: clean where all is well, whatever is under way; what can be wrong in the tree itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from filemanager.config import Config
from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from filemanager.persistence.engine import SqlTransaction, open_database
from filemanager.ports import Transaction
from filemanager.services import check_stores, check_tree
from tests.support.checking import GRACE, Found, container_of, dave, found, lose, orphan, report, service, world
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, World, store_of
from tests.support.localstores import SERVICE
from vofiles.contract import (
    CancelTransfer,
    Delete,
    ExportInit,
    TransferState,
)
from vofiles.errors import InvalidArgument, PermissionDenied
from vofiles.findings import Finding, Repair, Report
from vofiles.ivorn import Ivorn

__all__ = ["dave", "world"]


def test_a_tree_in_use_is_clean(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "solar-project")
    kept = world.add_file(dave, "a", folder)
    world.put(dave, kept, b"one")
    world.put(dave, kept, b"two", store=LEICESTER)  # a rewrite; the errand for the old bytes is still to run
    world.offer(dave, kept)  # an open import
    rewritten = world.add_file(dave, "b", folder)
    world.put(dave, rewritten, b"one")
    world.send(world.offer(dave, rewritten), b"two")  # its callback has not been delivered
    world.desk.exports.export_init(dave, ExportInit(kept))
    deleted = world.add_file(dave, "c", folder)
    world.put(dave, deleted, b"three")
    offer = world.offer(dave, deleted)
    world.desk.deletions.delete(dave, Delete(deleted, purge=True))  # two errands are still to run
    assert store_of(offer) == CAMBRIDGE
    made = report(world)
    assert made.findings == []
    assert made.next is None
    assert (made.counted["nodes"], made.counted["accounts"], made.counted["replicas"]) == (4, 1, 2)
    assert made.counted["bytes in the tree"] == 6
    world.run_errands()
    world.stores.deliver(world.desk)
    world.run_errands()
    assert report(world).findings == []


def test_only_operators_check(world: World, dave: Caller) -> None:
    with pytest.raises(PermissionDenied):
        service(world).check(dave)


# --- what is late, and what contradicts itself ------------------------------------------------------------------------


def test_a_transfer_that_nobody_looks_after(world: World, dave: Caller) -> None:
    offer = world.offer(dave, world.add_file(dave, "a"))
    world.watch.seconds += world.terms.transfer_lifetime + GRACE
    assert found(world) == []
    world.watch.seconds += 1
    assert found(world) == [(kinds.STUCK, offer.transfer, Repair.NONE)]
    world.desk.transfers.sweep()
    world.run_errands()
    assert [each for each in found(world) if each[0] == kinds.STUCK] == []


def test_an_errand_that_cannot_be_done(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    world.watch.seconds += GRACE
    assert found(world) == []
    world.watch.seconds += 1
    assert found(world) == [(kinds.UNDELIVERED, str(container), Repair.NONE)]


def test_an_outcome_that_contradicts_the_tree(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.put(dave, file, b"one")

    def edit(tx: Transaction) -> None:
        held = tx.transfers.find_transfer(offer.transfer)
        assert held is not None
        tx.transfers.save_transfer(replace(held, state=TransferState.FAILED))

    world.database.write(edit)
    assert found(world) == [(kinds.CONTRADICTED, offer.transfer, Repair.NONE)]


def test_a_completed_import_whose_version_is_gone(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.put(dave, file, b"one")

    def edit(tx: Transaction) -> None:
        replica = tx.census.replicas_in([container_of(offer)])[container_of(offer)]
        node = tx.nodes.find_node(file.node.number)
        assert node is not None
        tx.contents.delete_version(replica.version)
        tx.nodes.save_node(replace(node, version=0))

    world.database.write(edit)
    kinds_found = {each[0] for each in found(world)}
    assert kinds_found == {kinds.CONTRADICTED, kinds.ORPHAN}


def test_a_version_without_a_replica_or_a_node_of_another_version(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    node = world.database.read(lambda tx: tx.nodes.find_node(file.node.number))
    assert node is not None
    world.database.write(lambda tx: tx.nodes.save_node(replace(node, version=7)))
    assert found(world) == [(kinds.WRONG_VERSION, str(file), Repair.NONE)]


def test_cancelling_leaves_nothing(world: World, dave: Caller) -> None:
    offer = world.offer(dave, world.add_file(dave, "a"))
    world.desk.transfers.cancel_transfer(dave, CancelTransfer(offer.transfer).transfer)
    assert found(world) == []


# --- the tree by itself -----------------------------------------------------------------------------------------------


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Callable[[str], Found]]:
    """A tree that somebody has edited: answers what is found after a statement."""
    database = open_database(f"sqlite:///{tmp_path / 'broken.db'}")
    made = World(database)
    dave = made.add_account("dave")
    made.add_account("eve")
    folder = made.add_folder(dave, "folder")
    made.add_folder(dave, "below", folder)
    made.add_file(dave, "file")
    made.put(dave, made.add_file(dave, "written"), b"one")
    made.desk.deletions.delete(dave, Delete(made.add_folder(dave, "thrown away")))

    def edit(statement: str) -> Found:
        def run(tx: SqlTransaction) -> None:
            tx.census._connection.execute(text(statement))

        database.write(run)
        return [(each.kind, each.subject, each.repair) for each in report(made).findings]

    assert report(made).findings == []
    yield edit
    database.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE nodes SET parent = (SELECT key FROM nodes WHERE name = 'below') WHERE name = 'folder'", [kinds.CYCLE]),
        (
            "UPDATE nodes SET parent = (SELECT key FROM nodes WHERE name = 'file') WHERE name = 'below'",
            [kinds.BELOW_A_FILE],
        ),
        ("UPDATE nodes SET name = 'a/b' WHERE name = 'file'", [kinds.WRONG_NAME]),
        ("DELETE FROM trashed", [kinds.WRONG_TRASH]),
        (
            "UPDATE nodes SET parent = (SELECT key FROM nodes WHERE name = 'folder') WHERE name = number",
            [kinds.WRONG_TRASH],
        ),
        (
            "UPDATE nodes SET parent = (SELECT key FROM nodes WHERE kind = 'TRASH') WHERE name = 'written'",
            [kinds.WRONG_TRASH],
        ),
        (
            "UPDATE nodes SET kind = 'TRASH' WHERE number = (SELECT home FROM accounts WHERE name = 'eve')",
            [kinds.NO_HOME],
        ),
        (
            "UPDATE nodes SET owner = (SELECT key FROM accounts WHERE name = 'eve') WHERE name = 'file'",
            [kinds.OTHER_OWNER],
        ),
        ("UPDATE accounts SET home = 'elsewhere' WHERE name = 'eve'", [kinds.STRAY_ROOT, kinds.NO_HOME]),
        (
            "UPDATE accounts SET home = (SELECT number FROM nodes WHERE name = 'folder') WHERE name = 'eve'",
            [kinds.STRAY_ROOT, kinds.NO_HOME],
        ),
        ("DELETE FROM content_versions", [kinds.WRONG_VERSION, kinds.ORPHAN]),
        ("DELETE FROM replicas", [kinds.NO_REPLICA, kinds.ORPHAN]),
        ("UPDATE nodes SET version = 1 WHERE name = 'file'", [kinds.WRONG_VERSION]),
        ("UPDATE nodes SET kind = 'FOLDER' WHERE name = 'written'", [kinds.WRONG_VERSION]),
        ("UPDATE transfers SET receipt = NULL", [kinds.CONTRADICTED]),
    ],
)
def test_each_fault_of_a_tree_is_seen(broken: Callable[[str], Found], statement: str, expected: list[str]) -> None:
    seen = [kind for kind, _, _ in broken(statement)]
    assert list(dict.fromkeys(seen)) == expected


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_check_goes_on_where_it_was_stopped(world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_stores, "PAGE", 3)
    monkeypatch.setattr(check_tree, "PAGE", 3)
    containers = [
        container_of(world.put(dave, world.add_file(dave, f"f{number}"), b"x", store=store))
        for number in range(10)
        for store in [CAMBRIDGE if number % 3 else LEICESTER]
    ]
    for container in containers[::2]:
        lose(world, container)
    wrong = [orphan(world, dave), *containers[::2]]
    whole = report(world)
    assert sorted(each.subject for each in whole.findings) == sorted(map(str, wrong))
    seen: list[Finding] = []
    after: str | None = None
    steps = 0
    while True:
        part = Report("x").add(service(world).check(OPERATOR, after), limit=1)
        seen += part.findings
        after, steps = part.next, steps + 1
        if after is None:
            break
    assert seen == whole.findings
    assert steps > 12


@pytest.mark.parametrize("after", ["", "nowhere:1", "nodes:x", "stores:ivo://nowhere.org/filestore#abcd", "stores:x"])
def test_a_cursor_that_is_none_is_refused(world: World, after: str) -> None:
    with pytest.raises(InvalidArgument):
        Report("x").add(service(world).check(OPERATOR, after))


def test_a_store_that_lists_out_of_order_is_not_believed(world: World, dave: Caller) -> None:
    world.put(dave, world.add_file(dave, "a"), b"one")
    world.put(dave, world.add_file(dave, "b"), b"one")
    true = world.stores.list_containers

    def lie(store: Ivorn, after: str, limit: int, within: float) -> object:
        answer = true(store, after, limit, within)
        return replace(answer, holdings=answer.holdings[::-1])

    world.stores.list_containers = lie  # type: ignore[method-assign,assignment]
    assert found(world, repair=True) == [(kinds.UNVERIFIED, str(CAMBRIDGE), Repair.NONE)]


def test_the_configuration_says_how_long_the_grace_is() -> None:
    config = Config(SERVICE, (COMMUNITY,), "sqlite:///unused")
    assert config.terms.grace == 7 * 86_400
