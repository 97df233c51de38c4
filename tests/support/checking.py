"""`check` of a FileManager over real stores' services in this process, and how its tests break what it looks at.

Rule: a module imports the fixtures that it uses.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from filemanager.services.check import CheckService
from filestore.domain.container import Container
from tests.support.filemanager import CAMBRIDGE, OPERATOR, World
from vofiles.contract import (
    Transfer,
)
from vofiles.findings import Report
from vofiles.ivorn import Ivorn, new_number

GRACE = 1000

Found = list[tuple[str, str, str]]


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database: Database = (
        MemoryDatabase() if request.param == "memory" else open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    )
    yield World(database, terms=Terms(grace=GRACE, keep_versions=1), default_store=CAMBRIDGE)
    database.close()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def service(world: World) -> CheckService:
    return CheckService(world.desk.config, world.database, world.stores, world.watch)


def report(world: World, *, repair: bool = False) -> Report:
    return Report("x").add(service(world).check(OPERATOR, repair=repair))


def found(world: World, *, repair: bool = False) -> Found:
    return [(each.kind, each.subject, each.repair) for each in report(world, repair=repair).findings]


def container_of(transfer: Transfer) -> Ivorn:
    assert transfer.container is not None
    return transfer.container


def lose(world: World, container: Ivorn) -> None:
    """The store has no such container any more."""
    local = world.stores[container.service]
    local.store.catalogue.write(lambda records: records.delete_container(container.fragment))
    local.backend.delete(container.fragment)


def change(world: World, container: Ivorn, edit: Callable[[Container], Container]) -> None:
    """The store has the container otherwise."""

    def save(records: object) -> None:
        held = records.find_container(container.fragment)  # type: ignore[attr-defined]
        records.set_container(edit(held))  # type: ignore[attr-defined]

    world.stores[container.service].store.catalogue.write(save)


def orphan(world: World, dave: Caller) -> Ivorn:
    """A container with bytes, of a transfer that failed here, and whose callback was acknowledged."""
    offer = world.put(dave, world.add_file(dave, new_number()), b"one")
    container = container_of(offer)

    def forget(tx: Transaction) -> None:
        replica = tx.census.replicas_in([container])[container]
        tx.contents.delete_version(replica.version)
        node = tx.nodes.find_key(world_node(tx, offer))
        assert node is not None
        tx.nodes.delete_node(node.key)

    world.database.write(forget)
    return container


def world_node(tx: Transaction, offer: Transfer) -> int:
    held = tx.transfers.find_transfer(offer.transfer)
    assert held is not None
    assert held.node is not None
    return held.node
