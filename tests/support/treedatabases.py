"""A FileManager's database of every kind: in memory, SQLite, PostgreSQL.

Import the fixtures that a module uses: `server` from `databases`, and `tree` (a new database for each test, of each
kind in turn).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from tests.support.databases import new_database


@contextmanager
def opened_tree(kind: str, server: str | None, folder: Path) -> Iterator[Database]:
    """A new database of that kind. Skips the test where it is not installed."""
    opened: Database = MemoryDatabase() if kind == "memory" else open_database(new_database(kind, server, folder))
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def tree(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Database]:
    with opened_tree(request.param, server, tmp_path) as opened:
        yield opened
