"""How SQLite runs the statements that every request needs: by an index, whatever the size of the tree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from filemanager.domain.account import Account
from filemanager.domain.node import HOME, Node
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.persistence import engine
from filemanager.persistence.engine import SqlTransaction
from vofiles.contract import Direction, NodeKind, TransferState
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.names import NodeName
from vofiles.serving.database import Database

DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
STORE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")
T0 = Instant(1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database[SqlTransaction]]:
    database = engine.open_database(f"sqlite:///{tmp_path / 'plans.db'}")
    database.write(fill)
    yield database
    database.close()


def fill(tx: SqlTransaction) -> None:
    tx.accounts.add_account(Account(DAVE, "dave", "PERSON", "home", T0))
    tx.stores.put_store(Store(STORE, "http://x/"))
    tx.nodes.add_node(Node("home", HOME, NodeKind.FOLDER, DAVE, T0, T0))


def statements(database: Database[SqlTransaction], work: Any) -> list[tuple[str, Any]]:
    """What the work sends to SQLite, with the values of the parameters."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Connection, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        sent.append((statement, values[0] if many else values))

    def run(tx: SqlTransaction) -> None:
        connection = tx.nodes._connection
        event.listen(connection, "before_cursor_execute", note)
        work(tx)
        event.remove(connection, "before_cursor_execute", note)

    database.write(run)
    assert sent
    return sent


def scans(database: Database[SqlTransaction], sent: list[tuple[str, Any]]) -> list[str]:
    """The lines of the plans that go through a whole table, or sort."""

    def explain(tx: SqlTransaction) -> list[str]:
        plans = [
            tx.nodes._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            for statement, values in sent
        ]
        return [row[3] for plan in plans for row in plan]

    # The recursive table of `ancestors` is a queue: SQLite calls taking from it a scan too.
    harmless = ("SCAN way", "SCAN CONSTANT ROW")
    plan = database.read(explain)
    assert plan
    return [line for line in plan if line.startswith("SCAN") and not line.startswith(harmless)] + [
        line for line in plan if "TEMP B-TREE" in line
    ]


NAMES = [NodeName(f"n{number}") for number in range(20)]
KEYS = list(range(1, 30))

HOT: dict[str, Any] = {
    "a node by number": lambda tx: tx.nodes.find_node("home"),
    "a path of 1": lambda tx: tx.nodes.find_path("home", NAMES[:1]),
    "a path of 5": lambda tx: tx.nodes.find_path("home", NAMES[:5]),
    "a path of 16": lambda tx: tx.nodes.find_path("home", NAMES[:16]),
    "the first children": lambda tx: tx.nodes.children(1, None, 100),
    "the next children": lambda tx: tx.nodes.children(1, NAMES[0], 100),
    "children of many": lambda tx: tx.nodes.children_of(KEYS, 100),
    "names of the children of many": lambda tx: tx.nodes.child_names(KEYS, 100),
    "names of a folder's children": lambda tx: tx.nodes.child_names([1], 100),
    "properties of many": lambda tx: tx.nodes.properties_of(KEYS),
    "one property of many": lambda tx: tx.nodes.property_of(KEYS, "filestore.preferred"),
    "an account": lambda tx: tx.accounts.find_account(DAVE),
    "its properties": lambda tx: tx.accounts.properties_of_account(DAVE),
    "a page of accounts": lambda tx: tx.accounts.list_accounts(DAVE, 10),
    "a password": lambda tx: tx.credentials.find_credential(DAVE),
    "a token": lambda tx: tx.credentials.find_token(b"x"),
    "a token's account": lambda tx: tx.credentials.find_bearer(b"x", T0),
    "current versions": lambda tx: tx.contents.current_versions(KEYS),
    "a job": lambda tx: tx.jobs.find_job("x"),
    "a caller's jobs": lambda tx: tx.jobs.list_jobs(DAVE, None, 7, 10),
    "a page of a job's items": lambda tx: tx.jobs.items(1, None, 7, 10),
    "a page of a job's items in a state": lambda tx: tx.jobs.items(1, "FAILED", 7, 10),
    "what waits for a store": lambda tx: tx.jobs.waiting_items(STORE, 7, 10),
    "what waits for no store": lambda tx: tx.jobs.waiting_items(None, 7, 10),
    "items that are due": lambda tx: tx.jobs.due_items(T0, 10),
    "when an item is due": lambda tx: tx.jobs.next_due(),
    "a transfer's job": lambda tx: tx.jobs.job_of_transfer("x"),
    "a transfer's items": lambda tx: tx.jobs.items_of_transfers(["x"]),
    "jobs that ended long ago": lambda tx: tx.jobs.jobs_ended(T0, 10),
    "a transfer": lambda tx: tx.transfers.find_transfer("x"),
    "open imports into a space": lambda tx: tx.transfers.imports_into(DAVE),
    "due transfers": lambda tx: tx.transfers.due_transfers(T0, 10),
    "whether it is in the trash": lambda tx: tx.trash.holds(1),
    "what is to be purged": lambda tx: tx.trash.due_entries(T0, 10),
    "what a job purges": lambda tx: tx.trash.claimed("x", 10),
    "a trash": lambda tx: tx.trash.find_root(DAVE),
    "an entry of the trash": lambda tx: tx.trash.find_entry("x"),
    "the first entries": lambda tx: tx.trash.list_entries(DAVE, None, 10),
    "the next entries": lambda tx: tx.trash.list_entries(DAVE, (T0, "x"), 10),
    "entries to be counted": lambda tx: tx.trash.uncounted(10),
    "changes": lambda tx: tx.changes.list_changes(7, 10),
    "one version": lambda tx: tx.contents.find_version(1, 9),
    "old versions": lambda tx: tx.contents.superseded_until(1, T0),
    "what upkeep looks at": lambda tx: tx.contents.superseded(7, 10),
    "changes of a node": lambda tx: tx.changes.changes_of("home", DAVE, 7, T0, 10),
}


