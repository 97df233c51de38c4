"""What `Database` promises on SQLite: its writer, which groups what waits, its locks, and its file."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.support.databases import new_database, server, url
from tests.support.words import LONG, Gate, Words, database, on_sqlite, open_words, pool, wait_for_queue
from vofiles.errors import NodeNotFound, ServiceBusy
from vofiles.serving import sqlitefailures
from vofiles.serving.database import Database

__all__ = ["database", "on_sqlite", "pool", "server", "url"]


@pytest.fixture
def commits(on_sqlite: Database[Words], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each commit of the writer from now on."""
    dialect = on_sqlite._transactions._writer._engine.dialect  # type: ignore[attr-defined]
    seen: list[object] = []
    real = dialect.do_commit

    def note(connection: Any) -> None:
        seen.append(connection)
        real(connection)

    monkeypatch.setattr(dialect, "do_commit", note)
    return seen


def gathered(
    database: Database[Words], pool: ThreadPoolExecutor, work: Sequence[Callable[[Words], Any]]
) -> list["Future[Any]"]:
    """What becomes of a writer that held the gate, and of the work that waited behind it, so that all is one group."""
    gate = Gate()
    held = pool.submit(database.write, gate.hold)
    assert gate.entered.wait(LONG)
    futures = [held]
    for place, fn in enumerate(work, 1):
        futures.append(pool.submit(database.write, fn))
        wait_for_queue(database, place)
    gate.open.set()
    return futures


def test_writers_that_wait_share_one_commit(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor, commits: list[object]
) -> None:
    work = [partial(Words.add, word=f"w{number}") for number in range(8)]
    answers = [future.result(LONG) for future in gathered(on_sqlite, pool, work)]
    assert answers == ["gate", *(f"w{n}" for n in range(8))]
    assert len(commits) == 1
    assert len(on_sqlite.read(Words.all)) == 9


