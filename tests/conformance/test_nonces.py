"""What both servers' memories of signed requests keep of their word, in memory and on every database."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from filemanager.persistence.engine import open_database
from filemanager.persistence.memory.database import MemoryDatabase
from filemanager.ports import Database
from filestore.persistence.catalogue import open_catalogue
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import Catalogue
from tests.support.databases import new_database, server

__all__ = ["server"]


class Rows(Protocol):
    """What the two have in common."""

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool: ...

    def prune_nonces(self, before: int) -> int: ...


Write = Callable[[Callable[[Rows], int]], int]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def filemanager_write(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Write]:
    memory = request.param == "memory"
    opened: Database = MemoryDatabase() if memory else open_database(new_database(request.param, server, tmp_path))
    yield lambda fn: opened.write(lambda tx: fn(tx.nonces))
    opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def filestore_write(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Write]:
    if request.param == "memory":
        kept: Catalogue = MemoryCatalogue()
        yield kept.write
        return
    opened = open_catalogue(new_database(request.param, server, tmp_path))
    yield opened.write
    opened.close()


def require_memory(write: Write) -> None:
    assert write(lambda rows: rows.add_nonce("key", "one", 100))
    assert not write(lambda rows: rows.add_nonce("key", "one", 100))
    # Another time does not make it another one; another key does.
    assert not write(lambda rows: rows.add_nonce("key", "one", 200))
    assert write(lambda rows: rows.add_nonce("other", "one", 200))
    assert write(lambda rows: rows.prune_nonces(100)) == 0
    assert write(lambda rows: rows.prune_nonces(101)) == 1
    assert write(lambda rows: rows.add_nonce("key", "one", 300))
    assert not write(lambda rows: rows.add_nonce("other", "one", 300))


def test_a_filemanager_knows_what_was_used(filemanager_write: Write) -> None:
    require_memory(filemanager_write)


def test_a_filestore_knows_what_was_used(filestore_write: Write) -> None:
    require_memory(filestore_write)
