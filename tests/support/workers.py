"""Several processes of one server, told apart: who leads, and how a request reaches a certain one of them.

with only(pair.manager, worker):
    …    # whoever connects now is served by that worker, the others stand still
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy

from tests.support.journey import state_of
from tests.support.pair import Server
from tests.support.serving import wait_until

_LEADER = sqlalchemy.text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()"
    " AND a.application_name LIKE 'vofiles %'"
)


@contextmanager
def only(server: Server, worker: int) -> Iterator[None]:
    """Have one worker alone do anything while the block runs."""
    others = [pid for pid in server.workers() if pid != worker]
    try:
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: all(state_of(pid) == "T" for pid in others), "the others stand still")
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """What a database answers."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sqlalchemy.text(statement))]
    finally:
        engine.dispose()


def find_leader(url: str) -> int | None:
    """The process that leads those on a database."""
    rows = query(url, str(_LEADER))
    return int(str(rows[0][0]).split()[1]) if len(rows) == 1 else None


def kill(server: Server, worker: int) -> None:
    """End a worker as a crash does, and wait until another one has its seat and all of them are there."""
    number = len(server.workers())
    os.kill(worker, signal.SIGKILL)
    wait_until(
        lambda: worker not in server.workers() and len(server.workers()) == number, "another one has taken its place"
    )
