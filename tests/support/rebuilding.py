"""A FileManager whose database is lost and rebuilt from what its stores hold, all in this process.

Rule: a module imports the fixtures that it uses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from filemanager.config import StoreEntry, Terms
from filemanager.domain.caller import Caller
from filemanager.domain.manifest import parse_line
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from filemanager.remote.machine import SystemNumbers
from filemanager.services.check import CheckService
from filemanager.services.rebuild import RebuildService
from filestore.services.manifest import manifest
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, World
from tests.support.localstores import SERVICE
from vofiles import contract
from vofiles.contract import Digest, Holding
from vofiles.findings import Report
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import NodeName

DAVE = Ivorn.parse(f"{COMMUNITY}/dave")
T0 = Instant(1_800_000_000 * SECOND)
GRACE = 1000


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    terms = Terms(grace=GRACE, keep_versions=1, keep_days=None)
    made = World(open_new(request.param, tmp_path), terms=terms, default_store=CAMBRIDGE)
    yield made
    made.database.close()


def open_new(kind: str, folder: Path) -> Database:
    if kind == "memory":
        return MemoryDatabase()
    number = len(list(folder.glob("*.db")))
    return open_database(f"sqlite:///{folder / f'tree{number}.db'}")


def lose_database(world: World, tmp_path: Path) -> None:
    """An empty database is in its place, and a new process on it; the stores know of nothing."""
    kind = "memory" if isinstance(world.database, MemoryDatabase) else "sqlite"
    world.database.close()
    world.database = open_new(kind, tmp_path)
    for name in world.names:
        world.know_store(name)
    world.desk = world.make_desk()


def service(world: World) -> RebuildService:
    entries = tuple(StoreEntry(name, "http://127.0.0.1:9/filestore", ()) for name in world.names)
    config = replace(world.desk.config, stores=entries)
    return RebuildService(config, world.database, world.stores, world.watch, SystemNumbers())


def rebuild(world: World, holdings: Sequence[Holding] | None = None) -> Report:
    core = service(world)
    return Report("x").add(core.rebuild(OPERATOR, core.holdings() if holdings is None else holdings))


def check(world: World, *, repair: bool = False) -> list[tuple[str, str]]:
    core = CheckService(world.desk.config, world.database, world.stores, world.watch)
    return [(each.kind, each.repair) for each in Report("x").add(core.check(OPERATOR, repair=repair)).findings]


def from_manifests(world: World) -> list[Holding]:
    lines = [line for local in world.stores.stores.values() for line in manifest(local.backend)]
    return [parse_line(line).holding for line in lines]


def tree(world: World, caller: Caller) -> dict[str, contract.Node]:
    """All that is below a home, by path."""
    found: dict[str, contract.Node] = {}

    def walk(folder: LongIdentifier, path: str) -> None:
        request = contract.ListChildren(folder)
        for node in world.desk.nodes.list_children(caller, request).nodes:
            found[f"{path}{node.name}"] = node
            if node.type == contract.NodeKind.FOLDER:
                walk(LongIdentifier(node.identifier), f"{path}{node.name}/")

    walk(world.home(caller), "")
    return found


def holding(
    letters: str, path: str, at: int, data: bytes = b"x", *, number: str | None = None, store: Ivorn = LEICESTER,
    complete: bool = True,
) -> Holding:  # fmt: skip
    node = LongIdentifier(NodeIdentifier(SERVICE, "home"), tuple(NodeName(step) for step in path.split("/") if step))
    return Holding(
        store.with_fragment(letters),
        "COMPLETE" if complete else "EMPTY",
        node,
        DAVE,
        f"t-{letters}",
        Instant(T0 + at),
        NodeIdentifier(SERVICE, number) if number else None,
        Instant(T0 + at) if complete else None,
        len(data),
        None,
        (Digest("sha-256", data.hex()),),
    )
