"""How SQLite and PostgreSQL run what a search asks: by an index, in the order wanted, whatever the size of the tree."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from filemanager.domain.account import Account
from filemanager.domain.node import HOME, Node
from filemanager.domain.search import ALL, Place, beginning_with, exactly
from filemanager.persistence import engine
from filemanager.persistence.engine import SqlTransaction
from filemanager.persistence.repositories.search import alike_statement
from tests.support.databases import server, url
from vofiles.contract import NodeKind, Order
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.database import Database

__all__ = ["server", "url"]

DAVE, EVE = (Ivorn.parse(f"ivo://ast.cam.ac.uk/{name}") for name in ("dave", "eve"))
FILES = 20_000

# As many files as make an index worth while, half of them Dave's, in a hundred folders; each has a type and a property.
ROWS = [
    """INSERT INTO nodes (number, parent, name, kind, owner, created, modified, generation, version, size)
    SELECT 'd' || i, (SELECT n.key FROM nodes n WHERE n.number = CASE i % 2 WHEN 0 THEN 'dave' ELSE 'eve' END),
    'folder' || i, 'FOLDER', 1 + i % 2, i, i, 1, 0, -1 FROM ({numbers}) AS counted WHERE i < 100""",
    """INSERT INTO nodes (number, parent, name, kind, owner, created, modified, generation, version, size)
    SELECT 'f' || i, (SELECT n.key FROM nodes n WHERE n.number = 'd' || (i % 100)),
    'file' || i, 'FILE', 1 + i % 2, i, i * 7 % 1000, 1, 1, i FROM ({numbers}) AS counted""",
    """INSERT INTO content_versions (node, number, size, created, content_type)
    SELECT key, 1, size, created, 'type/' || (key % 50) FROM nodes WHERE kind = 'FILE'""",
    """INSERT INTO node_properties (node, name, value)
    SELECT key, 'colour', 'a' || (key % 500) FROM nodes WHERE kind = 'FILE'""",
    "ANALYZE",
]
NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n",
    "postgresql": "SELECT i FROM generate_series(0, {last}) AS i",
}


def dialect_of(url: str) -> str:
    return url.partition(":")[0].partition("+")[0]


@pytest.fixture
def database(url: str) -> Iterator[Database[SqlTransaction]]:
    database = engine.open_database(url)
    with closing(database):
        database.write(lambda tx: fill(tx, NUMBERS[dialect_of(url)].format(last=FILES - 1)))
        yield database


def fill(tx: SqlTransaction, numbers: str) -> None:
    for owner, name in ((DAVE, "dave"), (EVE, "eve")):
        tx.accounts.add_account(Account(owner, name, "PERSON", name, Instant(1)))
        tx.nodes.add_node(Node(name, HOME, NodeKind.FOLDER, owner, Instant(1), Instant(1)))
    for statement in ROWS:
        connection_of(tx).execute(text(statement.format(numbers=numbers)))


def connection_of(tx: SqlTransaction) -> Connection:
    return tx.nodes._connection


def plans_of(database: Database[SqlTransaction], work: Any) -> str:
    """What the database says about each statement that the work sends it."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        sent.append((statement, values[0] if many else values))

    def explain(tx: SqlTransaction) -> list[str]:
        connection = connection_of(tx)
        event.listen(connection, "before_cursor_execute", note)
        assert work(tx), "it answers something"
        event.remove(connection, "before_cursor_execute", note)
        if connection.dialect.name == "sqlite":
            told = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in sent]
            return [row[3] for plan in told for row in plan]
        told = [connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values) for statement, values in sent]
        return [json.dumps(plan.scalar_one()) for plan in told]

    plans = database.read(explain)
    assert sent
    assert plans
    return "\n".join(plans)


