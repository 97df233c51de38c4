"""What the part `census` of the FileManager's database promises, against memory, SQLite, PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filemanager.domain.account import Account
from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import HOME, Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from tests.support.databases import new_database, server
from vofiles.contract import AccountKind, Digest, Direction, NodeKind, TransferState
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

__all__ = ["server"]

T0 = Instant(1_700_000_000_000_000)
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
# One name is the beginning of the other, so that pages of one must not run over into the other's.
ONE, TWO = Ivorn.parse("ivo://star.le.ac.uk/filestore"), Ivorn.parse("ivo://star.le.ac.uk/filestore2")
END = "\U0010ffff"
DIGESTS = (Digest("xxh3-128", "0f" * 16), Digest("sha-256", "ab" * 32))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Database]:
    opened: Database
    if request.param == "memory":
        opened = MemoryDatabase()
    else:
        opened = open_database(new_database(request.param, server, tmp_path))
    opened.write(fill)
    yield opened
    opened.close()


def fill(tx: Transaction) -> None:
    """A home with five files, each of one version with a replica in each store; transfers and errands."""
    tx.accounts.add_account(Account(DAVE, "dave", AccountKind.PERSON, "home", T0))
    for store in (ONE, TWO):
        tx.stores.put_store(Store(store, "http://x/filestore"))
    home = tx.nodes.add_node(Node("home", HOME, NodeKind.FOLDER, DAVE, T0, T0))
    for letter in "cabed":
        node = tx.nodes.add_node(
            Node(letter, NodeName(letter), NodeKind.FILE, DAVE, T0, T0, 2, 1, home.key, home.number)
        )
        version = tx.contents.add_version(ContentVersion(node.key, 1, 7, T0, "text/plain", DIGESTS))
        for store in (ONE, TWO):
            replica = Replica(version.key, store, store.with_fragment(letter * 4), ReplicaState.AVAILABLE)
            tx.contents.add_replica(replica)
        tx.transfers.add_transfer(
            Transfer(f"t-{letter}", DAVE, Direction.IMPORT_INIT, ONE, TransferState.COMPLETED, T0, node.key, letter, T0)
        )
        tx.errands.add_errand(Errand(ONE, ErrandVerb.DELETE_CONTAINER, f"{ONE}#gone-{letter}", T0, T0))


def test_nodes_come_in_the_order_of_their_keys(database: Database) -> None:
    every = database.read(lambda tx: tx.census.nodes(0, 99))
    assert [node.number for node in every] == ["home", *"cabed"]
    assert database.read(lambda tx: tx.census.nodes(every[2].key, 2)) == every[3:5]
    assert database.read(lambda tx: tx.census.nodes(every[-1].key, 2)) == []
    assert every[1] == database.read(lambda tx: tx.nodes.find_node("c"))


def test_transfers_come_in_the_order_of_their_numbers(database: Database) -> None:
    every = database.read(lambda tx: tx.census.transfers("", 99))
    assert [each.number for each in every] == [f"t-{letter}" for letter in "abcde"]
    assert database.read(lambda tx: tx.census.transfers("t-b", 2)) == every[2:4]


def test_errands_come_in_the_order_of_their_keys(database: Database) -> None:
    every = database.read(lambda tx: tx.census.errands(0, 99))
    assert [each.subject for each in every] == [f"{ONE}#gone-{letter}" for letter in "cabed"]
    assert database.read(lambda tx: tx.census.errands(every[1].key, 2)) == every[2:4]
    asked = [f"{ONE}#gone-a", f"{ONE}#aaaa", "t-a"]
    assert database.read(lambda tx: tx.census.subjects_among(asked)) == {f"{ONE}#gone-a"}
    assert database.read(lambda tx: tx.census.subjects_among([])) == set()


@pytest.mark.parametrize("store", [ONE, TWO])
def test_replicas_of_one_store_come_in_the_order_of_containers(database: Database, store: Ivorn) -> None:
    every = database.read(lambda tx: tx.census.replicas(store, "", 99))
    assert [each.container for each in every] == [store.with_fragment(letter * 4) for letter in "abcde"]
    assert {each.store for each in every} == {store}
    assert database.read(lambda tx: tx.census.replicas(store, "bbbb", 2)) == every[2:4]
    assert database.read(lambda tx: tx.census.replicas(store, "eeee", 2)) == []
    asked = [each.container for each in every[:2]] + [store.with_fragment("none")]
    found = database.read(lambda tx: tx.census.replicas_in(asked))
    assert found == {each.container: each for each in every[:2]}


def test_versions_are_found_by_their_keys(database: Database) -> None:
    replicas = database.read(lambda tx: tx.census.replicas(ONE, "", 99))
    keys = [replica.version for replica in replicas]
    found = database.read(lambda tx: tx.census.versions([*keys, 10_000]))
    assert found.keys() == set(keys)
    assert {(each.size, each.digests, each.content_type) for each in found.values()} == {(7, DIGESTS, "text/plain")}


def test_versions_are_found_by_their_bytes(database: Database) -> None:
    def like(*hashes: str, limit: int = 99) -> list[int]:
        return sorted(each.key for each in database.read(lambda tx: tx.census.versions_like(hashes, limit)))

    def add(tx: Transaction) -> list[int]:
        node = tx.nodes.find_node("a")
        assert node is not None
        other = ContentVersion(node.key, 2, 9, T0, None, (Digest("sha-256", "cd" * 32),))
        # Another digest with the same letters says nothing.
        third = ContentVersion(node.key, 3, 9, T0, None, (Digest("xxh3-128", "ab" * 32),))
        return [tx.contents.add_version(each).key for each in (other, third)]

    other, _third = database.write(add)
    every = {each.version for each in database.read(lambda tx: tx.census.replicas(ONE, "", 99))}
    assert (like("cd" * 32), set(like("ab" * 32)), like("ef" * 32), like()) == ([other], every, [], [])
    assert set(like("ab" * 32, "cd" * 32)) == {*every, other}
    assert len(like("ab" * 32, limit=2)) == 2
    (found,) = database.read(lambda tx: tx.census.versions_like(["cd" * 32], 9))
    assert (found.size, found.number, found.digests) == (9, 2, (Digest("sha-256", "cd" * 32),))


def test_a_replica_is_marked_and_stays_what_it_is_otherwise(database: Database) -> None:
    one, two, *_ = database.read(lambda tx: tx.census.replicas(ONE, "", 99))
    database.write(lambda tx: tx.census.mark_replica(one.key, ReplicaState.LOST))
    database.write(lambda tx: tx.census.mark_replica(10_000, ReplicaState.LOST))
    marked = replace(one, state=ReplicaState.LOST)
    assert database.read(lambda tx: tx.census.replicas(ONE, "", 2)) == [marked, two]


def test_an_orphan_is_known_from_when_it_was_first_seen(database: Database) -> None:
    def note(after: str, upto: str, letters: str, at: int) -> dict[str, int]:
        containers = [ONE.with_fragment(letter * 4) for letter in letters]
        now = Instant(T0 + at)
        known = database.write(lambda tx: tx.census.note_orphans(ONE, after, upto, containers, now))
        return {container.fragment[0]: since - T0 for container, since in known.items()}

    assert note("", END, "xz", 1) == {"x": 1, "z": 1}
    assert note("", END, "xyz", 2) == {"x": 1, "y": 2, "z": 1}
    # Outside the stretch nothing is forgotten; within it, what is not named is.
    assert note("", "xxxx", "", 3) == {}
    assert note("xxxx", "yyyy", "y", 3) == {"y": 2}
    assert note("", END, "xyz", 4) == {"x": 4, "y": 2, "z": 1}
    assert database.write(lambda tx: tx.census.note_orphans(TWO, "", END, [], T0)) == {}
    assert note("", END, "z", 5) == {"z": 1}
