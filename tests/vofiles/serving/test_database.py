"""What `Database` promises, on every kind of database there is; what only SQLite's group commit promises, on SQLite."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support.databases import new_database, server, url
from tests.support.words import LONG, Gate, Words, database, open_words, pool
from vofiles.errors import NodeNotFound, ServiceBusy
from vofiles.serving.database import Database

__all__ = ["database", "pool", "server", "url"]


# --- every kind -------------------------------------------------------------------------------------------------------


def test_a_write_answers_what_its_function_answers_and_is_then_seen(database: Database[Words]) -> None:
    assert database.write(lambda words: words.add("one")) == "one"
    assert database.read(Words.all) == ["one"]


def test_a_failing_write_keeps_nothing_and_raises_what_its_function_raised(database: Database[Words]) -> None:
    def fail(words: Words) -> None:
        words.add("lost")
        raise NodeNotFound("x")

    with pytest.raises(NodeNotFound):
        database.write(fail)
    assert database.read(Words.all) == []
    assert database.write(lambda words: words.add("next")) == "next"


def test_an_error_of_the_database_is_the_callers_alone(database: Database[Words]) -> None:
    database.write(lambda words: words.add("one"))
    with pytest.raises(DBAPIError):
        database.write(lambda words: words.add("one"))
    with pytest.raises(DBAPIError):
        database.read(lambda words: words.connection.execute(text("SELECT nothing FROM nowhere")))
    assert database.read(Words.all) == ["one"]


def test_a_read_cannot_write(database: Database[Words]) -> None:
    with pytest.raises(DBAPIError):
        database.read(lambda words: words.add("one"))
    assert database.read(Words.all) == []


@pytest.mark.parametrize("durable", [True, False])
def test_only_what_is_to_be_durable_waits_for_the_disk(url: str, *, durable: bool) -> None:
    database = open_words(url, durable=durable)
    asked, answers = (
        ("PRAGMA synchronous", {True: 2, False: 1})
        if url.startswith("sqlite")
        else ("SHOW synchronous_commit", {True: "on", False: "off"})
    )
    found = database.write(lambda words: words.connection.exec_driver_sql(asked).scalar())
    database.close()
    assert found == answers[durable]


def test_foreign_keys_are_kept(database: Database[Words]) -> None:
    with pytest.raises(DBAPIError):
        database.write(lambda words: words.connection.execute(text("INSERT INTO words VALUES ('a', 'missing')")))


def test_a_read_sees_one_snapshot_whatever_is_written_meanwhile(database: Database[Words]) -> None:
    def twice(words: Words) -> tuple[list[str], list[str]]:
        before = words.all()
        database.write(lambda others: others.add("meanwhile"))
        return before, words.all()

    assert database.read(twice) == ([], [])
    assert database.read(Words.all) == ["meanwhile"]


def test_readers_do_not_wait_for_a_writer(database: Database[Words], pool: ThreadPoolExecutor) -> None:
    gate = Gate()
    held = pool.submit(database.write, gate.hold)
    assert gate.entered.wait(LONG)
    assert database.read(Words.all) == []
    gate.open.set()
    assert held.result(LONG) == "gate"
    assert database.read(Words.all) == ["gate"]


def test_eight_threads_lose_nothing_and_each_sees_its_own_writes(
    database: Database[Words], pool: ThreadPoolExecutor
) -> None:
    def work(thread: int) -> None:
        for number in range(25):
            word = f"{thread}-{number}"
            database.write(partial(Words.add, word=word))
            assert word in database.read(Words.all)

    for done in [pool.submit(work, thread) for thread in range(8)]:
        done.result(LONG)
    assert len(database.read(Words.all)) == 200


def test_a_closed_database_refuses_and_may_be_closed_again(database: Database[Words]) -> None:
    database.close()
    with pytest.raises(ServiceBusy):
        database.read(Words.all)
    with pytest.raises(ServiceBusy):
        database.write(lambda words: words.add("late"))
    database.close()


def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="mysql"):
        Database("mysql://localhost/x", Words)


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_a_deadlock_is_run_again(server: str | None, tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    database = open_words(new_database("postgresql", server, tmp_path))
    database.write(lambda words: (words.add("a"), words.add("b")))
    first_locks = threading.Barrier(2)
    runs: list[str] = []
    change = text("UPDATE words SET next = :mark WHERE word = :word")

    def both(words: Words, one: str, other: str) -> None:
        runs.append(one)
        words.connection.execute(change, {"word": one, "mark": one})
        if len(runs) <= 2:
            first_locks.wait(LONG)
        words.connection.execute(change, {"word": other, "mark": one})

    crossing = [
        pool.submit(database.write, lambda words: both(words, "a", "b")),
        pool.submit(database.write, lambda words: both(words, "b", "a")),
    ]
    for done in crossing:
        done.result(LONG)
    assert len(runs) == 3
    database.close()


DIE = text("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_connection_lost_before_the_commit_is_no_failure(server: str | None, tmp_path: Path) -> None:
    database = open_words(new_database("postgresql", server, tmp_path))
    runs: list[str] = []

    def dying(words: Words) -> str:
        runs.append(words.add("one"))
        if len(runs) == 1:
            words.connection.execute(DIE)
        return "done"

    assert database.write(dying) == "done"
    assert runs == ["one", "one"]
    assert database.read(Words.all) == ["one"]
    database.close()


def test_a_connection_lost_during_the_commit_is_told_and_nothing_is_run_again(
    server: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_words(new_database("postgresql", server, tmp_path))
    dialect = database._transactions._writer.dialect  # type: ignore[attr-defined]
    runs: list[str] = []
    monkeypatch.setattr(dialect, "do_commit", lambda connection: connection.execute(DIE.text))
    with pytest.raises(ServiceBusy):
        database.write(lambda words: runs.append(words.add("one")))
    assert runs == ["one"]
    monkeypatch.undo()
    assert database.write(lambda words: words.add("two")) == "two"
    database.close()


def test_a_lock_that_is_not_given_up_is_a_busy_service(server: str | None, tmp_path: Path) -> None:
    path = new_database("postgresql", server, tmp_path)
    database, other = open_words(path), Database(path, Words, patience=0.01)
    database.write(lambda words: words.add("one"))
    change = text("UPDATE words SET next = NULL")

    def hold(words: Words) -> None:
        words.connection.execute(change)
        with pytest.raises(ServiceBusy):
            other.write(lambda others: others.connection.execute(change))

    database.write(hold)
    database.close()
    other.close()


def test_a_server_that_is_gone_is_a_busy_service() -> None:
    pytest.importorskip("psycopg")
    database = Database("postgresql://nobody@127.0.0.1:1/none", Words, patience=1)
    with pytest.raises(ServiceBusy):
        database.read(Words.all)
    database.close()