# How each says that it goes through a whole table or a whole index. Accounts are few here.
SCAN = re.compile(r'^SCAN (?!accounts)|"Seq Scan"[^}]*"Relation Name": "(?!accounts)', re.MULTILINE)
# Or that it sorts; PostgreSQL rather sorts the few that one index found than walk another.
BAD = re.compile(rf'{SCAN.pattern}|TEMP B-TREE|"Node Type": "Sort', re.MULTILINE)

MIDDLE: dict[str, Any] = {Order.NAME: "file6", Order.SIZE: 5000, Order.MODIFIED: 500, Order.CREATED: 5000}
WALKS: dict[str, Any] = {
    f"{order}, {'down' if descending else 'up'}, {'from the first' if place is None else 'from a place'}": (
        lambda tx, order=order, descending=descending, place=place: tx.search.walk(
            DAVE, order, ALL[order], place, 1000, descending=descending
        )
    )
    for order, value in MIDDLE.items()
    for descending in (False, True)
    for place in (None, Place(value, 77))
}
REST: dict[str, Any] = {
    "names that begin alike": lambda tx: tx.search.walk(DAVE, Order.NAME, beginning_with("file77"), None, 1000),
    "one name": lambda tx: tx.search.walk(DAVE, Order.NAME, exactly("file78"), None, 1000),
    "a value": lambda tx: tx.search.with_property("colour", exactly("a7"), 4000),
    "values that begin alike": lambda tx: tx.search.with_property("colour", beginning_with("a7"), 4000),
    "a type": lambda tx: tx.search.with_content_type(exactly("type/7"), 4000),
    "types that begin alike": lambda tx: tx.search.with_content_type(beginning_with("type/4"), 4000),
    "children": lambda tx: tx.search.below([3, 4, 5], 4000),
    "entries": lambda tx: tx.search.entries(list(range(1000, 1400))),
    "nodes": lambda tx: tx.search.nodes(list(range(1000, 1400))),
}


def test_no_table_is_gone_through_and_nothing_is_sorted(database: Database[SqlTransaction]) -> None:
    for what, work in WALKS.items():
        assert not BAD.search(plans_of(database, work)), what
    for what, work in REST.items():
        assert not SCAN.search(plans_of(database, work)), what


def test_each_walk_goes_along_its_own_index_from_its_place(database: Database[SqlTransaction]) -> None:
    for what, work in WALKS.items():
        plan = plans_of(database, work)
        assert f"ix_nodes_owner_{what.partition(',')[0].lower()}_key" in plan, what
        lines = [line for line in plan.splitlines() if "ix_nodes_owner" in line]
        assert len(lines) == (2 if what.endswith("a place") else 1), plan


def test_a_walk_among_many_alike_goes_on_from_its_place(database: Database[SqlTransaction]) -> None:
    for order in MIDDLE:
        for descending in (False, True):
            plan = plans_of(database, lambda tx, o=order, d=descending: alike(tx, o, descending=d))
            assert re.search(r"\(owner=\? AND \w+=\? AND (rowid|key)[<>]\?\)|\"Index Cond\": .*key [<>]", plan), plan


def alike(tx: SqlTransaction, order: str, *, descending: bool) -> list[Any]:
    """Just after a place, none but those alike: files of the same value before and after it."""
    value = MIDDLE[order]
    key = 10_000_000 if descending else 1
    statement = alike_statement(order, descending=descending)
    told = {"account": str(DAVE), "value": value, "place": key, "limit": 10}
    return list(connection_of(tx).execute(statement, told))


def test_a_scan_would_be_noticed(database: Database[SqlTransaction]) -> None:
    def scan(tx: SqlTransaction) -> list[Any]:
        return list(connection_of(tx).exec_driver_sql("SELECT key FROM nodes WHERE generation = 1"))

    def sort(tx: SqlTransaction) -> list[Any]:
        return list(connection_of(tx).exec_driver_sql("SELECT key FROM nodes WHERE parent = 5 ORDER BY modified"))

    assert SCAN.search(plans_of(database, scan))
    assert BAD.search(plans_of(database, sort))
