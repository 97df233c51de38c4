"""What several of the suites run against.

Rule: a port's implementations, each in a place of the test's own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filestore.backends.pack import Pack, open_pack
from filestore.persistence.catalogue import open_catalogue
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import Catalogue
from tests.support.databases import new_database, server

__all__ = ["server"]


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    opened = open_pack(tmp_path / "small.db")
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[Catalogue]:
    if request.param == "memory":
        yield MemoryCatalogue()
        return
    opened = open_catalogue(new_database(request.param, server, tmp_path))
    yield opened
    opened.close()
