"""What the parts `trash` and `usages` of the FileManager's database promise, and what the others do for them, against
memory, SQLite and PostgreSQL.
"""

from dataclasses import replace
from typing import Any

import pytest

from filemanager.domain.account import Account
from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import HOME, Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.domain.trash import UPKEEP, TrashEntry, new_trash
from filemanager.domain.usage import Usage
from filemanager.ports import Database, Transaction
from tests.support.databases import server
from tests.support.treedatabases import tree
from vofiles.contract import AccountKind, Direction, NodeKind, TransferState
from vofiles.errors import AccountNotFound, DuplicateNode, FolderNotEmpty, NodeNotFound, StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.names import NodeName

__all__ = ["server", "tree"]

T0 = Instant(1_700_000_000_000_000)
DAVE, EVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave"), Ivorn.parse("ivo://ast.cam.ac.uk/eve")
STORE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")
JOB = "job-17"


class Space:
    """An account's home and trash, in a transaction."""

    def __init__(self, tx: Transaction, owner: Ivorn) -> None:
        self.tx = tx
        home = f"home-{owner.resource}"
        tx.accounts.add_account(Account(owner, owner.resource, AccountKind.PERSON, home, T0))
        self.home = tx.nodes.add_node(Node(home, HOME, NodeKind.FOLDER, owner, T0, T0))
        self.trash = tx.nodes.add_node(new_trash(f"trash-{owner.resource}", owner, T0))

    def add(self, parent: Node, name: str, kind: str = NodeKind.FILE, *sizes: int) -> Node:
        """A node, and for a file contents of these sizes."""
        fresh = Node(new_number(), NodeName(name), kind, parent.owner, T0, T0)
        fresh = replace(fresh, parent=parent.key, parent_number=parent.number)
        node = self.tx.nodes.add_node(fresh)
        for number, size in enumerate(sizes, 1):
            node = node.with_content(number, T0)
            self.tx.nodes.save_node(node)
            self.tx.contents.add_version(ContentVersion(node.key, number, size, T0))
        return node

    def delete(self, node: Node, deleted: int = 0, **changes: Any) -> TrashEntry:
        """Put a node into the trash."""
        gone = replace(
            node, parent=self.trash.key, parent_number=self.trash.number, name=NodeName(node.number)
        ).changed(T0)
        self.tx.nodes.save_node(gone)
        entry = TrashEntry(
            node=node.key,
            number=node.number,
            owner=node.owner,
            parent_number=node.parent_number or "",
            name=node.name,
            path=f"ivo://x/y#home/{node.name}",
            deleted=Instant(T0 + deleted),
            deleted_by=node.owner,
        )
        entry = replace(entry, **changes)
        self.tx.trash.add_entry(entry)
        return entry


def test_a_trash_is_a_second_root_and_there_is_one_of_each(tree: Database) -> None:
    def fill(tx: Transaction) -> tuple[Node, Node]:
        tx.accounts.add_account(Account(EVE, "eve", AccountKind.PERSON, "eves", T0))
        assert tx.trash.find_root(DAVE) is None
        space = Space(tx, DAVE)
        assert tx.trash.find_root(DAVE) == space.trash
        assert tx.trash.find_root(EVE) is None
        return space.home, space.trash

    home, trash = tree.write(fill)
    assert (trash.is_trash, home.is_trash, trash.is_root) == (True, False, True)
    for root in (home, trash):
        with pytest.raises(DuplicateNode):
            tree.write(lambda tx, root=root: tx.nodes.add_node(replace(root, number=new_number(), key=0)))  # type: ignore[misc]


