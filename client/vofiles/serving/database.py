"""The database of a service: `read(fn)` and `write(fn)`, over SQLite or PostgreSQL as its URL says.

Rule: nothing here knows a table. `fn` does SQL only and may be run again, so it has no other effect: no remote call, no
file, no clock, no random number, nothing appended to what outlives it. It gets what `bind` makes of a connection (a
service's repositories) and uses it no longer than it runs.
"""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, make_url

from vofiles.serving.atonce import ReadingAtOnce
from vofiles.serving.postgresql import PostgresqlTransactions
from vofiles.serving.sqlite import SqliteTransactions

T = TypeVar("T")
R = TypeVar("R")


class Transactions(Protocol):
    """What a kind of database supplies."""

    def read(self, fn: Callable[[Connection], R]) -> R: ...

    def write(self, fn: Callable[[Connection], R]) -> R: ...

    @property
    def groups(self) -> dict[int, int]: ...

    def close(self) -> None: ...


KINDS: dict[str, Callable[..., Transactions]] = {"sqlite": SqliteTransactions, "postgresql": PostgresqlTransactions}
"""By the first word of the URL."""


class Database(Generic[T]):
    """One service's database, open until `close`. All of it may be used by any number of threads at once."""

    def __init__(
        self,
        url: str,
        bind: Callable[[Connection], T],
        *,
        readers: int = 8,
        waiting: int = 1000,
        patience: float = 5.0,
        durable: bool = True,
    ) -> None:
        """Open the database at `url`, whose schema `migrations.upgrade` has brought up to date.

        At most `readers` reads at once and `waiting` writers in the queue; `patience` is how many seconds to wait for a
        lock or a reader's turn. What is not `durable` survives the end of this process, and after the loss of power
        the last of it may be gone; what is there is whole. Raises ValueError where there is no such kind of database.
        """
        kind = make_url(url).get_backend_name()
        if kind not in KINDS:
            raise ValueError(f"the database must be sqlite:/// or postgresql://, not {kind}")
        self._bind: Callable[[Any], T] = bind
        self._transactions = KINDS[kind](
            make_url(url), readers=readers, waiting=waiting, patience=patience, durable=durable
        )

    def read(self, fn: Callable[[T], R]) -> R:
        """What `fn` makes of one consistent snapshot. It cannot write; it never waits for a writer.

        Raises ServiceBusy where the database is too busy, does not answer or is closed, and whatever `fn` raises.
        """
        return self._transactions.read(lambda connection: fn(self._bind(connection)))

    def write(self, fn: Callable[[T], R]) -> R:
        """What `fn` answers, once all that it did is committed (durable, unless the database is not to be); nothing of
        it is kept where it raises.

        Raises ServiceBusy as `read` does, and whatever `fn` raises.
        """
        return self._transactions.write(lambda connection: fn(self._bind(connection)))

    def at_once(self) -> ReadingAtOnce[T] | None:
        """The same database, read only where nothing has to be waited for; None where every read is a question to
        another process.
        """
        if isinstance(self._transactions, SqliteTransactions):
            return ReadingAtOnce(self._transactions.peek, self._bind, self._transactions.mark)
        return None

    @property
    def groups(self) -> dict[int, int]:
        """How many commits there were, by how many callers of `write` shared them; empty where nobody shares."""
        return self._transactions.groups

    def close(self) -> None:
        """Finish what has begun and refuse the rest. Closing twice is no error."""
        self._transactions.close()