@pytest.mark.parametrize("what", HOT)
def test_no_table_is_gone_through_and_nothing_is_sorted(database: Database[SqlTransaction], what: str) -> None:
    assert scans(database, statements(database, HOT[what])) == []


FEW: dict[str, Any] = {
    "ancestors": lambda tx: tx.nodes.ancestors(1),
    "open transfers": lambda tx: tx.transfers.open_transfers(1),
    "open imports": lambda tx: tx.transfers.open_imports(KEYS),
    "replicas": lambda tx: tx.contents.replicas_of(KEYS),
    "earlier versions": lambda tx: tx.contents.versions_below(1, 9, 10),
}


@pytest.mark.parametrize("what", FEW)
def test_what_is_sorted_is_only_the_few_rows_that_an_index_found(database: Database[SqlTransaction], what: str) -> None:
    assert scans(database, statements(database, FEW[what])) == ["USE TEMP B-TREE FOR ORDER BY"]


@pytest.mark.parametrize("count", [lambda tx: tx.usages.of_nodes([1]), lambda tx: tx.usages.if_small(1, 100)])
def test_what_is_below_a_node_is_found_by_indexes_and_counted_unsorted(
    database: Database[SqlTransaction], count: Any
) -> None:
    sent = statements(database, count)
    assert len(sent) == 1
    # The recursive table, and the first of its rows.
    assert set(scans(database, sent)) <= {"SCAN below", "SCAN few"}


def test_what_ended_long_ago_is_found_by_indexes(database: Database[SqlTransaction]) -> None:
    for prune in (lambda tx: tx.transfers.prune(T0, 10), lambda tx: tx.repeats.prune(T0, 10)):
        sent = [each for each in statements(database, prune) if each[0].startswith("DELETE")]
        assert len(sent) == 1
        assert scans(database, sent) == []


def test_a_path_and_a_page_are_one_statement_each(database: Database[SqlTransaction]) -> None:
    for what in ("a path of 16", "the next children", "children of many", "properties of many", "current versions"):
        assert len(statements(database, HOT[what])) == 1, what


def test_deleting_a_node_goes_through_no_table_for_what_refers_to_it(database: Database[SqlTransaction]) -> None:
    """Of every reference to a table whose rows are deleted, the column is the first of an index."""

    def references(tx: SqlTransaction) -> list[str]:
        connection = tx.nodes._connection
        slow = []
        for (table,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            first_columns = set()
            for index in connection.exec_driver_sql(f"PRAGMA index_list({table})").fetchall():
                first_columns.add(connection.exec_driver_sql(f"PRAGMA index_info({index[1]})").fetchall()[0][2])
            references = connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})").fetchall()
            to_deleted = [reference[3] for reference in references if reference[2] in {"nodes", "content_versions"}]
            slow += [f"{table}.{column}" for column in to_deleted if column not in first_columns]
        return slow

    assert database.read(references) == []


def test_a_statement_is_prepared_for_a_few_lengths_of_a_list_only(database: Database[SqlTransaction]) -> None:
    texts = set()
    for length in range(1, 130):
        texts |= {
            text for text, _ in statements(database, lambda tx, length=length: tx.nodes.properties_of([1] * length))
        }
    assert len(texts) <= 4


def test_transfers_that_ended_are_not_in_the_index_of_due_ones(database: Database[SqlTransaction]) -> None:
    def add(tx: SqlTransaction) -> None:
        for state in (TransferState.OFFERED, TransferState.COMPLETED):
            new = Transfer(new_number(), DAVE, Direction.IMPORT_INIT, STORE, state, T0, None, "home", T0)
            tx.transfers.add_transfer(new)

    database.write(add)
    (statement, values) = statements(database, HOT["due transfers"])[0]
    plan = database.read(
        lambda tx: tx.nodes._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    )
    assert any("ix_transfers_open_due" in row[3] for row in plan)
