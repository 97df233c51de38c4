"""What the FileManager's port `Database` promises, against every implementation: memory, SQLite, PostgreSQL.

Its nouns with most to promise have files of their own: accounts, nodes, transfers, …
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from filemanager.domain.backlog import Backlog
from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import Store, StoreClass, StoreState
from filemanager.domain.transfer import Transfer
from filemanager.ports import Database, Transaction
from tests.support.databases import server
from tests.support.treedatabases import tree
from tests.support.treerows import (
    CAMBRIDGE,
    DAVE,
    LEICESTER,
    LONG,
    T0,
    add,
    add_errand,
    change,
    children,
    container,
    database,
    delete_errand,
    due_errands,
    errand,
    put_store,
    root,
    save_errand,
    under,
    version,
)
from vofiles.contract import Direction
from vofiles.errors import (
    Conflict,
    NodeNotFound,
    ServiceBusy,
    StoreNotFound,
    VersionConflict,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number

__all__ = ["database", "server", "tree"]


# --- transactions -----------------------------------------------------------------------------------------------------


def test_a_write_that_raises_keeps_nothing(database: Database) -> None:
    def fail(tx: Transaction) -> None:
        tx.nodes.add_node(root())
        tx.accounts.put_account_properties(DAVE, {"a": "b"})
        tx.changes.add_change(change())
        raise NodeNotFound("x")

    with pytest.raises(NodeNotFound):
        database.write(fail)

    def look(tx: Transaction) -> None:
        assert tx.accounts.properties_of_account(DAVE) == {}
        assert tx.changes.list_changes(0, 10) == []

    database.read(look)
    add(database, root())


def test_a_read_cannot_write(database: Database) -> None:
    home = add(database, root())
    for attempt in (
        lambda tx: tx.nodes.add_node(under(home, "a")),
        lambda tx: tx.nodes.put_properties(home.key, {"a": "b"}),
        lambda tx: tx.accounts.put_account_properties(DAVE, {"a": "b"}),
    ):
        with pytest.raises(Exception, match=r"(?i)read.?only|support item assignment"):
            database.read(attempt)
    assert children(database, home) == []


def test_a_read_has_one_state_while_others_write(database: Database) -> None:
    home = add(database, root())

    def look(tx: Transaction) -> tuple[list[Node], list[Node]]:
        before = tx.nodes.children(home.key, None, 10)
        add(database, under(home, "meanwhile"))
        return before, tx.nodes.children(home.key, None, 10)

    assert database.read(look) == ([], [])
    assert len(children(database, home)) == 1


def test_concurrent_writers_lose_nothing(database: Database) -> None:
    home = add(database, root())

    def work(thread: int) -> None:
        for number in range(10):
            node = under(home, f"{thread}-{number}")

            def both(tx: Transaction, node: Node = node) -> None:
                tx.nodes.add_node(node)
                tx.changes.add_change(change(node=node.number))

            database.write(both)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, thread) for thread in range(8)]:
            done.result(LONG)
    assert len(children(database, home)) == 80
    changes = database.read(lambda tx: tx.changes.list_changes(0, 100))
    assert [each.number for each in changes] == list(range(1, 81))


def test_a_closed_database_is_busy(database: Database) -> None:
    database.close()
    with pytest.raises(ServiceBusy):
        database.read(lambda tx: tx.stores.list_stores())
    with pytest.raises(ServiceBusy):
        database.write(lambda tx: tx.stores.list_stores())


# --- contents ---------------------------------------------------------------------------------------------------------


def test_versions_are_found_as_they_were_added_and_the_highest_is_current(database: Database) -> None:
    home = add(database, root())
    file, other, never = (add(database, under(home, name)) for name in "abc")

    def fill(tx: Transaction) -> list[ContentVersion]:
        added = [tx.contents.add_version(version(file, number)) for number in (1, 3, 2)]
        plain = version(other, 1, digests=(), content_type=None, size=0)
        return [*added, tx.contents.add_version(plain)]

    first, third, second, plain = database.write(fill)
    keys = [file.key, other.key, never.key]
    assert database.read(lambda tx: tx.contents.current_versions(keys)) == {file.key: third, other.key: plain}
    assert database.read(lambda tx: tx.contents.versions_up_to(file.key, 2)) == [
        replace(first, superseded=third.created),
        second,
    ]
    with pytest.raises(VersionConflict):
        database.write(lambda tx: tx.contents.add_version(version(file, 2)))
    with pytest.raises(NodeNotFound):
        database.write(lambda tx: tx.contents.add_version(version(replace(file, key=10**9))))


def test_replicas_go_with_their_version(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))

    def fill(tx: Transaction) -> tuple[ContentVersion, ContentVersion, list[Replica]]:
        one, two = (tx.contents.add_version(version(file, number)) for number in (1, 2))
        replicas = [
            Replica(one.key, LEICESTER, container(), ReplicaState.AVAILABLE, 512, 2**40),
            Replica(one.key, CAMBRIDGE, container(CAMBRIDGE), ReplicaState.LOST),
            Replica(two.key, CAMBRIDGE, container(CAMBRIDGE), ReplicaState.SUSPECT),
        ]
        return one, two, [tx.contents.add_replica(replica) for replica in replicas]

    one, two, replicas = database.write(fill)
    found = database.read(lambda tx: tx.contents.replicas_of([two.key, one.key]))
    assert found == {one.key: replicas[:2], two.key: replicas[2:]}
    assert database.read(lambda tx: tx.contents.replicas_of_node(file.key)) == replicas
    database.write(lambda tx: tx.contents.delete_version(one.key))
    assert database.read(lambda tx: tx.contents.replicas_of_node(file.key)) == replicas[2:]
    assert database.read(lambda tx: tx.contents.versions_up_to(file.key, 9)) == [two]


def test_a_replica_is_one_of_its_version_and_store_and_has_a_container_of_its_own(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))

    def fill(tx: Transaction) -> Replica:
        added = tx.contents.add_version(version(file))
        return tx.contents.add_replica(Replica(added.key, LEICESTER, container(), ReplicaState.AVAILABLE))

    replica = database.write(fill)
    elsewhere, again = replace(replica, store=CAMBRIDGE), replace(replica, container=container())
    with pytest.raises(Conflict):
        database.write(lambda tx: tx.contents.add_replica(elsewhere))
    with pytest.raises(Conflict):
        database.write(lambda tx: tx.contents.add_replica(again))
    unknown = replace(replica, store=Ivorn("nowhere.org", "store"), container=container())
    with pytest.raises(StoreNotFound):
        database.write(lambda tx: tx.contents.add_replica(unknown))


# --- stores -----------------------------------------------------------------------------------------------------------


def test_stores_are_put_replaced_and_listed(tree: Database) -> None:
    first = Store(LEICESTER, "http://old", "leicester", StoreClass.NEARLINE, StoreState.DRAINING, ("a", "b"), 2**50)
    second = Store(CAMBRIDGE, "http://cambridge")
    put_store(tree, first)
    put_store(tree, second)
    assert tree.read(lambda tx: tx.stores.find_store(LEICESTER)) == first
    changed = Store(LEICESTER, "https://new")
    put_store(tree, changed)
    assert tree.read(lambda tx: tx.stores.list_stores()) == [second, changed]
    assert tree.read(lambda tx: tx.stores.find_store(DAVE)) is None


# --- changes ----------------------------------------------------------------------------------------------------------


def test_changes_are_numbered_without_gaps_even_after_a_roll_back(database: Database) -> None:
    first = database.write(
        lambda tx: tx.changes.add_change(change(before={"a": None, "b": "ü"}, after={"a": '"', "b": None}))
    )

    def fail(tx: Transaction) -> None:
        tx.changes.add_change(change())
        raise NodeNotFound("x")

    with pytest.raises(NodeNotFound):
        database.write(fail)
    more = database.write(lambda tx: [tx.changes.add_change(change(node=str(number))) for number in range(5)])
    assert first == change(1, before={"a": None, "b": "ü"}, after={"a": '"', "b": None})
    assert [each.number for each in more] == [2, 3, 4, 5, 6]
    assert database.read(lambda tx: tx.changes.list_changes(0, 100)) == [first, *more]
    assert database.read(lambda tx: tx.changes.list_changes(2, 2)) == more[1:3]
    assert database.read(lambda tx: tx.changes.list_changes(6, 2)) == []


# --- errands ----------------------------------------------------------------------------------------------------------


def test_errands_are_due_until_they_are_deleted_the_longest_due_first(database: Database) -> None:
    c = add_errand(database, errand(LEICESTER, 3, "c"))
    a = add_errand(database, errand(LEICESTER, 1, "a"))
    b = add_errand(database, errand(CAMBRIDGE, 2, "b"))
    add_errand(database, errand(LEICESTER, 9, "d"))
    assert due_errands(database, 3) == [a, b, c]
    assert due_errands(database, 3, limit=2) == [a, b]
    assert due_errands(database, 3, without=[LEICESTER]) == [b]
    later = replace(a, due=Instant(T0 + 4), attempts=1, error="StoreUnreachable")
    save_errand(database, later)
    delete_errand(database, b.key)
    assert due_errands(database, 4) == [c, later]
    save_errand(database, b)
    delete_errand(database, b.key)
    assert due_errands(database, 3) == [c]
    with pytest.raises(StoreNotFound):
        add_errand(database, errand(Ivorn("nowhere.org", "x"), 0, "x"))


# --- how much there is to do ------------------------------------------------------------------------------------------


def test_what_is_still_to_be_done_is_counted(database: Database) -> None:
    assert database.read(lambda tx: tx.standing.open_transfers()) == {}
    assert database.read(lambda tx: tx.standing.errands()) == Backlog(0, None)
    node = add(database, under(add(database, root()), "a"))
    states = ["OFFERED", "OFFERED", "RECEIVING", "COMPLETED", "FAILED"]
    for state in states:
        moving = Transfer(new_number(), DAVE, Direction.IMPORT_INIT, LEICESTER, state, T0, node.key, node.number, T0)
        database.write(lambda tx, moving=moving: tx.transfers.add_transfer(moving))  # type: ignore[misc]
    for created in (5, 3, 9):
        errand = Errand(LEICESTER, ErrandVerb.DELETE_CONTAINER, "x", Instant(T0 + created), Instant(T0 + 10**9))
        database.write(lambda tx, errand=errand: tx.errands.add_errand(errand))  # type: ignore[misc]
    assert database.read(lambda tx: tx.standing.open_transfers()) == {"OFFERED": 2, "RECEIVING": 1}
    assert database.read(lambda tx: tx.standing.errands()) == Backlog(3, Instant(T0 + 3))
