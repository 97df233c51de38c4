"""Transactions on PostgreSQL, in the caller's thread: writes READ COMMITTED, reads on one snapshot, bounded retries.

Rule: `fn` is run again only where the server has said, or the protocol makes certain, that nothing of it was kept. A
connection lost during COMMIT leaves that open, so it is told to the caller, who can look.
"""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vofiles.errors import ServiceBusy

R = TypeVar("R")

ATTEMPTS = 6
"""How often a transaction is tried in all."""

FIRST_DELAY = 0.01
"""Seconds before the second attempt, on average; doubled before each one after it."""

_RETRIED = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected: the server has rolled back all of it (PostgreSQL, appendix A)."""
_BUSY = frozenset({"55P03", "53300", "53400", "57P01", "57P02", "57P03", "57014"})
"""lock not available, too many connections, configuration limit, shutdown and start, cancelled."""


class PostgresqlTransactions:
    """The database on a PostgreSQL server, for any number of processes."""

    def __init__(self, url: URL, *, readers: int, waiting: int, patience: float, durable: bool = True) -> None:
        del waiting  # there is no queue of ours: callers wait for a connection, `patience` seconds
        self._writer = _engine(url, "READ COMMITTED", readers, patience, durable=durable)
        self._readers = _engine(url, "REPEATABLE READ", readers, patience, read_only=True)
        self._closed = False

    def read(self, fn: Callable[[Connection], R]) -> R:
        return self._retrying(self._readers, fn)

    def write(self, fn: Callable[[Connection], R]) -> R:
        return self._retrying(self._writer, fn)

    @property
    def groups(self) -> dict[int, int]:
        return {}  # everybody commits alone

    def close(self) -> None:
        self._closed = True
        self._writer.dispose()
        self._readers.dispose()

    def _retrying(self, engine: Engine, fn: Callable[[Connection], R]) -> R:
        delay = FIRST_DELAY
        for attempt in range(1, ATTEMPTS + 1):
            if self._closed:
                raise ServiceBusy("its database is closing")
            try:
                return _run(engine, fn)
            except _Again as again:
                if attempt == ATTEMPTS:
                    raise ServiceBusy("its database is too busy or does not answer") from again.__cause__
            time.sleep(random.uniform(0, 2 * delay))  # noqa: S311 - spreads attempts, keeps no secret
            delay *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")


class _Again(Exception):
    """Nothing was kept, and another attempt may succeed."""


def _run(engine: Engine, fn: Callable[[Connection], R]) -> R:
    committing = False
    try:
        with engine.connect() as connection, connection.begin():
            result = fn(connection)
            committing = True
        return result
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        lost = error.connection_invalidated or (isinstance(error, OperationalError) and state is None)
        if state in _RETRIED or (lost and not committing):
            raise _Again from error
        if lost or state in _BUSY:
            raise ServiceBusy("its database does not answer") from error
        raise
    except PoolTimeout as error:
        raise ServiceBusy("too many use its database") from error


def _engine(
    url: URL, isolation: str, size: int, patience: float, *, read_only: bool = False, durable: bool = True
) -> Engine:
    options: dict[str, Any] = {"postgresql_readonly": True} if read_only else {}
    # The server may lose the last commits with its own end too, not only with its machine's: there is nothing between.
    sync = "" if durable else " -c synchronous_commit=off"
    milliseconds = int(patience * 1000)
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level=isolation,
        pool_size=size,
        max_overflow=0,
        pool_timeout=patience,
        pool_use_lifo=True,
        # Prepared at the second use: each statement here is built once and used for ever.
        connect_args={
            "connect_timeout": max(1, int(patience)),
            "prepare_threshold": 1,
            "options": f"-c lock_timeout={milliseconds} -c timezone=UTC -c client_encoding=UTF8{sync}",
        },
        execution_options=options,
    )