def test_nobody_goes_on_before_the_commit_has_returned(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, durable = threading.Event(), threading.Event()
    dialect = on_sqlite._transactions._writer._engine.dialect  # type: ignore[attr-defined]
    real = dialect.do_commit

    def slow(connection: Any) -> None:
        committing.set()
        assert durable.wait(LONG)
        real(connection)

    monkeypatch.setattr(dialect, "do_commit", slow)
    writing = pool.submit(on_sqlite.write, lambda words: words.add("one"))
    assert committing.wait(LONG)
    assert not writing.done()
    assert on_sqlite.read(Words.all) == []
    durable.set()
    assert writing.result(LONG) == "one"
    assert on_sqlite.read(Words.all) == ["one"]


def test_in_a_group_each_fails_alone_and_sees_those_before_it(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor
) -> None:
    def fail(words: Words) -> None:
        words.add("lost")
        raise NodeNotFound("x")

    _, one, failed, other = gathered(on_sqlite, pool, [lambda words: words.add("one"), fail, Words.all])
    assert one.result(LONG) == "one"
    with pytest.raises(NodeNotFound):
        failed.result(LONG)
    assert other.result(LONG) == ["gate", "one"]
    assert on_sqlite.read(Words.all) == ["gate", "one"]


def test_when_sqlite_gives_up_the_whole_transaction_the_others_run_again(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor
) -> None:
    runs: list[str] = []

    def once_more(words: Words) -> str:
        runs.append("one")
        return words.add("one")

    def ruin(words: Words) -> None:
        words.connection.exec_driver_sql("ROLLBACK")  # as SQLite itself does on a full disk
        raise NodeNotFound("x")

    _, one, ruined, two = gathered(on_sqlite, pool, [once_more, ruin, lambda words: words.add("two")])
    assert (one.result(LONG), two.result(LONG)) == ("one", "two")
    with pytest.raises(NodeNotFound):
        ruined.result(LONG)
    assert runs == ["one", "one"]
    assert on_sqlite.read(Words.all) == ["gate", "one", "two"]


def test_a_full_disk_fails_who_needs_it_and_nobody_else(on_sqlite: Database[Words], pool: ThreadPoolExecutor) -> None:
    def limit(words: Words) -> None:
        pages = words.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        words.connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

    def too_much(words: Words) -> None:
        words.add("part of it")
        words.add("x" * 1_000_000)

    _, _, one, failed, two = gathered(
        on_sqlite, pool, [limit, lambda words: words.add("one"), too_much, lambda words: words.add("two")]
    )
    assert (one.result(LONG), two.result(LONG)) == ("one", "two")
    with pytest.raises(ServiceBusy, match="no room"):
        failed.result(LONG)
    assert on_sqlite.read(Words.all) == ["gate", "one", "two"]


def test_a_commit_that_fails_is_told_to_the_whole_group_and_the_writer_lives_on(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor
) -> None:
    runs: list[str] = []

    def defer(words: Words) -> None:
        runs.append("defer")
        words.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # found out by COMMIT, no earlier
        words.connection.exec_driver_sql("INSERT INTO words VALUES ('dangling', 'missing')")

    for future in gathered(on_sqlite, pool, [lambda words: words.add("one"), defer]):
        with pytest.raises(sqlitefailures.CommitFailed):
            future.result(LONG)
    assert runs == ["defer"]
    assert on_sqlite.write(lambda words: words.add("next")) == "next"
    assert on_sqlite.read(Words.all) == ["next"]


def test_a_connection_that_cannot_even_be_closed_is_not_used_again_and_leaves_nobody_waiting(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    dialect = on_sqlite._transactions._writer._engine.dialect  # type: ignore[attr-defined]
    broken = on_sqlite._transactions._writer._connection  # type: ignore[attr-defined]
    with monkeypatch.context() as failing:
        failing.setattr(dialect, "do_commit", fail)
        failing.setattr(broken, "close", fail)
        for future in gathered(on_sqlite, pool, [lambda words: words.add("one")]):
            with pytest.raises(sqlitefailures.CommitFailed):
                future.result(LONG)
        # For an earlier connection would keep others out of the file.
        assert broken.invalidated
    assert on_sqlite.write(lambda words: words.add("next")) == "next"
    assert on_sqlite.read(Words.all) == ["next"]


def test_who_finds_nobody_writing_writes_in_his_own_thread_and_others_leave_it_to_the_writer(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor
) -> None:
    gate, mine = Gate(), threading.get_ident()
    assert on_sqlite.write(lambda _: threading.get_ident()) == mine
    held = pool.submit(on_sqlite.write, lambda words: (gate.hold(words), threading.get_ident())[1])
    assert gate.entered.wait(LONG)
    # One goes with the gate's commit, if he comes before it; who comes later is the writer's.
    asked = [pool.submit(lambda: (on_sqlite.write(lambda _: threading.get_ident()), threading.get_ident()))]
    wait_for_queue(on_sqlite, 1)
    gate.open.set()
    ran, own = asked[0].result(LONG)
    assert ran == held.result(LONG) != own
    # Whoever it was has given the connection back.
    assert on_sqlite.write(lambda _: threading.get_ident()) == mine


def test_those_who_come_during_a_commit_are_the_writers(
    on_sqlite: Database[Words], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, durable = threading.Event(), threading.Event()
    dialect = on_sqlite._transactions._writer._engine.dialect  # type: ignore[attr-defined]
    real = dialect.do_commit

    def slow(connection: Any) -> None:
        committing.set()
        assert durable.wait(LONG)
        real(connection)

    monkeypatch.setattr(dialect, "do_commit", slow)
    first = pool.submit(on_sqlite.write, lambda words: words.add("one"))
    assert committing.wait(LONG)
    later = [pool.submit(on_sqlite.write, lambda _: threading.current_thread().name) for _ in range(3)]
    wait_for_queue(on_sqlite, 3)
    durable.set()
    assert first.result(LONG) == "one"
    assert {each.result(LONG) for each in later} == {"database-writer"}
    assert on_sqlite.groups[3] == 1


def test_a_caller_who_is_interrupted_while_he_writes_leaves_the_database_to_the_others(
    on_sqlite: Database[Words], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = on_sqlite._transactions._writer  # type: ignore[attr-defined]
    real = writer._connected

    def interrupted() -> Connection:
        monkeypatch.setattr(writer, "_connected", real)
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "_connected", interrupted)
    with pytest.raises(KeyboardInterrupt):
        on_sqlite.write(lambda words: words.add("lost"))
    assert on_sqlite.write(lambda words: words.add("next")) == "next"
    assert on_sqlite.read(Words.all) == ["next"]


@pytest.mark.parametrize("by", ["whoever asked", "the writer"])
def test_a_write_inside_a_write_is_refused(on_sqlite: Database[Words], pool: ThreadPoolExecutor, by: str) -> None:
    def inside(_: Words) -> list[str]:
        return on_sqlite.write(Words.all)

    asked = pool.submit(on_sqlite.write, inside) if by == "whoever asked" else gathered(on_sqlite, pool, [inside])[1]
    with pytest.raises(RuntimeError, match="inside"):
        asked.result(LONG)


def test_a_full_queue_refuses_at_once(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    database = open_words(new_database("sqlite", None, tmp_path), waiting=1)
    gate = Gate()
    held = pool.submit(database.write, gate.hold)
    assert gate.entered.wait(LONG)
    queued = pool.submit(database.write, lambda words: words.add("queued"))
    wait_for_queue(database, 1)
    with pytest.raises(ServiceBusy):
        database.write(lambda words: words.add("refused"))
    gate.open.set()
    assert (held.result(LONG), queued.result(LONG)) == ("gate", "queued")
    database.close()


def test_closing_finishes_what_waits(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = new_database("sqlite", None, tmp_path)
    database = open_words(path)
    gate = Gate()
    pool.submit(database.write, gate.hold)
    assert gate.entered.wait(LONG)
    queued = pool.submit(database.write, lambda words: words.add("queued"))
    wait_for_queue(database, 1)
    closing = pool.submit(database.close)
    gate.open.set()
    closing.result(LONG)
    assert queued.result(LONG) == "queued"
    again = open_words(path)
    assert again.read(Words.all) == ["gate", "queued"]
    again.close()


def test_a_lock_that_another_process_keeps_is_a_busy_service(tmp_path: Path) -> None:
    path = new_database("sqlite", None, tmp_path)
    database = open_words(path, patience=0.01)
    other = sqlite3.connect(path.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServiceBusy):
        database.write(lambda words: words.add("refused"))
    other.execute("ROLLBACK")
    other.close()
    assert database.write(lambda words: words.add("next")) == "next"
    database.close()


def test_readers_beyond_the_pool_are_refused_in_the_end(tmp_path: Path) -> None:
    database = open_words(new_database("sqlite", None, tmp_path), readers=1, patience=0.01)
    with pytest.raises(ServiceBusy):
        database.read(lambda words: database.read(Words.all))
    assert database.read(Words.all) == []
    database.close()


def test_the_file_is_safe_against_loss_of_power_and_other_peoples_eyes(tmp_path: Path) -> None:
    path = tmp_path / "made" / "x.db"
    database = open_words(f"sqlite:///{path}")

    def setting(name: str) -> Callable[[Words], Any]:
        return lambda words: words.connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert database.write(setting("journal_mode")) == "wal"
    assert database.write(setting("synchronous")) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    database.close()


ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("INSERT INTO words (word) VALUES ('from elsewhere')")
connection.close()
"""


def test_opening_a_database_again_does_not_let_go_of_its_locks(tmp_path: Path) -> None:
    """POSIX drops a process's locks on a file when any of its descriptors is closed. Without them another process takes
    itself for the last one, and removes the log that this one goes on writing into.
    """
    path = new_database("sqlite", None, tmp_path)
    database = open_words(path)
    open_words(path).close()
    for round_ in range(2):
        subprocess.run([sys.executable, "-c", ELSEWHERE.replace("elsewhere", f"elsewhere {round_}"),
                        path.removeprefix("sqlite:///")], check=True, timeout=LONG)  # fmt: skip
        assert f"from elsewhere {round_}" in database.read(Words.all)
    database.write(lambda words: words.add("from here"))
    database.close()
    reopened = open_words(path)
    assert reopened.read(Words.all) == ["from elsewhere 0", "from elsewhere 1", "from here"]
    reopened.close()


@pytest.mark.parametrize("path", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="file"):
        Database(path, Words)


CHILD = """
import itertools, sys, threading
from sqlalchemy import text
from vofiles.serving.database import Database
database = Database(sys.argv[1], lambda connection: connection)
printing = threading.Lock()
def work(thread):
    for number in itertools.count():
        word = f"{thread}-{number}"
        database.write(lambda c: c.execute(text("INSERT INTO words (word) VALUES (:word)"), {"word": word}))
        with printing:
            print(word, flush=True)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[thread.start() for thread in threads]
"""


def test_kill_minus_nine_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = new_database("sqlite", None, tmp_path)
    open_words(path).close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline().strip() for _ in range(40)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    database = open_words(path)
    assert set(acknowledged) <= set(database.read(Words.all))
    database.close()
