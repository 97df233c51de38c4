"""What the port `Database` promises of nodes, against every implementation."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemanager.domain.content import ContentVersion
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.ports import Database, Transaction
from tests.support.databases import server
from tests.support.treedatabases import tree
from tests.support.treerows import (
    EVE,
    LEICESTER,
    LONG,
    T0,
    account,
    add,
    add_account,
    add_tree,
    ancestors,
    children,
    container,
    database,
    delete,
    find,
    root,
    save,
    transfer,
    under,
    version,
)
from vofiles.contract import NodeKind
from vofiles.errors import (
    AccountNotFound,
    Conflict,
    DuplicateNode,
    FolderNotEmpty,
    NodeNotFound,
    ParentNotFound,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.names import NodeName

__all__ = ["database", "server", "tree"]


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


# --- laws -------------------------------------------------------------------------------------------------------------


# Few names and few folders, so that names meet each other.
MOVES = st.lists(
    st.tuples(st.sampled_from(["add", "move", "delete"]), st.integers(0, 9), st.integers(0, 9), st.sampled_from("abc")),
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_whatever_is_done_names_stay_unique_and_everything_hangs_from_its_root(
    tree: Database, moves: list[tuple[str, int, int, str]]
) -> None:
    owner = Ivorn("x.org", new_number())
    add_account(tree, account(owner, owner.resource))
    nodes = {(home := add(tree, root(owner))).key: home}
    for verb, one, two, name in moves:
        keys = list(nodes)
        node, target = nodes[keys[one % len(keys)]], nodes[keys[two % len(keys)]]
        try:
            if verb == "add":
                added = add(tree, under(target, name, NodeKind.FOLDER))
                nodes[added.key] = added
            elif node is home:
                continue
            elif verb == "delete":
                delete(tree, node)
                del nodes[node.key]
            elif node.key not in {target.key, *(each.key for each in ancestors(tree, target))}:
                moved = replace(node, name=NodeName(name), parent=target.key, parent_number=target.number)
                save(tree, moved)
                nodes[node.key] = moved
        except (DuplicateNode, FolderNotEmpty):
            continue
    for node in nodes.values():
        assert find(tree, node) == node
        way = ancestors(tree, node)
        assert [node.key, *(each.key for each in way)][-1] == home.key
        path = [each.name for each in [node, *way][::-1]][1:]
        assert find(tree, home, *path) == node
        names = [each.name for each in children(tree, node)]
        assert names == sorted(each.name for each in nodes.values() if each.parent == node.key)
        assert len(set(names)) == len(names)
