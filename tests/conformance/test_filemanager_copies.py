"""What the port `Database` promises of what copies need: many at once, replicas that go, how much each store has."""

from dataclasses import replace

import pytest

from filemanager.domain.job import Job, JobItem
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import Held, Store
from filemanager.ports import Database, Transaction
from tests.support.databases import server
from tests.support.treedatabases import tree
from tests.support.treerows import (
    CAMBRIDGE,
    DAVE,
    EVE,
    LEICESTER,
    T0,
    add,
    add_transfer,
    add_tree,
    change,
    children,
    container,
    database,
    find_transfer,
    put_store,
    root,
    save_transfer,
    transfer,
    under,
    version,
)
from vofiles.contract import Direction, TransferState
from vofiles.errors import DuplicateNode, NodeNotFound, ParentNotFound, StoreNotFound
from vofiles.ivorn import Ivorn, new_number

__all__ = ["database", "server", "tree"]


def test_many_nodes_are_added_at_once(database: Database) -> None:
    (home,) = add_tree(database)
    wanted = [under(home, f"{number:04}") for number in range(1000)]
    assert database.write(lambda tx: tx.nodes.add_nodes([])) == []
    added = database.write(lambda tx: tx.nodes.add_nodes(wanted[::-1]))
    assert [replace(node, key=0) for node in added] == wanted[::-1]
    assert children(database, home, limit=2000) == sorted(added, key=lambda node: node.name)


def test_many_nodes_are_added_wholly_or_not_at_all(database: Database) -> None:
    (home,) = add_tree(database)
    with pytest.raises(DuplicateNode):
        database.write(lambda tx: tx.nodes.add_nodes([under(home, "a"), under(home, "b"), under(home, "a")]))
    with pytest.raises(ParentNotFound):
        database.write(lambda tx: tx.nodes.add_nodes([under(home, "a"), replace(under(home, "b"), parent=12345)]))
    assert children(database, home) == []


def test_properties_of_many_nodes_are_put_at_once(database: Database) -> None:
    home, folder = add_tree(database, "folder")
    database.write(lambda tx: tx.nodes.put_properties(home.key, {"a": "1", "b": "2"}))
    database.write(lambda tx: tx.nodes.put_properties_of({home.key: {"b": "3"}, folder.key: {"c": "4"}}))
    database.write(lambda tx: tx.nodes.put_properties_of({}))
    found = database.read(lambda tx: tx.nodes.properties_of([home.key, folder.key]))
    assert found == {home.key: {"a": "1", "b": "3"}, folder.key: {"c": "4"}}
    with pytest.raises(NodeNotFound):
        database.write(lambda tx: tx.nodes.put_properties_of({12345: {"a": "b"}}))


def test_many_changes_have_numbers_without_gaps(database: Database) -> None:
    def add_some(tx: Transaction) -> None:
        tx.changes.add_change(change())
        tx.changes.add_changes([change(node=str(number)) for number in range(500)])
        tx.changes.add_changes([])
        tx.changes.add_change(change())

    database.write(add_some)
    found = database.read(lambda tx: tx.changes.list_changes(0, 1000))
    assert [each.number for each in found] == list(range(1, 503))
    assert [each.node for each in found[1:-1]] == [str(number) for number in range(500)]


def test_what_a_transfer_is_a_replica_of_is_kept(database: Database) -> None:
    (home,) = add_tree(database)
    copied = add_transfer(database, transfer(home, direction=Direction.COPY, replica_of=17))
    assert find_transfer(database, copied.number) == copied
    save_transfer(database, replace(copied, state=TransferState.FAILED))
    found = find_transfer(database, copied.number)
    assert found is not None
    assert found.replica_of == 17


def test_a_copy_under_way_is_an_import(database: Database) -> None:
    (home,) = add_tree(database)
    file = add(database, under(home, "a"))
    copied = add_transfer(database, transfer(file, direction=Direction.COPY, container=container()))
    assert database.read(lambda tx: tx.transfers.open_imports([file.key])) == {file.key: copied}


def test_a_replica_goes_alone(database: Database) -> None:
    (home,) = add_tree(database)
    file = add(database, under(home, "a"))
    kept = database.write(lambda tx: tx.contents.add_version(version(file)))
    first, second = (
        database.write(
            lambda tx, store=store: tx.contents.add_replica(  # type: ignore[misc]
                Replica(kept.key, store, container(store), ReplicaState.AVAILABLE)
            )
        )
        for store in (LEICESTER, CAMBRIDGE)
    )
    for _ in range(2):
        database.write(lambda tx: tx.contents.delete_replica(first.key))
    assert database.read(lambda tx: tx.contents.replicas_of([kept.key])) == {kept.key: [second]}
    again = Replica(kept.key, LEICESTER, container(), ReplicaState.AVAILABLE)
    added = database.write(lambda tx: tx.contents.add_replica(again))
    assert database.read(lambda tx: tx.contents.replicas_of([kept.key])) == {kept.key: [second, added]}


def test_what_each_store_has_is_counted(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        for owner, sizes in ((DAVE, [1, 10, 100]), (EVE, [1000])):
            home = tx.nodes.add_node(root(owner))
            for number, size in enumerate(sizes):
                file = tx.nodes.add_node(under(home, str(number)))
                kept = tx.contents.add_version(version(file, size=size))
                store, state = (LEICESTER, ReplicaState.AVAILABLE) if size != 10 else (CAMBRIDGE, ReplicaState.LOST)
                tx.contents.add_replica(Replica(kept.key, store, container(store), state))
                if size == 100:
                    gone = Replica(kept.key, CAMBRIDGE, container(CAMBRIDGE), ReplicaState.DELETING)
                    tx.contents.add_replica(gone)

    assert database.read(lambda tx: tx.standing.held(None)) == {}
    database.write(fill)
    assert database.read(lambda tx: tx.standing.held(None)) == {LEICESTER: Held(3, 1101), CAMBRIDGE: Held(1, 10)}
    assert database.read(lambda tx: tx.standing.held(DAVE)) == {LEICESTER: Held(2, 101), CAMBRIDGE: Held(1, 10)}
    assert database.read(lambda tx: tx.standing.held(EVE)) == {LEICESTER: Held(1, 1000)}


def test_what_a_store_said_is_kept(tree: Database) -> None:
    store = Store(LEICESTER, "http://x", free=5, reachable=False, writable=False)
    put_store(tree, store)
    assert tree.read(lambda tx: tx.stores.find_store(LEICESTER)) == store
    put_store(tree, Store(LEICESTER, "http://x"))
    assert tree.read(lambda tx: tx.stores.find_store(LEICESTER)) == Store(LEICESTER, "http://x")


def test_a_job_is_given_more_items(database: Database) -> None:
    wanted = Job(new_number(), "drain", LEICESTER, LEICESTER, T0, T0, total=1)
    job = database.write(lambda tx: tx.jobs.add_job(wanted, [JobItem(1, "a", store=LEICESTER)]))
    more = [JobItem(number, str(number), store=LEICESTER, request={"version": "7"}) for number in range(2, 900)]
    database.write(lambda tx: tx.jobs.add_items(job, more))
    found = database.read(lambda tx: tx.jobs.items(job.key, None, 0, 1000))
    assert [item.number for item in found] == list(range(1, 900))
    assert found[1].request == {"version": "7"}
    unknown = Ivorn.parse("ivo://nowhere/store")
    with pytest.raises(StoreNotFound):
        database.write(lambda tx: tx.jobs.add_items(job, [JobItem(900, "x", store=unknown)]))
