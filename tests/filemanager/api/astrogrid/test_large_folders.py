"""Verbs in a folder with many children: what they cost does not grow with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from filemanager.api.astrogrid.types import FILE, FOLDER
from filemanager.domain.node import Node
from filemanager.persistence.engine import open_database
from tests.support.astrogrid import ALONE, OldWorld, names
from tests.support.filemanager import World
from tests.support.statements import hearing
from vofiles.ivorn import new_number
from vofiles.names import NodeName

MANY = 10_000
STEP = 50
"""Instructions of SQLite's machine between two counts."""


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the database is in."""
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="module")
def there(databases: Path) -> Iterator[OldWorld]:
    """`large`, a folder of many files, and `small`, one of few."""
    database = open_database(f"sqlite:///{databases / 'filemanager.db'}")
    old = OldWorld(World(database))
    for folder, number in (("large", MANY), ("small", 3)):
        fill(old, old.add(folder, FOLDER), number)
    yield old
    database.close()


def fill(there: OldWorld, folder: str, number: int) -> None:
    def add(tx: Any) -> None:
        parent = tx.nodes.find_node(folder.rpartition("#")[2])
        made = [
            Node(new_number(), NodeName(f"n{each:05}"), FILE, there.dave.account, parent.created, parent.created,
                 parent=parent.key, parent_number=parent.number)
            for each in range(number)
        ]  # fmt: skip
        tx.nodes.add_nodes(made)

    there.world.database.write(add)


class Cost:
    """What was asked of the database."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.instructions = 0
        self.connections = 0

    def count(self) -> None:
        self.instructions += STEP


@contextmanager
def measured(folder: Path) -> Iterator[Cost]:
    """The statements sent meanwhile to databases in a folder, and how much work they were for SQLite: rows that are
    read and thrown away too.
    """
    cost = Cost()
    connections = set()

    def note(statement: str, cursor: Any) -> None:
        cost.statements.append(statement)
        connections.add(cursor.connection)
        cursor.connection.set_progress_handler(cost.count, STEP)

    with hearing(folder, note):
        yield cost
    cost.connections = len(connections)
    for connection in connections:
        connection.set_progress_handler(None, 0)


def verbs(there: OldWorld, databases: Path, folder: str) -> dict[str, Cost]:
    """addNode, copy, move, rename, delete in a folder, and what each cost."""
    place, costs = f"{there.home}/{folder}", dict[str, Cost]()
    # What the first of its kind costs besides (making the trash, preparing statements) is not what this is about.
    there.call("addNode", place, "first", FILE)
    there.call("delete", f"{place}/first")
    for operation, arguments in (
        ("addNode", (place, "a", FILE)),
        ("copy", (f"{place}/a", None, "b", None)),
        ("move", (f"{place}/a", there.home, "a", None)),
        ("move", (f"{there.home}/a", place, "c", None)),
        ("move", (f"{place}/c", None, "d", None)),
        ("delete", (f"{place}/d",)),
    ):
        with measured(databases) as cost:
            answered = there.call(operation, *arguments)
        costs[f"{operation} {len(costs)}"] = cost
        for node in answered:
            assert node.name != folder or len(node.children) <= 100
    there.call("delete", f"{place}/b")
    return costs


def test_verbs_cost_the_same_in_a_folder_of_ten_thousand(there: OldWorld, databases: Path) -> None:
    few, many = verbs(there, databases, "small"), verbs(there, databases, "large")
    assert {name: len(cost.statements) for name, cost in few.items()} == {
        name: len(cost.statements) for name, cost in many.items()
    }
    for name, cost in many.items():
        assert 0 < cost.instructions < few[name].instructions + MANY, name


def test_a_node_is_made_and_told_in_one_transaction(there: OldWorld, databases: Path) -> None:
    with measured(databases) as cost:
        there.call("addNode", f"{there.home}/small", "in one", FILE)
    assert cost.connections == 1, "a reader's, besides the writer's, is another transaction"
    there.call("delete", f"{there.home}/small/in one")


def test_reading_lists_all_ten_thousand_by_one_statement_for_them(there: OldWorld, databases: Path) -> None:
    with measured(databases) as cost:
        (folder,) = there.call("getNode", f"{there.home}/large", ALONE)
    assert names(folder.children) == [f"n{each:05}" for each in range(MANY)]
    assert len(cost.statements) <= 12
    assert cost.instructions > 5 * MANY
