"""What the parts `contents` and `changes` of the FileManager's database promise of what was: earlier versions and the
history of one node, against memory, SQLite, PostgreSQL.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from filemanager.domain.account import Account
from filemanager.domain.change import Change
from filemanager.domain.content import ContentVersion
from filemanager.domain.node import HOME, Node
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from tests.support.databases import new_database, server
from vofiles.contract import AccountKind, Digest, NodeKind
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

__all__ = ["server"]

T0 = Instant(1_700_000_000_000_000)
DAVE, EVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave"), Ivorn.parse("ivo://ast.cam.ac.uk/eve")
DIGESTS = (Digest("xxh3-128", "0f" * 16), Digest("sha-256", "ab" * 32))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Database]:
    opened: Database
    if request.param == "memory":
        opened = MemoryDatabase()
    else:
        opened = open_database(new_database(request.param, server, tmp_path))
    yield opened
    opened.close()


def files(tx: Transaction) -> tuple[int, int]:
    """The keys of two files."""
    tx.accounts.add_account(Account(DAVE, "dave", AccountKind.PERSON, "home", T0))
    home = tx.nodes.add_node(Node("home", HOME, NodeKind.FOLDER, DAVE, T0, T0))
    one, two = (
        tx.nodes.add_node(Node(name, NodeName(name), NodeKind.FILE, DAVE, T0, T0, 1, 0, home.key, home.number)).key
        for name in ("one", "two")
    )
    return one, two


def version(node: int, number: int, digests: tuple[Digest, ...] = DIGESTS) -> ContentVersion:
    return ContentVersion(node, number, number, Instant(T0 + number), "text/plain", digests)


@pytest.fixture
def versions(database: Database) -> list[ContentVersion]:
    """Five of a file, with more of another one between them; as they are when all have come."""

    def fill(tx: Transaction) -> list[ContentVersion]:
        one, two = files(tx)
        added = []
        for number in range(1, 6):
            added.append(tx.contents.add_version(version(one, number, DIGESTS if number % 2 else ())))
            tx.contents.add_version(version(two, number))
        followed = [replace(each, superseded=after.created) for each, after in pairwise(added)]
        return [*followed, added[-1]]

    return database.write(fill)


def test_a_version_is_found_by_its_number(database: Database, versions: list[ContentVersion]) -> None:
    node = versions[0].node
    assert [database.read(lambda tx, n=n: tx.contents.find_version(node, n)) for n in range(1, 6)] == versions  # type: ignore[misc]
    for nothing in ((node, 0), (node, 6), (10**9, 1)):
        assert database.read(lambda tx, nothing=nothing: tx.contents.find_version(*nothing)) is None  # type: ignore[misc]


def test_versions_come_the_highest_first(database: Database, versions: list[ContentVersion]) -> None:
    node = versions[0].node

    def below(number: int | None, limit: int) -> list[ContentVersion]:
        return database.read(lambda tx: tx.contents.versions_below(node, number, limit))

    assert below(None, 99) == versions[::-1]
    assert below(None, 2) == [versions[4], versions[3]]
    assert below(4, 2) == [versions[2], versions[1]]
    assert below(1, 2) == []
    assert database.read(lambda tx: tx.contents.versions_below(10**9, None, 2)) == []


def test_a_version_is_superseded_by_the_next_one(database: Database, versions: list[ContentVersion]) -> None:
    node = versions[0].node

    def until(instant: int) -> list[ContentVersion]:
        return database.read(lambda tx: tx.contents.superseded_until(node, Instant(instant)))

    assert until(T0 + 1) == []
    assert until(T0 + 2) == versions[:1]
    assert until(T0 + 99) == versions[:4]
    gone = versions[1]
    database.write(lambda tx: tx.contents.delete_version(gone.key))
    assert until(T0 + 3) == versions[:1]
    added = database.write(lambda tx: tx.contents.add_version(version(node, 6)))
    assert until(T0 + 6)[-1] == replace(versions[4], superseded=added.created)
    # Those that were superseded before are as they were.
    assert until(T0 + 6)[0] == versions[0]


def test_all_that_is_superseded_comes_in_pages(database: Database, versions: list[ContentVersion]) -> None:
    every = database.read(lambda tx: tx.contents.superseded(0, 99))
    assert [each for each in every if each.node == versions[0].node] == versions[:4]
    assert len(every) == 8
    assert [each.key for each in every] == sorted(each.key for each in every)
    assert database.read(lambda tx: tx.contents.superseded(0, 3)) == every[:3]
    assert database.read(lambda tx: tx.contents.superseded(every[2].key, 99)) == every[3:]
    assert database.read(lambda tx: tx.contents.superseded(every[-1].key, 99)) == []


def test_the_changes_of_a_node_in_one_tree(database: Database) -> None:
    def fill(tx: Transaction) -> list[Change]:
        added = []
        for number in range(12):
            node, owner = ("one", "two")[number % 2], (DAVE, DAVE, EVE)[number % 3]
            added.append(tx.changes.add_change(Change(EVE, owner, Instant(T0 + number // 4), node, "x")))
        return added

    added = database.write(fill)
    wanted = [each for each in added if (each.node, each.on_behalf_of) == ("one", DAVE)]
    assert len(wanted) == 4

    def of(after: int, until: Instant | None, limit: int, node: str = "one") -> list[Change]:
        return database.read(lambda tx: tx.changes.changes_of(node, DAVE, after, until, limit))

    assert of(0, None, 99) == wanted
    assert of(0, None, 2) == wanted[:2]
    assert of(wanted[1].number, None, 99) == wanted[2:]
    assert of(wanted[-1].number, None, 99) == []
    assert of(0, Instant(T0 + 1), 99) == [each for each in wanted if each.at <= T0 + 1]
    assert of(0, Instant(T0 - 1), 99) == []
    assert of(0, None, 99, "three") == []
