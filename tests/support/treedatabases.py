"""A FileManager's database of every kind: in memory, SQLite, PostgreSQL.

Import the fixtures that a module uses: `server` from `databases`, and `tree` (a new database for each test, of each
kind in turn).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from tests.support.databases import new_database


@cache
def _template(kind: str, server: str | None) -> str:
    """A database of a kind with its tables in it, to be copied: to make them takes longer than most tests do."""
    # The folder goes with the object.
    folder = _folders.setdefault(kind, tempfile.TemporaryDirectory(prefix="vofiles-template-"))
    made = new_database(kind, server, Path(folder.name), lasting=True)
    open_database(made).close()
    return made


_folders: dict[str, tempfile.TemporaryDirectory[str]] = {}


@contextmanager
def opened_tree(kind: str, server: str | None, folder: Path) -> Iterator[Database]:
    """A new database of that kind. Skips the test where it is not installed."""
    opened: Database
    if kind == "memory":
        opened = MemoryDatabase()
    else:
        opened = open_database(new_database(kind, server, folder, _template(kind, server)))
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def tree(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Database]:
    with opened_tree(request.param, server, tmp_path) as opened:
        yield opened
