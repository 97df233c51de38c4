"""SQLite databases on a stage: each statement and each commit of an engine is an effect of the process that has it.

    with staged_engines() as staged:
        staged[str(path)] = (stage, "manager")
        database = Database(f"sqlite:///{path}", …)         # as the service opens it

Rule: the service's own layer runs, and its transactions are what they are; only sqlite3's connection is another class.
When a process is stopped, what its transactions still do
(ROLLBACK, RELEASE, COMMIT) does nothing, silently; its statements raise Stopped.
"""

import errno
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.util import LRUCache

from tests.support.stage import Stage, Stopped
from vofiles.serving import sqlite
from vofiles.serving.database import Database

R = TypeVar("R")
Staged = dict[str, tuple[Stage, str]]
"""By the database's file."""
_connections: "weakref.WeakSet[StagedConnection]" = weakref.WeakSet()

_MACHINERY = ("BEGIN", "SAVEPOINT", "ROLLBACK", "RELEASE", "PRAGMA")


def _failure(number: int) -> Exception:
    """What SQLite makes of a system's error."""
    full = number == errno.ENOSPC
    error = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
    return error


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, *parameters: Any) -> "_Cursor":
        return self._take(sql, lambda: sqlite3.Cursor.execute(self, sql, *parameters))

    def executemany(self, sql: str, *parameters: Any) -> "_Cursor":
        return self._take(sql, lambda: sqlite3.Cursor.executemany(self, sql, *parameters))

    def _take(self, sql: str, act: Callable[[], Any]) -> "_Cursor":
        assert isinstance(self.connection, StagedConnection)
        try:
            self.connection.take(sql, act)
        except BaseException:
            self.close()  # a statement that is not read to its end keeps its lock after its connection's end
            raise
        return self


class StagedConnection(sqlite3.Connection):
    """One connection of a process."""

    stage: Stage
    process: str
    reading = False
    durable = True
    """Whether what is committed survives the loss of power."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _connections.add(self)

    def take(self, sql: str, act: Callable[[], Any]) -> None:
        """Run a statement."""
        word = sql.lstrip().split(None, 1)[0].upper()
        if word in _MACHINERY:
            if self.process not in self.stage.dead:
                act()
            return
        # Our common table expressions are of queries alone.
        undone = word in {"SELECT", "WITH"} or self.in_transaction
        self.stage.effect(self.process, "sql", " ".join(sql.split())[:60], act, failure=_failure, leaves_nothing=undone)

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, *parameters: Any) -> Any:
        if "query_only" in sql:
            self.reading = True
        if "synchronous" in sql:
            self.durable = sql.rstrip().upper().endswith(("=FULL", "=EXTRA"))
        return self.cursor().execute(sql, *parameters)

    def commit(self) -> None:
        """Nothing, where the process is stopped or is now: the thread that asked must live on."""
        if self.process in self.stage.dead:
            return
        if self.reading or not self.in_transaction:
            super().commit()
            return
        self._note_durability()
        try:
            self.stage.effect(self.process, "commit", "COMMIT", super().commit, failure=_failure)
        except Stopped:
            return

    def _note_durability(self) -> None:
        """A commit that syncs makes those before it in the same database durable too."""
        if self.durable and self.process not in self.stage.unsynced:
            return
        path = Path(sqlite3.Connection.execute(self, "PRAGMA database_list").fetchone()[2])
        files = [path, path.with_name(f"{path.name}-wal")]
        unsynced = self.stage.unsynced.get(self.process, {})
        if self.durable:
            unsynced = {name: data for name, data in unsynced.items() if name not in {each.name for each in files}}
        elif self.stage.armed and path.name not in unsynced:
            unsynced = unsynced | {each.name: each.read_bytes() for each in files if each.exists()}
        self.stage.unsynced.pop(self.process, None)
        if unsynced:
            self.stage.unsynced[self.process] = unsynced


@contextmanager
def staged_engines() -> Iterator[Staged]:
    """While the block runs, engines that connect to a file in the mapping do so on its stage."""
    staged: Staged = {}

    def connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        found = staged.get(str(arguments[0])) if arguments else None
        if found is not None:
            stage, process = found
            options["factory"] = type("Connection", (StagedConnection,), {"stage": stage, "process": process})

    event.listen(Engine, "do_connect", connect)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite, "create_engine", _Engines().make)
            yield staged
    finally:
        event.remove(Engine, "do_connect", connect)


class _Engines:
    """Engines that compile each statement once for all of them: thousands are made, for a few dozen statements each."""

    def __init__(self) -> None:
        self._dialect: Any = None
        self._compiled: Any = None

    def make(self, *arguments: Any, **options: Any) -> Engine:
        made = create_engine(*arguments, **options)
        if self._dialect is None:
            self._dialect, self._compiled = made.dialect, LRUCache(1000)
        made.dialect, made._compiled_cache = self._dialect, self._compiled
        return made


class StagedDatabase:
    """A service's database, whose caller goes no further when its process was stopped in a transaction."""

    def __init__(self, stage: Stage, process: str, inner: Database[Any]) -> None:
        self._stage, self._process, self._inner = stage, process, inner

    def read(self, fn: Callable[[Any], R]) -> R:
        return self._run(lambda: self._inner.read(fn))

    def write(self, fn: Callable[[Any], R]) -> R:
        return self._run(lambda: self._inner.write(fn))

    def close(self) -> None:
        """As the kernel does it: what was not committed is gone, and no lock is held."""
        self._inner.close()
        for connection in list(_connections):
            if connection.stage is self._stage and connection.process == self._process:
                with suppress(sqlite3.ProgrammingError):
                    sqlite3.Connection.rollback(connection)
                    connection.close()
                _connections.discard(connection)

    def _run(self, run: Callable[[], R]) -> R:
        self._stage.require_alive(self._process)
        try:
            result = run()
        except BaseException as error:
            if self._process in self._stage.dead:
                raise Stopped(self._process) from error
            raise
        self._stage.require_alive(self._process)
        return result
