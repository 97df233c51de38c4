"""Dave's trash, in a FileManager over stores in this process, its database in memory or SQLite.

Rule: a module imports the fixtures that it uses.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filemanager.domain.caller import Caller
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from tests.support.filemanager import CAMBRIDGE, World
from vofiles.contract import (
    BundleHints,
    Delete,
    GetNode,
    ListTrash,
    Trashed,
)
from vofiles.ivorn import LongIdentifier


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database: Database = (
        MemoryDatabase() if request.param == "memory" else open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    )
    yield World(database, default_store=CAMBRIDGE)
    database.close()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def delete(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> None:
    world.desk.deletions.delete(caller, Delete(node, recursive=True, **told))


def trash(world: World, caller: Caller) -> tuple[Trashed, ...]:
    return world.desk.trash.list_trash(caller, ListTrash()).trashed


def names(world: World, caller: Caller) -> list[str]:
    nodes = world.desk.nodes.get_node(caller, GetNode(world.home(caller), BundleHints(depth=-1)))
    return [node.name for node in nodes[1:]]
