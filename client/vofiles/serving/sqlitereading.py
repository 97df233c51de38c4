"""Reading a SQLite file beside its writer: in turn, or at once and never waiting.

Rule: a read sees one state, and nothing here can change the file. What is done at once is bounded in its steps and in
the length of its rows, and whoever would wait is told so.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from vofiles.errors import ServiceBusy
from vofiles.serving.atonce import WouldWait
from vofiles.serving.sqlitefailures import code_of, is_busy
from vofiles.serving.statements import Quick

R = TypeVar("R")

STEPS = 10
"""Thousands of steps that a read at once takes at most: a hundred nodes, or so."""

LONGEST = 8192
"""Bytes of the longest row of a read at once."""

_TOO_MUCH = frozenset({sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_TOOBIG})


class Readers:
    """Connections that only read, each used by one caller at a time."""

    def __init__(self, made: Engine, limit: int, patience: float) -> None:
        self._engine = made
        self._limit = limit
        self._patience = patience
        self._turns = threading.BoundedSemaphore(limit)
        self._idle: deque[Connection] = deque()
        self._closed = False

    def run(self, fn: Callable[[Connection], R]) -> R:
        if not self._turns.acquire(timeout=self._patience):
            raise ServiceBusy("too many read its database")
        try:
            if self._closed:
                raise ServiceBusy("its database is closing")
            return self._read(fn)
        finally:
            self._turns.release()

    def _read(self, fn: Callable[[Connection], R]) -> R:
        connection = None
        try:
            connection = self._idle.pop() if self._idle else Quick(self._engine)
            result = read_on(connection, fn)
        except (DBAPIError, sqlite3.Error) as error:
            if connection is not None:
                connection.close()
            if is_busy(error):
                raise ServiceBusy("its database is locked by another process") from error
            raise
        except BaseException:
            if connection is not None:
                self._idle.append(connection)
            raise
        self._idle.append(connection)
        return result

    def close(self) -> None:
        """Let those who read finish; then there is nobody left to use the connections."""
        self._closed = True
        for _ in range(self._limit):
            self._turns.acquire()
        while self._idle:
            self._idle.pop().close()
        for _ in range(self._limit):
            self._turns.release()


class Peeker:
    """A connection that is used by one at a time, and waits for nobody: neither for a turn nor for a lock. What a read
    may cost is bounded too, by the steps of SQLite's machine, which rows take in about the same number whatever is
    then done with them, and by the length of a row.
    """

    def __init__(self, made: Engine) -> None:
        self._engine = made
        self._left = 0
        """Thousands of steps."""
        self._turn = threading.Lock()
        self._connection: Connection | None = None
        self._number = 0
        """Of connections that there have been."""
        self._closed = False

    def run(self, fn: Callable[[Connection], R]) -> R:
        return self._use(lambda connection: read_on(connection, fn))

    def mark(self) -> object:
        """SQLite's own count of what other connections have committed (https://www.sqlite.org/pragma.html), this
        process's or another's, which each connection begins anew.
        """
        count = self._use(lambda connection: driver_of(connection).execute("PRAGMA data_version").fetchone()[0])
        return self._number, count

    def _use(self, use: Callable[[Connection], R]) -> R:
        if not self._turn.acquire(blocking=False):
            raise WouldWait
        try:
            if self._closed:
                raise WouldWait
            if self._connection is None:
                self._connection = self._open()
            self._left = STEPS
            return use(self._connection)
        except (DBAPIError, sqlite3.Error) as error:
            # Who does wait will meet it too, if it lasts.
            if code_of(error) not in _TOO_MUCH:
                self._discard()
            raise WouldWait from error
        finally:
            self._turn.release()

    def _open(self) -> Connection:
        self._number += 1
        connection = Quick(self._engine)
        driver = driver_of(connection)
        driver.set_progress_handler(self._count, 1000)
        driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        return connection

    def _count(self) -> bool:
        """Whether SQLite is to stop."""
        self._left -= 1
        return self._left < 0

    def _discard(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        with self._turn:
            self._closed = True
            self._discard()


def read_on(connection: Connection, fn: Callable[[Connection], R]) -> R:
    """What `fn` makes of one state."""
    driver = driver_of(connection)
    driver.execute("BEGIN")
    try:
        return fn(connection)
    finally:
        # As good as taking back, where nothing can be changed. Whatever SQLAlchemy takes for its transaction goes on as
        # long as the connection, and means nothing.
        driver.commit()


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
