"""`check` of a FileManager beside its stores: what the tree has and a store has not, and the reverse."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from filemanager.domain.change import ChangeOperation
from filemanager.domain.replica import ReplicaState
from filestore.domain.container import Container, Content
from filestore.services import imports
from tests.support.checking import GRACE, change, container_of, dave, found, lose, orphan, world
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, World
from tests.support.localstores import SERVICE
from vofiles.contract import (
    ContainerState,
    Delete,
    Digest,
    Receipt,
    StoreImportInit,
)
from vofiles.errors import Damaged
from vofiles.findings import Repair
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier, new_number

__all__ = ["dave", "world"]


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
    with pytest.raises(Damaged):
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
