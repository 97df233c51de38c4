"""Transactions on a SQLite file: one writer at a time that groups callers into one commit, and readers beside it.

    callers ──► queue ──► writer:  BEGIN IMMEDIATE  (SAVEPOINT, fn, RELEASE or ROLLBACK TO)…  COMMIT ──► callers go on

Rule: a caller of `write` goes on only when the COMMIT that holds its work has returned, and its failure is its own.
While one group is being made durable the next one gathers, so eight callers at once share an fsync. Who finds nobody
writing writes in his own thread, for to change threads twice costs as much as a short transaction. Readers never wait
for the writer (WAL); with synchronous=FULL what was acknowledged survives the loss of power
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

import os
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from vofiles.errors import ServiceBusy
from vofiles.serving.sqlitefailures import CommitFailed, as_told, caused, is_busy, is_full
from vofiles.serving.sqlitereading import Peeker, Readers, driver_of
from vofiles.serving.statements import Quick

R = TypeVar("R")

GROUP = 64
"""Callers in one commit at most; the gain is flat beyond, and a caller's wait is not."""

FOREIGN = 0.05
"""Seconds within which commits of other processes are noticed where it is asked whether there were any."""

PREPARED = 512
"""Statements that each connection keeps prepared."""


def engine(url: URL, begin: str, patience: float, *pragmas: str) -> Engine:
    """An engine whose connections begin transactions with `begin` (empty: whoever has one does that himself) and wait
    up to `patience` seconds for a lock.

    The driver's own habit of beginning late, before the first change only, is turned off (`isolation_level=None`): a
    read of two statements would see two states.
    """
    arguments = {
        "isolation_level": None,
        "check_same_thread": False,
        "cached_statements": PREPARED,
        "timeout": patience,
    }
    made = create_engine(url, poolclass=NullPool, connect_args=arguments)

    @event.listens_for(made, "connect")
    def configure(driver: sqlite3.Connection, _record: object) -> None:
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY", *pragmas):
            driver.execute(f"PRAGMA {pragma}")

    if begin:

        @event.listens_for(made, "begin")
        def open_transaction(connection: Connection) -> None:
            driver_of(connection).execute(begin)

    return made


def make_file(url: URL) -> None:
    """Make the database file, for its owner's eyes only, if it is not there. Raises ValueError if it is no file."""
    if not url.database or url.database == ":memory:" or url.query:
        raise ValueError("a SQLite database is a file: sqlite:///relative.db or sqlite:////absolute.db")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Only where there is none: to close a file that is a database already would let go of every lock that this process
    # has on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


class SqliteTransactions:
    """The database in one SQLite file, for one process: while another one writes, ours waits and at last is refused."""

    def __init__(self, url: URL, *, readers: int, waiting: int, patience: float, durable: bool = True) -> None:
        make_file(url)
        # With NORMAL a commit is in the log and not synced: a power loss takes the last ones, and the file stays whole,
        # because the log is synced before its pages go into the file. OFF would save that too, and risk the file.
        sync = () if durable else ("synchronous=NORMAL",)
        # The writer comes first: it turns the file to WAL, which stays with the file.
        self._writer = _Writer(engine(url, "", patience, "journal_mode=WAL", *sync), waiting)
        self._readers = Readers(engine(url, "", patience, "query_only=ON"), readers, patience)
        self._peeker = Peeker(engine(url, "", 0.0, "query_only=ON"))
        self._foreign: object = None
        self._asked = -FOREIGN

    def read(self, fn: Callable[[Connection], R]) -> R:
        return self._readers.run(fn)

    def write(self, fn: Callable[[Connection], R]) -> R:
        return self._writer.run(fn)

    def peek(self, fn: Callable[[Connection], R]) -> R:
        """`read`, where it can be done at once. Raises WouldWait."""
        return self._peeker.run(fn)

    def mark(self) -> object:
        """As of `ReadingAtOnce`. Raises WouldWait.

        What other processes commit (an operator's commands) is noticed within FOREIGN seconds, for asking the file
        costs as much as answering a short request does.
        """
        own, now = self._writer.commits, time.monotonic()
        if now >= self._asked + FOREIGN:
            self._foreign, self._asked = self._peeker.mark(), now
        return own, self._foreign

    @property
    def groups(self) -> dict[int, int]:
        return dict(self._writer.groups)

    def close(self) -> None:
        self._writer.close()
        self._readers.close()
        self._peeker.close()


