"""Adopting into the tree: what a store has adopted becomes nodes, once; what is in the tree stays as it is."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filemanager.config import StoreEntry, Terms
from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from filemanager.domain.change import ChangeOperation
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from filemanager.remote.machine import SystemNumbers
from filemanager.services import adoption
from filemanager.services.adoption import AdoptionService, Wish
from filemanager.services.check import CheckService
from filestore.backends.adopting import AdoptingBackend, archives_of
from filestore.services.adoption import Manner, adopt
from tests.support.archives import NAME, directory
from tests.support.copying import copied, finish, location, relocated
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, World, below
from vofiles import contract
from vofiles.contract import Delete, ExportInit, GetHistory, Move
from vofiles.errors import Damaged, NodeNotFound, PermissionDenied, StoreNotFound
from vofiles.findings import Repair, Report
from vofiles.ivorn import Ivorn, LongIdentifier

DATA = b"SIMPLE  = " + bytes(range(256)) * 30


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database: Database = (
        MemoryDatabase() if request.param == "memory" else open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    )
    made = World(database, terms=Terms(grace=1000), default_store=CAMBRIDGE)
    local = made.stores[CAMBRIDGE]
    archives = archives_of([directory(tmp_path)])
    backend = AdoptingBackend(local.backend, archives, local.store.catalogue)
    local.store = replace(local.store, archives=archives, backend=backend)
    yield made
    database.close()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / NAME
    (folder / "2026" / "nov").mkdir(parents=True)
    (folder / "2026" / "nov" / "a.fits").write_bytes(DATA)
    (folder / "2026" / "b.csv").write_bytes(b"ra,dec\n1,2\n")
    return folder


def adopt_files(world: World, tmp_path: Path, manner: Manner | None = None) -> None:
    """filestore adopt."""
    Report("store").add(adopt(world.stores[CAMBRIDGE].store, directory(tmp_path), manner or Manner()))


def service(world: World) -> AdoptionService:
    entries = tuple(StoreEntry(name, "http://127.0.0.1:9/filestore", ()) for name in world.names)
    config = replace(world.desk.config, stores=entries)
    return AdoptionService(config, world.database, world.stores, world.watch, SystemNumbers())


def take_in(world: World, *, owner: Ivorn | None = None, dry_run: bool = False) -> Report:
    """filemanager adopt."""
    return Report("x").add(service(world).adopt(OPERATOR, Wish(CAMBRIDGE, owner, dry_run)))


def checked(world: World, *, repair: bool = False) -> list[tuple[str, str]]:
    core = CheckService(world.desk.config, world.database, world.stores, world.watch)
    return [(each.kind, each.repair) for each in Report("x").add(core.check(OPERATOR, repair=repair)).findings]


def at(world: World, caller: Caller, path: str) -> LongIdentifier:
    return below(world.home(caller), path)


def get(world: World, caller: Caller, node: LongIdentifier) -> bytes:
    offer = world.desk.exports.export_init(caller, ExportInit(node)).transfer
    assert offer.container is not None
    return world.stores[offer.container.service].get(offer)


def properties(node: contract.Node) -> dict[str, str]:
    return {each.key: each.value for each in node.properties}


def rewrite(path: Path, data: bytes) -> None:
    known = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns + 60_000_000_000))


def test_adopted_files_are_nodes_where_they_lie(world: World, dave: Caller, archive: Path, tmp_path: Path) -> None:
    adopt_files(world, tmp_path)
    assert checked(world) == [(kinds.NOT_ADOPTED, ""), (kinds.NOT_ADOPTED, "")]
    report = take_in(world)
    assert report.is_clean
    assert report.counted == {"containers": 2, "files adopted": 2, "bytes adopted": len(DATA) + 11}
    node = world.node(dave, at(world, dave, "data/2026/nov/a.fits"))
    told = properties(node)
    mode = (archive / "2026/nov/a.fits").stat().st_mode & 0o7777
    assert (node.version, told["content.size"], told["content.type"]) == (1, str(len(DATA)), "application/fits")
    assert (told["posix.mode"], told["filestore.location.state"]) == (f"{mode:04o}", "AVAILABLE")
    assert len(told["content.digest.sha256"]) == 64
    assert not [key for key in told if key.startswith("adopted.")]
    assert get(world, dave, at(world, dave, "data/2026/nov/a.fits")) == DATA
    assert world.stores[CAMBRIDGE].containers() == set()
    operations = [
        each.operation
        for each in world.desk.history.get_history(dave, GetHistory(LongIdentifier(node.identifier))).changes
    ]
    assert ChangeOperation.ADOPT in operations
    assert checked(world) == []
    before = world.node(dave, at(world, dave, "data"))
    assert take_in(world).counted == {"containers": 2}
    assert world.node(dave, at(world, dave, "data")) == before


def test_it_is_stopped_and_goes_on(
    world: World, dave: Caller, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "BATCH", 2)
    monkeypatch.setattr(adoption, "PAGE", 3)
    for number in range(7):
        (archive / "2026" / f"{number}").write_text(str(number))
    adopt_files(world, tmp_path)
    begun = Report("x").add(service(world).adopt(OPERATOR, Wish(CAMBRIDGE)), limit=2)
    assert begun.counted["files adopted"] == 3
    assert begun.next is not None
    rest = Report("x").add(service(world).adopt(OPERATOR, Wish(CAMBRIDGE), begun.next))
    assert rest.counted["files adopted"] == 6
    assert [get(world, dave, at(world, dave, f"data/2026/{number}")) for number in range(7)] == [
        str(number).encode() for number in range(7)
    ]
    assert checked(world) == []


def test_a_dry_run_only_tells(world: World, dave: Caller, archive: Path, tmp_path: Path) -> None:
    assert archive.is_dir()
    adopt_files(world, tmp_path)
    told = take_in(world, dry_run=True)
    with pytest.raises(NodeNotFound):
        world.node(dave, at(world, dave, "data"))
    assert take_in(world) == told


def test_a_name_that_is_taken_is_reported_and_its_file_waits(
    world: World, dave: Caller, archive: Path, tmp_path: Path
) -> None:
    assert archive.is_dir()
    data = world.add_folder(dave, "data")
    world.put(dave, world.add_file(dave, "2026", data), b"mine")
    adopt_files(world, tmp_path)
    report = take_in(world)
    assert [each.kind for each in report.findings] == [kinds.NAME_CLASH] * 2
    assert get(world, dave, at(world, dave, "data/2026")) == b"mine"
    world.desk.moves.move(dave, Move(at(world, dave, "data/2026"), name="mine"))
    assert take_in(world).counted["files adopted"] == 2
    assert get(world, dave, at(world, dave, "data/2026/nov/a.fits")) == DATA


def test_files_of_nobody_here_wait_too(world: World, archive: Path, tmp_path: Path) -> None:
    assert archive.is_dir()
    adopt_files(world, tmp_path)
    assert [each.kind for each in take_in(world).findings] == [kinds.NO_ACCOUNT] * 2
    dave = world.add_account("dave")
    assert take_in(world, owner=Ivorn.parse(f"{COMMUNITY}/eve")).counted == {"containers": 0}
    assert take_in(world, owner=Ivorn.parse(f"{COMMUNITY}/dave")).counted["files adopted"] == 2
    assert get(world, dave, at(world, dave, "data/2026/nov/a.fits")) == DATA


def test_a_change_underneath_is_seen_and_becomes_a_version(
    world: World, dave: Caller, archive: Path, tmp_path: Path
) -> None:
    adopt_files(world, tmp_path)
    take_in(world)
    # Wherever its node is by now.
    world.desk.moves.move(dave, Move(at(world, dave, "data/2026/nov/a.fits"), world.home(dave), name="mine.fits"))
    rewrite(archive / "2026/nov/a.fits", b"SIMPLE  = other")
    with pytest.raises(Damaged):
        get(world, dave, at(world, dave, "mine.fits"))
    assert checked(world) == [(kinds.CHANGED, Repair.POSSIBLE)]
    assert checked(world, repair=True) == [(kinds.CHANGED, Repair.DONE)]
    assert properties(world.node(dave, at(world, dave, "mine.fits")))["filestore.location.state"] == "SUSPECT"
    adopt_files(world, tmp_path)
    assert take_in(world).counted == {"containers": 3, "new versions": 1, "bytes adopted": 15}
    assert world.node(dave, at(world, dave, "mine.fits")).version == 2
    assert get(world, dave, at(world, dave, "mine.fits")) == b"SIMPLE  = other"
    with pytest.raises(NodeNotFound):
        world.node(dave, at(world, dave, "data/2026/nov/a.fits"))


def test_what_people_put_over_an_adopted_file_stays_current(
    world: World, dave: Caller, archive: Path, tmp_path: Path
) -> None:
    adopt_files(world, tmp_path)
    take_in(world)
    node = at(world, dave, "data/2026/nov/a.fits")
    world.put(dave, node, b"mine")
    assert (archive / "2026/nov/a.fits").read_bytes() == DATA
    rewrite(archive / "2026/nov/a.fits", b"SIMPLE  = other")
    adopt_files(world, tmp_path)
    assert [each.kind for each in take_in(world).findings] == [kinds.NAME_CLASH]
    assert get(world, dave, node) == b"mine"


def test_a_file_that_vanished_is_lost_until_it_is_back(
    world: World, dave: Caller, archive: Path, tmp_path: Path
) -> None:
    adopt_files(world, tmp_path)
    take_in(world)
    path, away = archive / "2026/nov/a.fits", tmp_path / "away"
    path.rename(away)
    assert checked(world, repair=True) == [(kinds.VANISHED, Repair.DONE)]
    node = at(world, dave, "data/2026/nov/a.fits")
    assert properties(world.node(dave, node))["filestore.location.state"] == "LOST"
    away.rename(path)
    assert checked(world, repair=True) == [(kinds.FOUND_AGAIN, Repair.DONE)]
    assert get(world, dave, node) == DATA


def test_a_directory_that_is_away_loses_nothing(world: World, dave: Caller, archive: Path, tmp_path: Path) -> None:
    adopt_files(world, tmp_path)
    take_in(world)
    archive.rename(tmp_path / "away")
    assert checked(world, repair=True) == [(kinds.UNREACHABLE, "")] * 2
    (tmp_path / "away").rename(archive)
    assert checked(world) == []
    assert get(world, dave, at(world, dave, "data/2026/nov/a.fits")) == DATA


def test_deleting_for_good_leaves_the_file(world: World, dave: Caller, archive: Path, tmp_path: Path) -> None:
    adopt_files(world, tmp_path)
    take_in(world)
    node = at(world, dave, "data/2026/nov/a.fits")
    world.desk.deletions.delete(dave, Delete(node, purge=True))
    finish(world)
    world.run_errands()
    assert (archive / "2026/nov/a.fits").read_bytes() == DATA
    assert len(world.stores.list_containers(CAMBRIDGE, "", 9, 1.0).holdings) == 1
    adopt_files(world, tmp_path)
    assert take_in(world).counted == {"containers": 1}
    with pytest.raises(NodeNotFound):
        world.node(dave, node)


def test_moving_leaves_the_bytes_and_another_store_gets_them(
    world: World, dave: Caller, archive: Path, tmp_path: Path
) -> None:
    adopt_files(world, tmp_path)
    take_in(world)
    node = at(world, dave, "data/2026/nov/a.fits")
    world.desk.moves.move(dave, Move(at(world, dave, "data/2026"), name="moved"))
    node = at(world, dave, "data/moved/nov/a.fits")
    assert world.stores[CAMBRIDGE].containers() == set()
    copy = copied(world, dave, node, parent=world.home(dave), name="copy.fits").node
    assert get(world, dave, LongIdentifier(copy.identifier)) == DATA
    moved = relocated(world, dave, node, LEICESTER).node
    assert location(moved) == LEICESTER
    assert get(world, dave, node) == DATA
    world.run_errands()
    assert (archive / "2026/nov/a.fits").read_bytes() == DATA


def test_it_is_for_operators_and_for_stores_that_are_known(world: World, dave: Caller) -> None:
    with pytest.raises(PermissionDenied):
        service(world).adopt(dave, Wish(CAMBRIDGE))
    with pytest.raises(StoreNotFound):
        service(world).adopt(OPERATOR, Wish(Ivorn.parse("ivo://elsewhere/filestore")))
