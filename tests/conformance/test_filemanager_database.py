"""What the FileManager's port `Database` promises, against every implementation: memory, SQLite, PostgreSQL."""

import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemanager.domain.account import Account
from filemanager.domain.backlog import Backlog
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.content import ContentVersion
from filemanager.domain.credential import Credential, Token, token_digest
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import HOME, Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import Store, StoreClass, StoreState
from filemanager.domain.transfer import Transfer
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from tests.support.databases import new_database, server
from vofiles.contract import AccountKind, Digest, Direction, Failure, NodeKind, Property, Receipt, TransferState
from vofiles.errors import (
    AccountNotFound,
    Conflict,
    DuplicateAccount,
    DuplicateNode,
    FolderNotEmpty,
    NodeNotFound,
    ParentNotFound,
    ServiceBusy,
    StoreNotFound,
    VersionConflict,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.names import NodeName, parse_name

__all__ = ["server"]

LONG = 30
T0 = Instant(1_700_000_000_000_000)
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
EVE = Ivorn.parse("ivo://ast.cam.ac.uk/eve")
LEICESTER = Ivorn.parse("ivo://star.le.ac.uk/filestore")
CAMBRIDGE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")


# --- the implementations ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def templates(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of each kind with its tables in it, to be copied."""
    made = {}
    for kind in ["sqlite"] + ["postgresql"] * (server is not None):
        made[kind] = new_database(kind, server, tmp_path_factory.mktemp("template"))
        open_database(made[kind]).close()
    return made


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def empty(
    request: pytest.FixtureRequest, server: str | None, templates: dict[str, str], tmp_path: Path
) -> Iterator[Database]:
    database: Database
    if request.param == "memory":
        database = MemoryDatabase()
    else:
        database = open_database(new_database(request.param, server, tmp_path, templates.get(request.param)))
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """With Dave, Eve and two stores."""

    def fill(tx: Transaction) -> None:
        tx.accounts.add_account(account(DAVE, "dave"))
        tx.accounts.add_account(account(EVE, "eve"))
        tx.stores.put_store(Store(LEICESTER, "http://leicester/filestore"))
        tx.stores.put_store(Store(CAMBRIDGE, "http://cambridge/filestore"))

    empty.write(fill)
    return empty


# --- makers -----------------------------------------------------------------------------------------------------------


def account(identifier: Ivorn, name: str, **changes: Any) -> Account:
    return replace(Account(identifier, name, AccountKind.PERSON, new_number(), T0), **changes)


def root(owner: Ivorn = DAVE) -> Node:
    return Node(new_number(), HOME, NodeKind.FOLDER, owner, T0, T0)


def under(parent: Node, name: str, kind: str = NodeKind.FILE, **changes: Any) -> Node:
    node = Node(new_number(), parse_name(name), kind, parent.owner, T0, T0, 1, 0, parent.key, parent.number)
    return replace(node, **changes)


def add(database: Database, node: Node) -> Node:
    return database.write(lambda tx: tx.nodes.add_node(node))


def add_tree(database: Database, *names: str) -> list[Node]:
    """A root, and a chain of folders below it."""
    nodes = [add(database, root())]
    for name in names:
        nodes.append(add(database, under(nodes[-1], name, NodeKind.FOLDER)))
    return nodes


def add_account(database: Database, added: Account) -> None:
    database.write(lambda tx: tx.accounts.add_account(added))


def add_transfer(database: Database, added: Transfer) -> Transfer:
    database.write(lambda tx: tx.transfers.add_transfer(added))
    return added


def save_transfer(database: Database, saved: Transfer) -> None:
    database.write(lambda tx: tx.transfers.save_transfer(saved))


def find_transfer(database: Database, number: str) -> Transfer | None:
    return database.read(lambda tx: tx.transfers.find_transfer(number))


def put_store(database: Database, store: Store) -> None:
    database.write(lambda tx: tx.stores.put_store(store))


def add_token(database: Database, token: Token) -> None:
    database.write(lambda tx: tx.credentials.add_token(token))


def put_credential(database: Database, credential: Credential) -> None:
    database.write(lambda tx: tx.credentials.put_credential(credential))


def add_errand(database: Database, added: Errand) -> Errand:
    return database.write(lambda tx: tx.errands.add_errand(added))


def save_errand(database: Database, saved: Errand) -> None:
    database.write(lambda tx: tx.errands.save_errand(saved))


def delete_errand(database: Database, key: int) -> None:
    database.write(lambda tx: tx.errands.delete_errand(key))


def due_errands(database: Database, due: int, limit: int = 10, without: Collection[Ivorn] = ()) -> list[Errand]:
    return database.read(lambda tx: tx.errands.due_errands(Instant(T0 + due), limit, without))


def children(database: Database, parent: Node, after: NodeName | None = None, limit: int = 100) -> list[Node]:
    return database.read(lambda tx: tx.nodes.children(parent.key, after, limit))


def ancestors(database: Database, node: Node) -> list[Node]:
    return database.read(lambda tx: tx.nodes.ancestors(node.key))


def find(database: Database, start: Node, *path: str) -> Node | None:
    return database.read(lambda tx: tx.nodes.find_path(start.number, [NodeName(name) for name in path]))


def save(database: Database, node: Node) -> None:
    database.write(lambda tx: tx.nodes.save_node(node))


def delete(database: Database, node: Node) -> None:
    database.write(lambda tx: tx.nodes.delete_node(node.key))


def version(node: Node, number: int = 1, **changes: Any) -> ContentVersion:
    digests = (Digest("xxh3-128", "0f" * 16), Digest("sha-256", "ab" * 32))
    return replace(ContentVersion(node.key, number, 2**40, T0, "image/fits", digests), **changes)


def container(store: Ivorn = LEICESTER) -> Ivorn:
    return store.with_fragment(new_number())


def transfer(node: Node, **changes: Any) -> Transfer:
    new = Transfer(
        new_number(), DAVE, Direction.IMPORT_INIT, LEICESTER, TransferState.REQUESTED, T0, node.key, node.number, T0
    )
    return replace(new, **changes)


def change(number: int = 0, **changes: Any) -> Change:
    return replace(Change(DAVE, EVE, T0, "number", ChangeOperation.ADD_NODE, number=number), **changes)


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


# --- accounts ---------------------------------------------------------------------------------------------------------


def test_an_account_is_found_as_it_was_added(empty: Database) -> None:
    dave = account(DAVE, "dave", kind=AccountKind.GROUP, administrator=True)
    add_account(empty, dave)
    assert empty.read(lambda tx: tx.accounts.find_account(DAVE)) == dave
    assert empty.read(lambda tx: tx.accounts.find_account(EVE)) is None


@pytest.mark.parametrize(
    "other",
    [account(DAVE, "david"), account(Ivorn.parse("ivo://ast.cam.ac.uk/staff/dave"), "dave")],
    ids=["same identifier", "same name in the community"],
)
def test_an_account_is_added_once(database: Database, other: Account) -> None:
    with pytest.raises(DuplicateAccount):
        add_account(database, other)


def test_communities_have_names_of_their_own(database: Database) -> None:
    other = account(Ivorn.parse("ivo://star.le.ac.uk/dave"), "dave")
    add_account(database, other)
    assert database.read(lambda tx: tx.accounts.find_account(other.identifier)) == other


def test_accounts_are_listed_page_by_page_in_the_order_of_identifiers(empty: Database) -> None:
    names = ["b", "a", "z", "a-", "a0", "b/c"]
    for name in names:
        add_account(empty, account(Ivorn("x.org", name), name))
    ordered = sorted((Ivorn("x.org", name) for name in names), key=str)
    first = empty.read(lambda tx: tx.accounts.list_accounts(None, 4))
    rest = empty.read(lambda tx: tx.accounts.list_accounts(first[-1].identifier, 4))
    assert [each.identifier for each in first + rest] == ordered


def test_properties_of_accounts_are_set_changed_and_removed(database: Database) -> None:
    database.write(lambda tx: tx.accounts.put_account_properties(DAVE, {"a": "1", "b": "2", "c": "3"}))
    database.write(lambda tx: tx.accounts.put_account_properties(DAVE, {"b": "zwei — ü"}))
    database.write(lambda tx: tx.accounts.remove_account_properties(DAVE, ["c", "never"]))
    database.write(lambda tx: tx.accounts.put_account_properties(DAVE, {}))
    assert database.read(lambda tx: tx.accounts.properties_of_account(DAVE)) == {"a": "1", "b": "zwei — ü"}
    assert database.read(lambda tx: tx.accounts.properties_of_account(EVE)) == {}


def test_nobody_has_no_properties(database: Database) -> None:
    nobody = Ivorn("nowhere.org", "nobody")
    assert database.read(lambda tx: tx.accounts.properties_of_account(nobody)) == {}
    with pytest.raises(AccountNotFound):
        database.write(lambda tx: tx.accounts.put_account_properties(nobody, {"a": "1"}))


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_a_node_is_found_as_it_was_added(database: Database) -> None:
    home = add(database, root())
    added = add(database, under(home, "Réduction 7.fits", version=0, generation=3))
    assert added.key > 0
    assert database.read(lambda tx: tx.nodes.find_node(added.number)) == added
    assert database.read(lambda tx: tx.nodes.find_key(added.key)) == added
    assert database.read(lambda tx: tx.nodes.find_node(home.number)) == home
    assert database.write(lambda tx: tx.nodes.lock_node(added.key)) == added


def test_what_is_not_there_is_none(database: Database) -> None:
    home = add(database, root())

    def look(tx: Transaction) -> None:
        assert tx.nodes.find_node("missing") is None
        assert tx.nodes.find_key(10**9) is None
        assert tx.nodes.find_path("missing", []) is None
        assert tx.nodes.find_path("missing", [NodeName("a")]) is None
        assert tx.nodes.find_path(home.number, [NodeName("a"), NodeName("b")]) is None
        assert tx.nodes.children(10**9, None, 10) == []
        assert tx.nodes.ancestors(10**9) == []

    database.read(look)
    assert database.write(lambda tx: tx.nodes.lock_node(10**9)) is None


@pytest.mark.parametrize("depth", [0, 1, 2, 15, 16, 17, 40])
def test_a_path_of_any_length_is_resolved_and_climbed(database: Database, depth: int) -> None:
    nodes = add_tree(database, *(f"folder {step}" for step in range(depth)))
    names = [node.name for node in nodes[1:]]
    assert database.read(lambda tx: tx.nodes.find_path(nodes[0].number, names)) == nodes[-1]
    assert database.read(lambda tx: tx.nodes.find_path(nodes[0].number, [*names, NodeName("x")])) is None
    assert database.read(lambda tx: tx.nodes.ancestors(nodes[-1].key)) == nodes[:-1][::-1]


def test_a_path_starts_at_any_node(database: Database) -> None:
    _, a, b, c = add_tree(database, "a", "b", "c")
    assert database.read(lambda tx: tx.nodes.find_path(a.number, [b.name, c.name])) == c


def test_siblings_have_different_names_and_other_folders_may_repeat_them(database: Database) -> None:
    home, a = add_tree(database, "a")
    add(database, under(a, "a"))
    with pytest.raises(DuplicateNode):
        add(database, under(home, "a"))
    assert [node.name for node in children(database, home)] == ["a"]


def test_an_account_has_one_root(database: Database) -> None:
    add(database, root())
    add(database, root(EVE))
    with pytest.raises(DuplicateNode):
        add(database, root())


def test_a_node_needs_a_parent_and_an_owner_that_are_there(database: Database) -> None:
    home = add(database, root())
    with pytest.raises(ParentNotFound):
        add(database, replace(under(home, "a"), parent=10**9))
    with pytest.raises(AccountNotFound):
        add(database, root(Ivorn("nowhere.org", "nobody")))


NAMES = ["B", "a", "b", "a b", "ä", "Z", "z", "\U0001f52d", "\uffe6", "-", "10", "9"]


def test_children_come_page_by_page_in_the_order_of_code_points(database: Database) -> None:
    home = add(database, root())
    for name in NAMES:
        add(database, under(home, name))
    seen: list[str] = []
    after: NodeName | None = None
    while page := children(database, home, after, 5):
        assert len(page) <= 5
        assert all((node.parent, node.parent_number) == (home.key, home.number) for node in page)
        seen += [node.name for node in page]
        after = page[-1].name
    assert seen == sorted(NAMES)


def test_children_of_many_folders_come_by_folder_and_name(database: Database) -> None:
    home = add(database, root())
    folders = [add(database, under(home, f"f{number}", NodeKind.FOLDER)) for number in range(20)]
    for folder in folders:
        for name in ("b", "a"):
            add(database, under(folder, name))
    keys = [folder.key for folder in folders]
    found = database.read(lambda tx: tx.nodes.children_of(keys[::-1], 100))
    assert [(node.parent, node.name) for node in found] == [(key, name) for key in sorted(keys) for name in "ab"]
    assert database.read(lambda tx: tx.nodes.children_of(keys, 5)) == found[:5]
    assert database.read(lambda tx: tx.nodes.children_of([], 5)) == []


@pytest.mark.parametrize("count", [1, 20, 600])
def test_names_of_the_children_of_many_folders_come_by_folder_and_name(database: Database, count: int) -> None:
    home = add(database, root())
    named = [under(home, f"f{number}", NodeKind.FOLDER) for number in range(count)]
    folders = database.write(lambda tx: tx.nodes.add_nodes(named))
    files = [under(folder, name) for folder in folders for name in ("b", "ä", "a")]
    database.write(lambda tx: tx.nodes.add_nodes(files))
    keys = sorted(folder.key for folder in folders)
    expected = sorted((file.parent, file.name, file.number) for file in files)
    assert database.read(lambda tx: tx.nodes.child_names(keys[::-1], 10_000)) == expected
    assert database.read(lambda tx: tx.nodes.child_names(keys, 3 * count - 1)) == expected[:-1]
    assert database.read(lambda tx: tx.nodes.child_names(keys, 2)) == expected[:2]
    assert database.read(lambda tx: tx.nodes.child_names([], 5)) == []
    assert database.read(lambda tx: tx.nodes.child_names([10**9], 5)) == []


def test_saving_changes_what_may_change_and_moves(database: Database) -> None:
    home, a, b = add_tree(database, "a", "b")
    moved = replace(b, name=NodeName("c"), parent=home.key, modified=Instant(T0 + 1), generation=2, version=4)
    save(database, moved)
    assert database.read(lambda tx: tx.nodes.find_path(home.number, [NodeName("c")])) == replace(
        moved, parent_number=home.number
    )
    assert children(database, a) == []
    add(database, under(a, "b"))


def test_saving_under_a_taken_name_is_refused(database: Database) -> None:
    home, a = add_tree(database, "a")
    other = add(database, under(home, "b"))
    with pytest.raises(DuplicateNode):
        save(database, replace(other, name=a.name))
    assert database.read(lambda tx: tx.nodes.find_node(other.number)) == other


def test_deleting_takes_all_that_is_the_nodes_own(database: Database) -> None:
    home = add(database, root())
    file = add(database, under(home, "a"))
    moving = transfer(file)

    def fill(tx: Transaction) -> tuple[ContentVersion, Replica]:
        tx.nodes.put_properties(file.key, {"a": "1"})
        first = tx.contents.add_version(version(file))
        replica = tx.contents.add_replica(Replica(first.key, LEICESTER, container(), ReplicaState.AVAILABLE))
        tx.transfers.add_transfer(moving)
        return first, replica

    first, replica = database.write(fill)
    delete(database, file)

    def look(tx: Transaction) -> None:
        assert tx.nodes.find_node(file.number) is None
        assert tx.nodes.children(home.key, None, 10) == []
        assert not tx.nodes.properties_of([file.key]).get(file.key)
        assert tx.contents.current_versions([file.key]) == {}
        assert tx.contents.replicas_of([first.key]) == {}
        assert tx.contents.replicas_of_node(file.key) == []
        assert tx.transfers.find_transfer(moving.number) == replace(moving, node=None)
        assert tx.transfers.open_transfers(file.key) == []

    database.read(look)
    delete(database, file)
    again = add(database, under(home, "a"))
    assert again.key != file.key
    with pytest.raises(Conflict):  # what went with the first one leaves its container free, and only its own
        database.write(lambda tx: [add_replica(tx, again, replica.container, number) for number in (1, 2)])


def add_replica(tx: Transaction, node: Node, container: Ivorn, number: int) -> Replica:
    added = tx.contents.add_version(version(node, number))
    return tx.contents.add_replica(Replica(added.key, LEICESTER, container, ReplicaState.AVAILABLE))


def test_a_folder_with_children_is_not_deleted(database: Database) -> None:
    home, a = add_tree(database, "a")
    with pytest.raises(FolderNotEmpty):
        delete(database, home)
    assert database.read(lambda tx: tx.nodes.find_node(a.number)) == a


def test_adding_below_and_deleting_at_once_leave_no_node_without_its_parent(database: Database) -> None:
    home = add(database, root())
    for number in range(20):
        folder = add(database, under(home, f"f{number}", NodeKind.FOLDER))
        child = under(folder, "child")
        together = threading.Barrier(2)

        def adding(child: Node = child, together: threading.Barrier = together) -> str:
            together.wait(LONG)
            try:
                add(database, child)
            except ParentNotFound:
                return "refused"
            return "done"

        def deleting(folder: Node = folder, together: threading.Barrier = together) -> str:
            together.wait(LONG)
            try:
                delete(database, folder)
            except FolderNotEmpty:
                return "refused"
            return "done"

        with ThreadPoolExecutor(2) as pool:
            outcomes = [future.result(LONG) for future in (pool.submit(adding), pool.submit(deleting))]
        assert sorted(outcomes) == ["done", "refused"]


def test_properties_of_nodes_are_set_changed_removed_and_asked_for_many_at_once(database: Database) -> None:
    home = add(database, root())
    files = [add(database, under(home, f"f{number:03}")) for number in range(70)]

    def fill(tx: Transaction) -> None:
        for file in files[:-1]:
            tx.nodes.put_properties(file.key, {"name": file.name, "{urn:x}gone": "1", "long": "x" * 65536})
        tx.nodes.put_properties(files[0].key, {"name": "changed"})
        tx.nodes.put_properties(files[0].key, {})
        for file in files[:-1]:
            tx.nodes.remove_properties(file.key, {"{urn:x}gone", "never"})

    database.write(fill)
    keys = [file.key for file in files]
    found = database.read(lambda tx: tx.nodes.properties_of(keys))
    assert found[files[0].key] == {"name": "changed", "long": "x" * 65536}
    assert found[files[68].key]["name"] == "f068"
    assert not found.get(files[69].key)
    names = database.read(lambda tx: tx.nodes.property_of(keys, "name"))
    assert names == {file.key: file.name for file in files[1:-1]} | {files[0].key: "changed"}
    assert database.read(lambda tx: tx.nodes.properties_of([])) == {}


def test_properties_need_their_node(database: Database) -> None:
    with pytest.raises(NodeNotFound):
        database.write(lambda tx: tx.nodes.put_properties(10**9, {"a": "1"}))


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


def test_stores_are_put_replaced_and_listed(empty: Database) -> None:
    first = Store(LEICESTER, "http://old", "leicester", StoreClass.NEARLINE, StoreState.DRAINING, ("a", "b"), 2**50)
    second = Store(CAMBRIDGE, "http://cambridge")
    put_store(empty, first)
    put_store(empty, second)
    assert empty.read(lambda tx: tx.stores.find_store(LEICESTER)) == first
    changed = Store(LEICESTER, "https://new")
    put_store(empty, changed)
    assert empty.read(lambda tx: tx.stores.list_stores()) == [second, changed]
    assert empty.read(lambda tx: tx.stores.find_store(DAVE)) is None


# --- transfers --------------------------------------------------------------------------------------------------------


def test_a_transfer_is_found_as_it_was_added_and_saved(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    plain = transfer(file)
    full = transfer(
        file, size=5, content_type="text/csv", digests=(Digest("sha-256", "00" * 32),), container=container()
    )
    add_transfer(database, plain)
    add_transfer(database, full)
    assert find_transfer(database, plain.number) == plain
    assert find_transfer(database, "missing") is None
    where = container()
    receipt = Receipt(
        full.number, where, 2**41, Instant(T0 + 7), "image/fits", full.digests, (Property("k", 'v "ü" \n<&>'),)
    )
    saved = replace(
        full,
        state=TransferState.COMPLETED,
        bytes_done=2**41,
        container=where,
        expiry=Instant(T0 + 5),
        due=Instant(T0 + 6),
        failure=Failure("ChecksumMismatch", "no — really"),
        receipt=receipt,
    )
    save_transfer(database, saved)
    assert find_transfer(database, full.number) == saved
    assert database.write(lambda tx: tx.transfers.lock_transfer(full.number)) == saved
    assert database.write(lambda tx: tx.transfers.lock_transfer("missing")) is None
    least = replace(saved, failure=None, receipt=Receipt(full.number, where, 0, T0), expiry=None)
    save_transfer(database, least)
    assert find_transfer(database, full.number) == least


def test_a_transfer_is_of_a_caller_a_store_and_a_node_that_are_there_and_its_number_is_new(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    first = transfer(file)
    add_transfer(database, first)
    nowhere = Ivorn("nowhere.org", "x")
    for wrong, error in (
        (transfer(file, number=first.number), Conflict),
        (transfer(file, caller=nowhere), AccountNotFound),
        (transfer(file, store=nowhere), StoreNotFound),
        (replace(transfer(file), node=10**9), NodeNotFound),
    ):
        with pytest.raises(error):
            add_transfer(database, wrong)


def test_open_transfers_of_a_node_come_oldest_first_and_the_latest_import_with_a_container_counts(
    database: Database,
) -> None:
    home = add(database, root())
    file, other, idle = (add(database, under(home, name)) for name in "abc")
    late = transfer(file, created=Instant(T0 + 2), container=container())
    early = transfer(file, created=Instant(T0 + 1), container=container())
    bare = transfer(file, created=Instant(T0 + 3))
    export = transfer(file, created=Instant(T0 + 4), container=container(), direction=Direction.EXPORT_DATA)
    ended = transfer(file, created=Instant(T0 + 5), container=container(), state=TransferState.COMPLETED)
    fetched = transfer(other, container=container(), direction=Direction.IMPORT_DATA)
    for each in (late, early, bare, export, ended, fetched):
        add_transfer(database, each)
    assert database.read(lambda tx: tx.transfers.open_transfers(file.key)) == [early, late, bare, export]
    keys = [idle.key, other.key, file.key]
    assert database.read(lambda tx: tx.transfers.open_imports(keys)) == {file.key: late, other.key: fetched}
    done = replace(late, state=TransferState.FAILED)
    save_transfer(database, done)
    assert database.read(lambda tx: tx.transfers.open_imports(keys))[file.key] == early


def test_the_open_imports_into_the_space_of_an_account_come_the_longest_due_first(database: Database) -> None:
    home, another = add(database, root()), add(database, root(EVE))
    file, other = (add(database, under(home, name)) for name in "ab")
    theirs = add(database, under(another, "c"))
    late = transfer(file, due=Instant(T0 + 2), container=container())
    early = transfer(other, due=Instant(T0 + 1), container=container(), direction=Direction.IMPORT_DATA)
    bare = transfer(file)
    export = transfer(file, container=container(), direction=Direction.EXPORT_DATA)
    ended = transfer(file, container=container(), state=TransferState.COMPLETED)
    for each in (late, early, bare, export, ended, transfer(theirs, container=container())):
        add_transfer(database, each)
    assert database.read(lambda tx: tx.transfers.imports_into(home.owner)) == [early, late]


def test_due_transfers_are_open_and_come_the_longest_due_first(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    moving = [transfer(file, due=Instant(T0 + offset)) for offset in (3, 1, 2, 4)]
    ended = transfer(file, due=T0, state=TransferState.CANCELLED)
    for each in (*moving, ended):
        add_transfer(database, each)
    now = Instant(T0 + 3)
    ordered = [moving[1], moving[2], moving[0]]
    assert database.read(lambda tx: tx.transfers.due_transfers(now, 10)) == ordered
    assert database.read(lambda tx: tx.transfers.due_transfers(now, 2)) == ordered[:2]


def test_transfers_that_ended_are_forgotten_the_longest_due_first(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    ended = [transfer(file, due=Instant(T0 + n), state=TransferState.COMPLETED) for n in (3, 1, 2)]
    still = transfer(file, due=T0)
    for each in (*ended, still):
        add_transfer(database, each)
    assert database.write(lambda tx: tx.transfers.prune(Instant(T0 + 1), 10)) == 0
    assert database.write(lambda tx: tx.transfers.prune(Instant(T0 + 3), 1)) == 1
    left = [each for each in ended if database.read(lambda tx, n=each.number: tx.transfers.find_transfer(n))]  # type: ignore[misc]
    assert left == [ended[0], ended[2]]
    assert database.write(lambda tx: tx.transfers.prune(Instant(T0 + 3), 10)) == 1
    assert database.read(lambda tx: tx.transfers.find_transfer(ended[0].number)) == ended[0]
    assert database.read(lambda tx: tx.transfers.find_transfer(still.number)) == still


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


# --- credentials ------------------------------------------------------------------------------------------------------


def test_a_password_is_set_and_replaced(database: Database) -> None:
    assert database.read(lambda tx: tx.credentials.find_credential(DAVE)) is None
    for password_hash in ("$argon2id$one", "$argon2id$two"):
        credential = Credential(DAVE, password_hash)
        put_credential(database, credential)
        assert database.read(lambda tx: tx.credentials.find_credential(DAVE)) == credential
    assert database.read(lambda tx: tx.credentials.find_credential(EVE)) is None
    with pytest.raises(AccountNotFound):
        put_credential(database, Credential(Ivorn("nowhere.org", "x"), "$"))


def test_tokens_are_found_until_they_are_deleted(database: Database) -> None:
    tokens = [Token(token_digest(str(number)), DAVE, T0, Instant(T0 + number)) for number in range(4)]
    for token in tokens:
        add_token(database, token)

    def known(tx: Transaction) -> list[Token | None]:
        return [tx.credentials.find_token(token.digest) for token in tokens]

    def bearer(number: int, now: int) -> Account | None:
        return database.read(lambda tx: tx.credentials.find_bearer(tokens[number].digest, Instant(now)))

    assert database.read(known) == tokens
    assert bearer(2, T0 + 1) == database.read(lambda tx: tx.accounts.find_account(DAVE))
    assert bearer(2, T0 + 2) is bearer(2, T0 + 3) is None
    database.write(lambda tx: tx.credentials.delete_token(tokens[3].digest))
    assert bearer(3, T0) is None
    database.write(lambda tx: tx.credentials.delete_token(tokens[3].digest))
    assert database.write(lambda tx: tx.credentials.delete_expired_tokens(Instant(T0 + 1))) == 2
    assert database.read(known) == [None, None, tokens[2], None]
    with pytest.raises(AccountNotFound):
        add_token(database, Token(b"x", Ivorn("nowhere.org", "x"), T0, T0))


# --- errands ----------------------------------------------------------------------------------------------------------


def errand(store: Ivorn, due: int, subject: str) -> Errand:
    return Errand(store, ErrandVerb.DELETE_CONTAINER, subject, T0, Instant(T0 + due))


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


# --- laws -------------------------------------------------------------------------------------------------------------

# Few names and few folders, so that names meet each other.
MOVES = st.lists(
    st.tuples(st.sampled_from(["add", "move", "delete"]), st.integers(0, 9), st.integers(0, 9), st.sampled_from("abc")),
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_whatever_is_done_names_stay_unique_and_everything_hangs_from_its_root(
    empty: Database, moves: list[tuple[str, int, int, str]]
) -> None:
    owner = Ivorn("x.org", new_number())
    add_account(empty, account(owner, owner.resource))
    nodes = {(home := add(empty, root(owner))).key: home}
    for verb, one, two, name in moves:
        keys = list(nodes)
        node, target = nodes[keys[one % len(keys)]], nodes[keys[two % len(keys)]]
        try:
            if verb == "add":
                added = add(empty, under(target, name, NodeKind.FOLDER))
                nodes[added.key] = added
            elif node is home:
                continue
            elif verb == "delete":
                delete(empty, node)
                del nodes[node.key]
            elif node.key not in {target.key, *(each.key for each in ancestors(empty, target))}:
                moved = replace(node, name=NodeName(name), parent=target.key, parent_number=target.number)
                save(empty, moved)
                nodes[node.key] = moved
        except (DuplicateNode, FolderNotEmpty):
            continue
    for node in nodes.values():
        assert find(empty, node) == node
        way = ancestors(empty, node)
        assert [node.key, *(each.key for each in way)][-1] == home.key
        path = [each.name for each in [node, *way][::-1]][1:]
        assert find(empty, home, *path) == node
        names = [each.name for each in children(empty, node)]
        assert names == sorted(each.name for each in nodes.values() if each.parent == node.key)
        assert len(set(names)) == len(names)


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


def test_a_password_and_all_tokens_of_one_account_are_taken_away(database: Database) -> None:
    tokens = {
        name: Token(token_digest(name), who, T0, Instant(T0 + 1))
        for name, who in (("a", DAVE), ("b", DAVE), ("c", EVE))
    }

    def fill(tx: Transaction) -> None:
        for who in (DAVE, EVE):
            tx.credentials.put_credential(Credential(who, "hash"))
        for token in tokens.values():
            tx.credentials.add_token(token)

    database.write(fill)
    database.write(lambda tx: tx.credentials.delete_credential(DAVE))
    assert database.write(lambda tx: tx.credentials.delete_tokens_of(DAVE)) == 2
    assert database.write(lambda tx: tx.credentials.delete_tokens_of(DAVE)) == 0
    database.write(lambda tx: tx.credentials.delete_credential(DAVE))
    assert database.read(lambda tx: tx.credentials.find_credential(DAVE)) is None
    assert database.read(lambda tx: tx.credentials.find_credential(EVE)) is not None
    left = database.read(lambda tx: {name for name, each in tokens.items() if tx.credentials.find_token(each.digest)})
    assert left == {"c"}