class _Call:
    """What one caller of `write` waits for."""

    def __init__(self, fn: Callable[[Connection], Any]) -> None:
        self.fn = fn
        self.result: Any = None
        self.error: BaseException | None = None
        self._settled = threading.Lock()
        self._settled.acquire()

    def settle(self) -> None:
        self._settled.release()

    def wait(self) -> None:
        self._settled.acquire()

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class _Writer:
    """The only connection that writes, which is one thread's at a time: a caller's, or, where callers wait, its own."""

    def __init__(self, made: Engine, limit: int) -> None:
        self._engine = made
        self._limit = limit
        self._connection: Connection | None = Quick(made)
        self._waiting: deque[_Call] = deque()
        self.commits = 0
        """How often something may have been committed; counted before those are told who asked for it."""
        self.groups: Counter[int] = Counter()
        """How many commits there were, by how many callers shared them."""
        self._arrived = threading.Condition()
        self._busy = False
        """Whether somebody has the connection."""
        self._at_work = 0
        """The thread that has it."""
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="database-writer", daemon=True)
        self._thread.start()

    def run(self, fn: Callable[[Connection], R]) -> R:
        if threading.get_ident() == self._at_work:
            raise RuntimeError("a write inside a write would wait for itself")
        call = _Call(fn)
        with self._arrived:
            if self._closed:
                raise ServiceBusy("its database is closing")
            if len(self._waiting) >= self._limit:
                raise ServiceBusy("too many wait to write to its database")
            alone = not self._busy and not self._waiting
            if alone:
                self._busy = True
            else:
                self._waiting.append(call)
                if not self._busy:
                    self._arrived.notify()
        if alone:
            self._write(call)
        else:
            call.wait()
        result: R = call.outcome()
        return result

    def close(self) -> None:
        with self._arrived:
            self._closed = True
            self._arrived.notify()
        self._thread.join()

    def _serve(self) -> None:
        while first := self._next():
            self._write(first)
        self._discard()

    def _next(self) -> _Call | None:
        with self._arrived:
            self._arrived.wait_for(lambda: not self._busy and (self._waiting or self._closed))
            if not self._waiting:
                return None
            self._busy = True
            return self._waiting.popleft()

    def _write(self, first: _Call) -> None:
        """Commit for a caller and those who wait, with the connection that this thread has taken; give it back."""
        self._at_work = threading.get_ident()
        try:
            group = self._commit(first, alone=False)
            self.commits += 1
            self.groups[len(group)] += 1
        finally:
            self._at_work = 0
            with self._arrived:
                self._busy = False
                if self._waiting or self._closed:
                    self._arrived.notify()
        for call in group:
            call.settle()

    def _commit(self, first: _Call, *, alone: bool) -> list[_Call]:
        """Run the caller and, if not `alone`, those who wait, in one transaction; answers all whose fate is decided."""
        group = [first]
        committing = False
        try:
            connection = self._connected()
            # The driver's transaction alone counts; what SQLAlchemy takes for its own means nothing, as in a read.
            driver = driver_of(connection)
            driver.execute("BEGIN IMMEDIATE")
            self._run(first, connection, driver)
            while not alone and self._waiting and len(group) < GROUP:
                group.append(self._waiting.popleft())
                self._run(group[-1], connection, driver)
            committing = True
            self._engine.dialect.do_commit(connection.connection)
        except BaseException as error:  # noqa: BLE001 - the writer lives on whatever happened; each caller is told
            self._discard()
            return self._broken(group, error, committing=committing)
        return group

    def _run(self, call: _Call, connection: Connection, driver: sqlite3.Connection) -> None:
        driver.execute("SAVEPOINT caller")
        try:
            call.result = call.fn(connection)
        except BaseException as error:  # noqa: BLE001 - it is the caller's, and raised there
            call.error = as_told(error)
            # Fails where SQLite has given up the whole transaction (disk full, I/O error): then the group is broken.
            driver.execute("ROLLBACK TO caller")
        driver.execute("RELEASE caller")

    def _broken(self, group: list[_Call], error: BaseException, *, committing: bool) -> list[_Call]:
        """What becomes of the callers whose transaction broke off."""
        if is_busy(error):
            # Another process has the file; who came meanwhile need not wait as long again, one after the other.
            while self._waiting:
                group.append(self._waiting.popleft())
            for call in group:
                call.error = caused(ServiceBusy("its database is locked by another process"), error)
        elif committing and not is_full(error):
            # A failed fsync is never tried again: the pages may be gone from memory although not on the disk.
            for call in group:
                call.error = caused(CommitFailed("the database could not make the change durable"), error)
        elif len(group) > 1:
            for call in group:
                call.error = None
            return [decided for call in group for decided in self._commit(call, alone=True)]
        else:
            group[0].error = group[0].error or as_told(error)
        return group

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Quick(self._engine)
        return self._connection

    def _discard(self) -> None:
        """Begin the next transaction on a fresh connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        # A disk that fails may fail the ROLLBACK too; whoever waits is told of the first failure, not of this one.
        with suppress(Exception):
            try:
                connection.close()
            except Exception:
                # Not left to the collector: its lock on the file would be in the way of the next transaction.
                connection.invalidate()
                raise
