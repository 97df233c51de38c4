"""Every use case is tried over memory, and over SQLite and a disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filestore.backends.memory import MemoryBackend
from filestore.persistence.memory import MemoryCatalogue
from tests.support.filestore_core import Core, disk_core, make_core


@pytest.fixture(params=["memory", "disk"])
def core(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Core]:
    if request.param == "memory":
        yield make_core(MemoryCatalogue(), MemoryBackend())
        return
    with disk_core(tmp_path) as made:
        yield made
