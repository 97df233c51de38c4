"""`check` of a FileManager over real stores' services: clean where all is well, whatever is under way; and it sees each
thing that can be wrong between tree and stores.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from filemanager.config import Config, Terms
from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from filemanager.domain.change import ChangeOperation
from filemanager.domain.replica import ReplicaState
from filemanager.persistence.engine import SqlTransaction, open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from filemanager.services import check_stores, check_tree
from filemanager.services.check import CheckService
from filestore.domain.container import Container, Content
from filestore.services import imports
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, SERVICE, World, store_of
from vofiles.contract import (
    CancelTransfer,
    ContainerState,
    Delete,
    Digest,
    ExportInit,
    Receipt,
    StoreImportInit,
    Transfer,
    TransferState,
)
from vofiles.errors import ContentNotFound, InvalidArgument, PermissionDenied
from vofiles.findings import Finding, Repair, Report
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier, new_number

GRACE = 1000
Found = list[tuple[str, str, str]]


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database: Database = (
        MemoryDatabase() if request.param == "memory" else open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    )
    yield World(database, terms=Terms(grace=GRACE, keep_versions=1), default_store=CAMBRIDGE)
    database.close()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def service(world: World) -> CheckService:
    return CheckService(world.desk.config, world.database, world.stores, world.watch)


def report(world: World, *, repair: bool = False) -> Report:
    return Report("x").add(service(world).check(OPERATOR, repair=repair))


def found(world: World, *, repair: bool = False) -> Found:
    return [(each.kind, each.subject, each.repair) for each in report(world, repair=repair).findings]


def container_of(transfer: Transfer) -> Ivorn:
    assert transfer.container is not None
    return transfer.container


def lose(world: World, container: Ivorn) -> None:
    """The store has no such container any more."""
    local = world.stores[container.service]
    local.store.catalogue.write(lambda records: records.delete_container(container.fragment))
    local.backend.delete(container.fragment)


def change(world: World, container: Ivorn, edit: Callable[[Container], Container]) -> None:
    """The store has the container otherwise."""

    def save(records: object) -> None:
        held = records.find_container(container.fragment)  # type: ignore[attr-defined]
        records.set_container(edit(held))  # type: ignore[attr-defined]

    world.stores[container.service].store.catalogue.write(save)


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


# --- what the tree has and a store has not ----------------------------------------------------------------------------


def test_a_missing_container_is_reported_marked_and_never_deleted(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    lose(world, container)
    assert found(world) == [(kinds.MISSING, str(container), Repair.POSSIBLE)]
    assert found(world, repair=True) == [(kinds.MISSING, str(container), Repair.DONE)]
    node = world.node(dave, file)
    assert (node.version, node.size) == (1, 3)
    assert "filestore.location.state" in {each.key for each in node.properties if each.value == ReplicaState.LOST}
    assert world.changes()[-1] == ChangeOperation.MARK
    with pytest.raises(ContentNotFound):
        world.get(dave, file)
    # It stays a finding for as long as it is so, and is marked once.
    assert found(world, repair=True) == [(kinds.MISSING, str(container), Repair.NONE)]
    assert world.changes().count(ChangeOperation.MARK) == 1


def test_what_was_lost_and_is_there_again(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    replica = world.database.read(lambda tx: tx.census.replicas_in([container]))[container]
    world.database.write(lambda tx: tx.census.mark_replica(replica.key, ReplicaState.LOST))
    assert found(world) == [(kinds.FOUND_AGAIN, str(container), Repair.POSSIBLE)]
    assert found(world, repair=True) == [(kinds.FOUND_AGAIN, str(container), Repair.DONE)]
    assert found(world) == []
    assert world.get(dave, file) == b"one"


def _smaller(held: Container) -> Container:
    assert held.content is not None
    return replace(held, content=Content(2, held.content.digests))


def _other_bytes(held: Container) -> Container:
    assert held.content is not None
    return replace(held, content=Content(3, (Digest("xxh3-128", "0" * 32),)))


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (_smaller, kinds.WRONG_SIZE),
        (_other_bytes, kinds.WRONG_DIGEST),
        (lambda held: replace(held, state=ContainerState.RECEIVING), kinds.INCOMPLETE),
    ],
)
def test_a_container_that_is_not_what_the_tree_has(
    world: World, dave: Caller, edit: Callable[[Container], Container], kind: str
) -> None:
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    change(world, container, edit)
    assert found(world) == [(kind, str(container), Repair.POSSIBLE)]
    assert found(world, repair=True) == [(kind, str(container), Repair.DONE)]
    replica = world.database.read(lambda tx: tx.census.replicas_in([container]))[container]
    assert replica.state == ReplicaState.SUSPECT
    assert found(world, repair=True) == [(kind, str(container), Repair.NONE)]


def test_one_that_is_suspect_stays_so(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    replica = world.database.read(lambda tx: tx.census.replicas_in([container]))[container]
    world.database.write(lambda tx: tx.census.mark_replica(replica.key, ReplicaState.SUSPECT))
    assert found(world, repair=True) == [(kinds.SUSPECT, str(container), Repair.NONE)]


def test_a_container_made_for_another_node(world: World, dave: Caller) -> None:
    one = container_of(world.put(dave, world.add_file(dave, "a"), b"one"))
    change(world, one, lambda held: replace(held, identifier=NodeIdentifier(SERVICE, new_number())))
    assert found(world, repair=True) == [(kinds.OTHER_NODE, str(one), Repair.NONE)]


def test_a_store_that_cannot_be_seen_is_no_clean_one(world: World, dave: Caller) -> None:
    world.put(dave, world.add_file(dave, "a"), b"one")
    lost = container_of(world.put(dave, world.add_file(dave, "b"), b"one", store=LEICESTER))
    lose(world, lost)
    world.stores[CAMBRIDGE].down = True
    # The others are looked at all the same; one that nothing is in does not matter.
    assert found(world) == [
        (kinds.UNVERIFIED, str(CAMBRIDGE), Repair.NONE),
        (kinds.MISSING, str(lost), Repair.POSSIBLE),
    ]


# --- what a store has and the tree has not ----------------------------------------------------------------------------


def orphan(world: World, dave: Caller) -> Ivorn:
    """A container with bytes, of a transfer that failed here, and whose callback was acknowledged."""
    offer = world.put(dave, world.add_file(dave, new_number()), b"one")
    container = container_of(offer)

    def forget(tx: Transaction) -> None:
        replica = tx.census.replicas_in([container])[container]
        tx.contents.delete_version(replica.version)
        node = tx.nodes.find_key(world_node(tx, offer))
        assert node is not None
        tx.nodes.delete_node(node.key)

    world.database.write(forget)
    return container


def world_node(tx: Transaction, offer: Transfer) -> int:
    held = tx.transfers.find_transfer(offer.transfer)
    assert held is not None
    assert held.node is not None
    return held.node


def test_an_orphan_is_reclaimed_when_seen_twice_over_the_grace_period(world: World, dave: Caller) -> None:
    container = orphan(world, dave)
    assert found(world, repair=True) == [(kinds.ORPHAN, str(container), Repair.LATER)]
    world.watch.seconds += GRACE
    assert found(world, repair=True) == [(kinds.ORPHAN, str(container), Repair.LATER)]
    world.watch.seconds += 1
    assert found(world) == [(kinds.ORPHAN, str(container), Repair.POSSIBLE)]
    assert world.run_errands() == []
    assert found(world, repair=True) == [(kinds.ORPHAN, str(container), Repair.DONE)]
    assert found(world, repair=True) == []  # the errand is on its way
    assert world.run_errands() == [("deleteContainer", str(container))]
    assert not world.stores[CAMBRIDGE].holds(container)
    assert found(world) == []


def test_seen_once_is_not_enough_however_old_it_is(world: World, dave: Caller) -> None:
    container = orphan(world, dave)
    world.watch.seconds += 10 * GRACE
    assert found(world, repair=True) == [(kinds.ORPHAN, str(container), Repair.LATER)]


def test_a_container_that_this_database_never_asked_for_is_never_deleted(world: World) -> None:
    node = LongIdentifier(NodeIdentifier(SERVICE, new_number()))
    request = StoreImportInit(new_number(), SERVICE, node, Ivorn.parse(f"{COMMUNITY}/dave"))
    offer = imports.begin_import(world.stores[LEICESTER].store, SERVICE, request).transfer
    receipt = world.stores[LEICESTER].put(offer, b"one")
    assert isinstance(receipt, Receipt)
    # Its callback is still to come.
    assert found(world) == []
    acknowledge_all(world)
    for _ in range(3):
        assert found(world, repair=True) == [(kinds.UNKNOWN, str(receipt.container), Repair.NONE)]
        world.watch.seconds += GRACE + 1
        assert world.run_errands() == []
    assert world.stores[LEICESTER].holds(receipt.container)


def acknowledge_all(world: World) -> None:
    from filestore.services import callbacks

    for local in world.stores.stores.values():
        for row in callbacks.list_due(local.store, Instant(1 << 62), 1000):
            callbacks.acknowledge(local.store, row.id)


def test_bytes_of_a_cancelled_import_are_nobodys_until_the_store_has_said_so(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.send(offer, b"one")
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    world.run_errands()  # "cancel" comes too late there
    assert found(world) == []
    world.stores.deliver(world.desk)
    assert found(world) == []
    assert world.run_errands() == [("deleteContainer", str(offer.container))]
    assert found(world) == []


def test_a_container_that_goes_while_it_is_looked_at(world: World, dave: Caller) -> None:
    """The errand is done between the listing and the second look: no orphan."""
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    world.stores.after = lambda operation: finish(world) if operation == "listContainers" else None
    assert found(world) == []
    assert not world.stores[CAMBRIDGE].holds(container)


def finish(world: World) -> None:
    world.stores.after = lambda operation: None
    world.run_errands()


def test_a_version_that_comes_while_it_is_looked_at(world: World, dave: Caller) -> None:
    """The whole import happens between the listing and the reading of the database: nothing is missing."""
    file = world.add_file(dave, "a")

    def put(operation: str) -> None:
        world.stores.after = lambda other: None
        world.put(dave, file, b"one")

    world.stores.after = lambda operation: put(operation) if operation == "listContainers" else None
    assert found(world) == []
    assert world.get(dave, file) == b"one"


def test_a_file_that_is_deleted_while_it_is_looked_at(world: World, dave: Caller) -> None:
    """Node, errand and container go after the container was found missing in the listing: nothing is wrong."""
    file = world.add_file(dave, "a")
    container = container_of(world.put(dave, file, b"one"))
    change(world, container, _smaller)

    def delete(operation: str) -> None:
        world.stores.before = lambda other: None
        world.desk.deletions.delete(dave, Delete(file, purge=True))

    world.stores.before = lambda operation: delete(operation) if operation == "getProperties" else None
    assert found(world, repair=True) == []


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