def test_an_entry_is_found_as_it_was_added_until_it_or_its_node_goes(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        space = Space(tx, DAVE)
        one, two = (space.add(space.home, name) for name in "ab")
        told: dict[str, Any] = {"purge_after": Instant(T0 + 9), "files": 3, "size": 1 << 40, "purger": JOB}
        entries = [space.delete(one, **told), space.delete(two)]
        assert [tx.trash.find_entry(entry.number) for entry in entries] == entries
        assert tx.trash.entries_among([one.key, space.home.key, two.key]) == {each.node: each for each in entries}
        assert tx.trash.entries_among([]) == {}
        assert tx.trash.find_entry("nothing") is None
        tx.trash.delete_entry(two.key)
        tx.trash.delete_entry(two.key)
        tx.nodes.delete_node(one.key)
        assert [tx.trash.find_entry(entry.number) for entry in entries] == [None, None]
        assert tx.nodes.find_key(two.key) is not None

    tree.write(fill)
    with pytest.raises(AccountNotFound):
        tree.write(lambda tx: tx.trash.add_entry(TrashEntry(1, "n", EVE, "p", NodeName("a"), "x", T0, EVE)))
    with pytest.raises(NodeNotFound):
        tree.write(lambda tx: tx.trash.add_entry(TrashEntry(1 << 40, "n", DAVE, "p", NodeName("a"), "x", T0, EVE)))


def test_what_is_below_a_trash_is_in_it_and_has_no_path(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        space = Space(tx, DAVE)
        gone = space.add(space.home, "a", NodeKind.FOLDER)
        below = space.add(gone, "b", NodeKind.FOLDER)
        deep = space.add(below, "c")
        path = tuple(NodeName(name) for name in "abc")
        names = [NodeName(f"x{number}") for number in range(40)]
        lowest = below
        for name in names:
            lowest = space.add(lowest, name, NodeKind.FOLDER)
        nodes = [gone, below, deep, lowest]
        assert tx.nodes.find_path(space.home.number, path) == deep
        assert tx.nodes.find_path(below.number, names) == lowest
        assert not any(tx.trash.holds(node.key) for node in [*nodes, space.home])
        space.delete(gone)
        assert all(tx.trash.holds(node.key) for node in [*nodes, space.trash])
        assert not tx.trash.holds(space.home.key)
        assert not tx.trash.holds(1 << 40)
        assert tx.nodes.find_path(space.home.number, path) is None
        assert tx.nodes.find_path(space.home.number, ()) == space.home
        for start in [*nodes, space.trash]:
            assert tx.nodes.find_path(start.number, ()) is None
        for start, rest in ((gone, path[1:]), (below, path[2:]), (below, names), (space.trash, (gone.number,))):
            assert tx.nodes.find_path(start.number, rest) is None  # type: ignore[arg-type]
        assert tx.nodes.find_node(deep.number) == deep

    tree.write(fill)


def test_entries_come_page_by_page_the_last_deleted_first(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        space, eve = Space(tx, DAVE), Space(tx, EVE)
        times = [3, 1, 2, 2, 2, 1]
        entries = [space.delete(space.add(space.home, f"f{place}"), at) for place, at in enumerate(times)]
        space.delete(space.add(space.home, "going"), 2, purger=JOB)
        hers = eve.delete(eve.add(eve.home, "f"), 2)
        entries.sort(key=lambda entry: (entry.deleted, entry.number), reverse=True)
        assert tx.trash.list_entries(DAVE, None, 100) == entries
        assert tx.trash.list_entries(EVE, None, 100) == [hers]
        assert (tx.trash.count_entries(DAVE), tx.trash.count_entries(EVE)) == (6, 1)
        seen: list[TrashEntry] = []
        while page := tx.trash.list_entries(DAVE, (seen[-1].deleted, seen[-1].number) if seen else None, 2):
            assert len(page) == 2
            seen += page
        assert seen == entries

    tree.write(fill)


def test_entries_are_claimed_released_and_handed_over(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        space, eve = Space(tx, DAVE), Space(tx, EVE)
        one, two, three = (space.delete(space.add(space.home, name)) for name in "abc")
        hers = eve.delete(eve.add(eve.home, "a"), purge_after=Instant(T0 + 5))
        tx.trash.claim(two.node, "other")
        assert tx.trash.claim_all(DAVE, JOB) == 2
        assert tx.trash.claim_all(DAVE, JOB) == 0
        assert [entry.node for entry in tx.trash.claimed(JOB, 10)] == sorted([one.node, three.node])
        assert len(tx.trash.claimed(JOB, 1)) == 1
        assert tx.trash.list_entries(DAVE, None, 10) == []
        tx.trash.release(JOB)
        assert {entry.node for entry in tx.trash.list_entries(DAVE, None, 10)} == {one.node, three.node}
        assert tx.trash.due_entries(Instant(T0 + 4), 10) == []
        tx.trash.hand_over("other", Instant(T0 + 4))
        (due,) = tx.trash.due_entries(Instant(T0 + 4), 10)
        assert (due.node, due.purger, due.purge_after) == (two.node, UPKEEP, T0 + 4)
        assert [entry.node for entry in tx.trash.due_entries(Instant(T0 + 5), 10)] == [two.node, hers.node]
        assert [entry.node for entry in tx.trash.due_entries(Instant(T0 + 5), 1)] == [two.node]
        tx.trash.claim(hers.node, JOB)
        assert [entry.node for entry in tx.trash.due_entries(Instant(T0 + 5), 10)] == [two.node]

    tree.write(fill)


def test_counts_are_noted_and_forgotten_with_what_changes_below(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        space = Space(tx, DAVE)
        folder = space.add(space.home, "a", NodeKind.FOLDER)
        below = space.add(space.add(folder, "b", NodeKind.FOLDER), "c")
        live = space.add(space.home, "live")
        entry, other = space.delete(folder), space.delete(space.add(space.home, "d"), files=1, size=2)
        space.delete(space.add(space.home, "going"), purger=JOB)
        assert [each.node for each in tx.trash.uncounted(10)] == [entry.node]
        tx.trash.note_count(entry.node, 1, 5)
        tx.trash.note_count(1 << 40, 1, 5)
        assert tx.trash.uncounted(10) == []
        assert tx.trash.find_entry(entry.number) == replace(entry, files=1, size=5)
        tx.trash.forget_count(live.key)
        assert tx.trash.uncounted(10) == []
        tx.trash.forget_count(below.key)
        assert tx.trash.uncounted(10) == [entry]
        assert tx.trash.find_entry(other.number) == other
        tx.trash.forget_count(other.node)
        assert len(tx.trash.uncounted(1)) == 1
        assert len(tx.trash.uncounted(10)) == 2

    tree.write(fill)


def test_usage_counts_a_node_and_all_below_it_once(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        space = Space(tx, DAVE)
        folder = space.add(space.home, "a", NodeKind.FOLDER)
        file = space.add(folder, "b", NodeKind.FILE, 1, 20, 300)
        space.add(folder, "c", NodeKind.FILE, 1 << 50)
        empty = space.add(space.add(folder, "d", NodeKind.FOLDER), "e")
        entry = space.delete(space.add(space.home, "f", NodeKind.FILE, 7, 8))
        keys = [space.home.key, folder.key, file.key, empty.key, space.trash.key, entry.node, 1 << 40]
        assert tx.usages.of_nodes(keys) == {
            space.home.key: Usage(3, 3, 300 + (1 << 50), 21),
            folder.key: Usage(3, 2, 300 + (1 << 50), 21),
            file.key: Usage(1, 0, 300, 21),
            empty.key: Usage(1, 0, 0, 0),
            space.trash.key: Usage(1, 0, 8, 7),
            entry.node: Usage(1, 0, 8, 7),
        }
        assert tx.usages.of_nodes([]) == {}
        assert tx.usages.if_small(folder.key, 5) == Usage(3, 2, 300 + (1 << 50), 21)
        assert tx.usages.if_small(folder.key, 4) is None
        assert tx.usages.if_small(file.key, 1) == Usage(1, 0, 300, 21)
        assert tx.usages.if_small(1 << 40, 5) is None

    tree.write(fill)


def test_many_nodes_go_at_once_with_all_that_is_theirs(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        tx.stores.put_store(Store(STORE, "http://cambridge/filestore"))
        space = Space(tx, DAVE)
        top = space.add(space.home, "a", NodeKind.FOLDER)
        files = [space.add(top, f"f{number}", NodeKind.FILE, 1, 2) for number in range(600)]
        kept = space.add(space.home, "kept", NodeKind.FILE, 1)
        for node in (files[0], kept):
            version = tx.contents.current_versions([node.key])[node.key]
            tx.contents.add_replica(
                Replica(version.key, STORE, STORE.with_fragment(node.number), ReplicaState.AVAILABLE)
            )
            number = new_number()
            moving = Transfer(
                number, DAVE, Direction.IMPORT_INIT, STORE, TransferState.OFFERED, T0, node.key, node.number, T0
            )
            tx.transfers.add_transfer(moving)
            tx.transfers.add_transfer(replace(moving, number=new_number(), state=TransferState.FAILED))
        keys = [*(file.key for file in files), top.key]
        assert [each.container for each in tx.contents.replicas_of_nodes(keys)] == [
            STORE.with_fragment(files[0].number)
        ]
        assert tx.contents.replicas_of_nodes([]) == []
        (open_one,) = tx.transfers.open_among(keys)
        assert (open_one.node, open_one.state) == (files[0].key, TransferState.OFFERED)
        assert tx.transfers.open_among([]) == []
        tx.nodes.delete_nodes(keys)
        tx.nodes.delete_nodes(keys)
        assert [node.key for node in tx.nodes.children(space.home.key, None, 10)] == [kept.key]
        assert tx.contents.current_versions(keys) == {}
        found = tx.transfers.find_transfer(open_one.number)
        assert found == replace(open_one, node=None)
        assert [each.node for each in tx.transfers.open_among([kept.key])] == [kept.key]

    tree.write(fill)


def test_a_folder_does_not_go_without_its_children(tree: Database) -> None:
    def fill(tx: Transaction) -> int:
        space = Space(tx, DAVE)
        folder = space.add(space.home, "a", NodeKind.FOLDER)
        space.add(folder, "b")
        return folder.key

    key = tree.write(fill)
    with pytest.raises(FolderNotEmpty):
        tree.write(lambda tx: tx.nodes.delete_nodes([key]))


def test_many_errands_are_added_at_once(tree: Database) -> None:
    def fill(tx: Transaction) -> None:
        tx.stores.put_store(Store(STORE, "http://cambridge/filestore"))
        errands = [Errand(STORE, ErrandVerb.DELETE_CONTAINER, f"c{place}", T0, T0) for place in range(3)]
        tx.errands.add_errands(errands)
        tx.errands.add_errands([])
        found = tx.errands.due_errands(T0, 10)
        assert [replace(errand, key=0) for errand in found] == errands

    tree.write(fill)
    with pytest.raises(StoreNotFound):
        tree.write(lambda tx: tx.errands.add_errands([Errand(DAVE, ErrandVerb.DELETE_CONTAINER, "c", T0, T0)]))
