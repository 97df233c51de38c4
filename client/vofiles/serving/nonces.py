"""Nonces: which signed requests have been used, so that none is used twice.

Rule: a nonce is known as long as its signature would hold, and by every process that could be asked. One process
remembers for itself: a restart forgets, which is harmless because every operation between services is idempotent on its
transfer. Several write it into their database, where one of two that come at once is first.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from threading import Lock
from typing import Final, Protocol

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, text
from sqlalchemy.types import TypeEngine

WINDOW: Final = 300
"""Seconds that a signature holds before and after its `created`."""
REMEMBERED: Final = 1 << 17
"""Nonces remembered at most: 200 signed calls a second before the window begins to shrink."""


class Nonces(Protocol):
    """The memory of nonces; for any number of threads."""

    def add_new(self, key_id: str, nonce: str, created: int, now: int) -> bool:
        """Remember a nonce of a signature made at `created`, in seconds, like `now`; False when it is remembered
        already or too old to tell. Raises ServiceBusy where that cannot be found out.
        """


class MemoryNonces:
    """The nonces that this process has seen within the window, at most so many.

    When there are more, the oldest are forgotten and everything as old as they is refused: the window shrinks, a replay
    never passes.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._seen: set[tuple[str, str]] = set()
        self._by_age: list[tuple[int, tuple[str, str]]] = []
        self._floor = 0
        self._lock = Lock()

    def add_new(self, key_id: str, nonce: str, created: int, now: int) -> bool:
        entry = (key_id, nonce)
        with self._lock:
            while self._by_age and self._by_age[0][0] < now - WINDOW:
                self._forget_oldest()
            if created <= self._floor or entry in self._seen:
                return False
            self._seen.add(entry)
            heappush(self._by_age, (created, entry))
            while len(self._by_age) > self._most:
                self._forget_oldest()
            return True

    def _forget_oldest(self) -> None:
        # The floor also covers a clock that is set back after an entry was forgotten for its age.
        created, oldest = heappop(self._by_age)
        self._floor = max(self._floor, created)
        self._seen.discard(oldest)


class SharedNonces:
    """The nonces that all processes on one database have seen."""

    def __init__(self, add: Callable[[str, str, int], bool]) -> None:
        """`add` writes one down, durably or not; False when it is there."""
        self._add = add

    def add_new(self, key_id: str, nonce: str, created: int, now: int) -> bool:
        # Who asks has seen to it that the signature holds, and what still may is not forgotten.
        return now - created <= WINDOW and self._add(key_id, nonce, created)


def nonces_table(metadata: MetaData, kind: TypeEngine[str]) -> Table:
    """The table of them in a service's schema, with its type for text."""
    return Table(
        "nonces",
        metadata,
        Column("key_id", kind, primary_key=True),
        Column("nonce", kind, primary_key=True),
        Column("created", BigInteger, nullable=False, index=True),
    )


class SqlNonces:
    """The rows of such a table, inside one transaction of a connection."""

    # On PostgreSQL it waits for a transaction that is inserting the same.
    _ADD = text("INSERT INTO nonces (key_id, nonce, created) VALUES (:key_id, :nonce, :created) ON CONFLICT DO NOTHING")

    _PRUNE = text("DELETE FROM nonces WHERE created < :before")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        """Write one down; False when it is there."""
        values = {"key_id": key_id, "nonce": nonce, "created": created}
        return self._connection.execute(self._ADD, values).rowcount == 1

    def prune_nonces(self, before: int) -> int:
        """Forget those of signatures made before then, in seconds; answers how many."""
        return self._connection.execute(self._PRUNE, {"before": before}).rowcount
