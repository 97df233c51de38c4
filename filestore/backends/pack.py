"""The pack: small contents and their sidecars as rows of one SQLite file, so that those who come together share a sync.

    <data>/small.db       a table of (number, sidecar, attempt, content)

Rule: nothing but rows: which contents are small, and what else there is, is `packed`'s to know. The grouping writer
commits for all that wait, and what was committed is on the disk (or only written, where the store is told so). Deleted
rows leave their pages to the next ones. What the database says becomes what the port says in `_storage` alone.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError

from filestore.ports import StorageFailure
from vofiles.errors import ServiceBusy, StoreFull
from vofiles.serving.database import Database
from vofiles.serving.sqlitefailures import CommitFailed, is_full

R = TypeVar("R")

READERS: Final = 8
FORMAT: Final = 1
"""Of the file, in its `user_version`."""

_METADATA: Final = MetaData()
_SMALL: Final = Table(
    "small",
    _METADATA,
    Column("number", Text, primary_key=True),
    # Before the bytes, so that it is read without them.
    Column("sidecar", Text, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

_ADD = insert(_SMALL).prefix_with("OR IGNORE")
_FIND = select(_SMALL.c.content).where(_SMALL.c.number == bindparam("one"))
_FIND_SIDECAR = select(_SMALL.c.sidecar).where(_SMALL.c.number == bindparam("one"))
_HAS = select(_SMALL.c.number).where(_SMALL.c.number == bindparam("one"))
_DELETE = delete(_SMALL).where(_SMALL.c.number == bindparam("one"))
_DELETE_ATTEMPT = _DELETE.where(_SMALL.c.attempt == bindparam("attempt"))
_AFTER = (
    select(_SMALL.c.number)
    .where(_SMALL.c.number > bindparam("after"))
    .order_by(_SMALL.c.number)
    .limit(bindparam("most"))
)


class Transactions(Protocol):
    """What the pack needs of a database."""

    def read(self, fn: Callable[[Connection], R]) -> R: ...

    def write(self, fn: Callable[[Connection], R]) -> R: ...

    def close(self) -> None: ...


class Pack:
    """Small contents by their numbers. Every method raises StorageFailure, and ServiceBusy where too many wait."""

    def __init__(self, database: Transactions) -> None:
        """The pack in a database, whose table is made where it is not there. Raises StorageFailure, StoreFull, also for
        a file of a later format.
        """
        self._database = database
        found = self._read(_format)
        if found > FORMAT:
            raise StorageFailure(f"the pack of small contents has format {found}, which a later release has made")
        if found < FORMAT:
            self._write(_prepare)

    def add(self, attempt: int, contents: Sequence[tuple[str, str, bytes]]) -> Collection[str]:
        """Number, sidecar and bytes of each content, all in one commit, by an attempt that is told from every other one
        by its number. Answers the numbers that are here already: those are left as they are. Raises StoreFull.
        """
        rows = [
            {"number": number, "sidecar": sidecar, "attempt": attempt, "content": content}
            for number, sidecar, content in contents
        ]

        def insert_all(connection: Connection) -> list[str]:
            return [str(row["number"]) for row in rows if connection.execute(_ADD, row).rowcount == 0]

        return self._write(insert_all)

    def find(self, number: str) -> bytes | None:
        """A content's bytes."""
        return self._read(lambda connection: connection.execute(_FIND, {"one": number}).scalar())

    def find_sidecar(self, number: str) -> str | None:
        """A content's sidecar."""
        return self._read(lambda connection: connection.execute(_FIND_SIDECAR, {"one": number}).scalar())

    def has(self, number: str) -> bool:
        """Whether a content is here."""
        return self._read(lambda connection: connection.execute(_HAS, {"one": number}).scalar()) is not None

    def delete(self, numbers: Sequence[str]) -> None:
        """Delete those of these contents that are here."""

        def remove(connection: Connection) -> None:
            for number in numbers:
                connection.execute(_DELETE, {"one": number})

        self._take(remove)

    def withdraw(self, attempt: int, numbers: Sequence[str]) -> None:
        """Delete those of these contents that are this attempt's."""

        def remove(connection: Connection) -> None:
            for number in numbers:
                connection.execute(_DELETE_ATTEMPT, {"one": number, "attempt": attempt})

        self._take(remove)

    def numbers_after(self, after: str, limit: int) -> list[str]:
        """At most so many numbers above `after`, in their order."""
        values = {"after": after, "most": limit}
        return self._read(lambda connection: [str(row[0]) for row in connection.execute(_AFTER, values)])

    def close(self) -> None:
        """Finish what has begun. Closing twice is no error."""
        self._database.close()

    def _read(self, fn: Callable[[Connection], R]) -> R:
        with _storage():
            return self._database.read(fn)

    def _take(self, fn: Callable[[Connection], None]) -> None:
        """Write what takes away. It needs room in the log all the same; that there is none passes, and says nothing of
        the content.
        """
        try:
            self._write(fn)
        except StoreFull as error:
            raise ServiceBusy("no room is left to delete small contents") from error

    def _write(self, fn: Callable[[Connection], R]) -> R:
        with _storage():
            return self._database.write(fn)


def open_pack(path: Path, *, durable: bool = True) -> Pack:
    """The pack in a file, which is made where it is not there. Raises StorageFailure, StoreFull."""
    with _storage():
        database = Database(f"sqlite:///{path}", lambda connection: connection, readers=READERS, durable=durable)
    try:
        return Pack(database)
    except BaseException:
        database.close()
        raise


def _format(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)


def _prepare(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS small"
        " (number TEXT PRIMARY KEY, sidecar TEXT NOT NULL, attempt INTEGER NOT NULL, content BLOB NOT NULL)"
    )
    connection.exec_driver_sql(f"PRAGMA user_version={FORMAT}")


@contextmanager
def _storage() -> Iterator[None]:
    """Put the database's errors into the port's words. Raises StoreFull, StorageFailure."""
    try:
        yield
    except ServiceBusy as error:
        if error.__cause__ is not None and is_full(error.__cause__):
            raise StoreFull("small contents", reason="no room is left on its disk") from error
        raise
    except (CommitFailed, DBAPIError, sqlite3.Error, OSError) as error:
        raise StorageFailure(f"small contents: {error}") from error
