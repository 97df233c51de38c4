"""Adopting: others' files are containers where they lie; what changes underneath is never served for what it was."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from filestore.domain import findings as kinds
from filestore.domain.terms import Terms
from filestore.services import adoption
from filestore.services.adoption import Manner
from filestore.services.appends import begin_append
from filestore.services.check import check
from filestore.services.check_contents import Wish
from filestore.services.containers import delete_container, get_properties, list_containers
from filestore.services.copies import duplicate
from filestore.services.exports import begin_export
from filestore.services.manifest import manifest, manifest_of_adopted
from filestore.services.sweep import sweep
from tests.support.archives import NAME, adopted, adopting_core, directory
from tests.support.downloads import open_download
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core
from vofiles.adoption import REPLACES, STANDING, Standing, is_adopted
from vofiles.contract import (
    ContainerState,
    DeleteContainer,
    Duplicate,
    GetProperties,
    Holding,
    ListContainers,
    StoreAppendInit,
    StoreExportInit,
)
from vofiles.errors import ContainerNotFound, Damaged, SourceUnreachable
from vofiles.findings import Report

DATA = bytes(range(256)) * 40


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with adopting_core(tmp_path, terms=Terms(reserve=0)) as made:
        yield made


@pytest.fixture
def archive(core: Core, tmp_path: Path) -> Path:
    """Two files, one in a folder."""
    assert core.store.archives
    folder = tmp_path / NAME
    (folder / "2026" / "nov").mkdir(parents=True)
    (folder / "2026" / "nov" / "a.fits").write_bytes(b"SIMPLE  = " + DATA)
    (folder / "naïve ☉.csv").write_bytes(b"ra,dec\n1,2\n")
    return folder


def held(core: Core) -> dict[str, Holding]:
    """What the FileManager is told, by path below the home."""
    listed = list_containers(core.store, MANAGER, ListContainers()).holdings
    return {"/".join(each.node.path): each for each in listed}


def checked(core: Core, *, digests: bool = False) -> list[tuple[str, str]]:
    report = Report("store").add(check(core.store, Wish(digests=digests)))
    assert report.next is None
    return [(each.kind, each.subject.rpartition("#")[2]) for each in report.findings]


def property_of(holding: Holding, key: str) -> str | None:
    return next((each.value for each in holding.properties if each.key == key), None)


def rewrite(path: Path, data: bytes) -> None:
    """Other bytes, a minute later by the file's clock."""
    known = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns + 60_000_000_000))


def snapshot(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Everything that adopting could have changed."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        known = path.stat()
        found[str(path)] = (known.st_mode, known.st_mtime_ns, known.st_ino, b"" if path.is_dir() else path.read_bytes())
    return found


def test_files_are_containers_where_they_lie(core: Core, archive: Path, tmp_path: Path) -> None:
    before = snapshot(archive)
    report = adopted(core, tmp_path)
    assert report.is_clean
    assert report.counted == {"files": 2, "files adopted": 2, "bytes adopted": len(DATA) + 21}
    found = held(core)
    assert set(found) == {"data/2026/nov/a.fits", "data/naïve ☉.csv"}
    fits = found["data/2026/nov/a.fits"]
    known = (archive / "2026/nov/a.fits").stat()
    assert (fits.state, fits.owner, fits.size, fits.content_type) == (
        ContainerState.COMPLETE, DAVE, len(DATA) + 10, "application/fits",
    )  # fmt: skip
    assert is_adopted(fits.transfer)
    assert {each.algorithm: each.value for each in fits.digests}["sha-256"] == (
        hashlib.sha256(b"SIMPLE  = " + DATA).hexdigest()
    )
    assert property_of(fits, "posix.mode") == f"{known.st_mode & 0o7777:04o}"
    assert property_of(fits, "posix.uid") == str(known.st_uid)
    assert property_of(fits, STANDING) == Standing.UNCHANGED
    assert found["data/naïve ☉.csv"].content_type == "text/csv"
    assert core.get(fits.container) == b"SIMPLE  = " + DATA
    assert list(core.store.backend.numbers()) == []
    assert snapshot(archive) == before
    assert sweep(core.store).missing == 0
    assert checked(core, digests=True) == []


def test_a_part_can_be_read(core: Core, archive: Path, tmp_path: Path) -> None:
    assert archive.is_dir()
    adopted(core, tmp_path)
    container = held(core)["data/2026/nov/a.fits"].container
    offer = begin_export(core.store, MANAGER, StoreExportInit("part", MANAGER, container)).transfer
    with open_download(core.store, core.token(offer)) as download:
        assert download.reader.pread(5, 12) == DATA[2:7]
        descriptor = download.reader.fileno()
        assert descriptor is not None
        assert os.pread(descriptor, 5, 12) == DATA[2:7]


def test_another_manager_knows_nothing_of_them(core: Core, archive: Path, tmp_path: Path) -> None:
    assert archive.is_dir()
    adopted(core, tmp_path)
    container = held(core)["data/naïve ☉.csv"].container
    assert list_containers(core.store, OTHER_MANAGER, ListContainers()).holdings == ()
    delete_container(core.store, OTHER_MANAGER, DeleteContainer(container))
    assert "data/naïve ☉.csv" in held(core)


def test_adopting_again_takes_in_what_is_new(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    before = held(core)
    assert adopted(core, tmp_path).counted == {"files": 2}
    (archive / "2026" / "b").write_bytes(b"new")
    assert checked(core) == [(kinds.APPEARED, f"{NAME}/2026/b")]
    assert adopted(core, tmp_path).counted["files adopted"] == 1
    after = held(core)
    assert {path: after[path] for path in before} == before
    assert core.get(after["data/2026/b"].container) == b"new"
    assert checked(core) == []


def test_it_is_stopped_and_goes_on(core: Core, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "BATCH", 3)
    for name in ("a", "b/c", "b/d", "b.x", "c", "d", "e/f/g", "z"):
        (archive / name).parent.mkdir(parents=True, exist_ok=True)
        (archive / name).write_text(name)
    where = directory(tmp_path)
    first = Report("store").add(adoption.adopt(core.store, where, Manner()), limit=2)
    assert first.counted["files adopted"] == 6
    assert first.next is not None
    rest = Report("store").add(adoption.adopt(core.store, where, Manner(), first.next))
    assert (rest.counted["files"], rest.counted["files adopted"], rest.next) == (4, 4, None)
    assert len(held(core)) == 10
    assert adopted(core, tmp_path).counted == {"files": 10}


def test_a_file_that_changes_underneath_is_not_served(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    old = held(core)["data/2026/nov/a.fits"]
    rewrite(archive / "2026/nov/a.fits", b"SIMPLE  = " + DATA[::-1])
    assert checked(core) == [(kinds.CHANGED, old.container.fragment)]
    with pytest.raises(Damaged):
        core.get(old.container)
    assert property_of(held(core)["data/2026/nov/a.fits"], STANDING) == Standing.CHANGED
    told = get_properties(core.store, MANAGER, GetProperties(old.container)).container
    assert told is not None
    assert (STANDING, Standing.CHANGED) in {(each.key, each.value) for each in told.properties}
    assert adopted(core, tmp_path).counted["files adopted"] == 1
    listed = list_containers(core.store, MANAGER, ListContainers()).holdings
    (new,) = [each for each in listed if property_of(each, REPLACES) == str(old.container)]
    assert core.get(new.container) == b"SIMPLE  = " + DATA[::-1]
    assert new.node.path == old.node.path


def test_a_file_that_changes_while_it_is_read_is_noticed(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    container = held(core)["data/naïve ☉.csv"].container
    offer = begin_export(core.store, MANAGER, StoreExportInit("read", MANAGER, container)).transfer
    with open_download(core.store, core.token(offer)) as download:
        assert download.reader.pread(2, 0) == b"ra"
        rewrite(archive / "naïve ☉.csv", b"RA,DEC\n3,4\n")
        with pytest.raises(Damaged):
            download.reader.pread(2, 0)


def test_a_file_that_vanishes_is_missed(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    gone = held(core)["data/naïve ☉.csv"]
    (archive / "naïve ☉.csv").unlink()
    assert checked(core) == [(kinds.VANISHED, gone.container.fragment)]
    assert property_of(held(core)["data/naïve ☉.csv"], STANDING) == Standing.VANISHED
    with pytest.raises(ContainerNotFound):
        core.store.backend.open(gone.container.fragment)


def test_a_directory_that_is_away_is_one_finding(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    archive.rename(tmp_path / "elsewhere")
    assert checked(core) == [(kinds.NO_DIRECTORY, NAME)]
    one = held(core)["data/naïve ☉.csv"]
    assert property_of(one, STANDING) == Standing.UNREACHABLE
    with pytest.raises(SourceUnreachable):
        core.get(one.container)
    with pytest.raises(SourceUnreachable):
        adopted(core, tmp_path)
    assert core.store.health.failure is None
    (tmp_path / "elsewhere").rename(archive)
    assert core.get(one.container) == b"ra,dec\n1,2\n"


@pytest.mark.parametrize("way", ["link", "folder"])
def test_no_link_leads_out(core: Core, archive: Path, tmp_path: Path, way: str) -> None:
    outside = tmp_path / "outside"
    (outside / "nov").mkdir(parents=True)
    (outside / "secret").write_bytes(b"secret")
    (outside / "nov" / "a.fits").write_bytes(b"secret")
    (archive / "link").symlink_to(outside / "secret")
    (archive / "folder").symlink_to(outside)
    report = adopted(core, tmp_path)
    assert [(each.kind, each.subject) for each in report.findings] == [
        (kinds.LEFT_OUT, f"{NAME}/folder"),
        (kinds.LEFT_OUT, f"{NAME}/link"),
    ]
    assert set(held(core)) == {"data/2026/nov/a.fits", "data/naïve ☉.csv"}
    # And where a link is put into the way afterwards.
    container = held(core)["data/2026/nov/a.fits"].container
    if way == "link":
        (archive / "2026/nov/a.fits").unlink()
        (archive / "2026/nov/a.fits").symlink_to(outside / "secret")
    else:
        (archive / "2026").rename(tmp_path / "moved")
        (archive / "2026").symlink_to(outside)
    with pytest.raises(ContainerNotFound):
        core.store.backend.open(container.fragment)


def test_what_no_node_can_be_is_left_out(core: Core, archive: Path, tmp_path: Path) -> None:
    (archive / "two\nlines").write_bytes(b"x")
    (archive / "é").write_bytes(b"composed")
    (archive / "e\u0301").write_bytes(b"decomposed")
    (archive / ".hidden").write_bytes(b"x")
    with open(os.fsencode(archive) + b"/\xff\xfe", "wb"):  # noqa: PTH123 - a name that is no text
        pass
    os.mkfifo(archive / "pipe")
    report = adopted(core, tmp_path)
    assert {each.subject.partition("/")[2] for each in report.findings} == {
        ascii("two\nlines"), "é", "pipe", ascii("\udcff\udcfe"),
    }  # fmt: skip
    assert {each.kind for each in report.findings} == {kinds.LEFT_OUT}
    assert core.get(held(core)["data/é"].container) == b"decomposed"


def test_hidden_files_count_when_they_are_wanted(tmp_path: Path) -> None:
    with adopting_core(tmp_path, terms=Terms(reserve=0), hidden=True) as core:
        (tmp_path / NAME / ".hidden").write_bytes(b"x")
        adopted(core, tmp_path, hidden=True)
        assert set(held(core)) == {"data/.hidden"}


def test_deleting_forgets_the_container_and_leaves_the_file(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    before = snapshot(archive)
    container = held(core)["data/naïve ☉.csv"].container
    delete_container(core.store, MANAGER, DeleteContainer(container))
    assert snapshot(archive) == before
    assert set(held(core)) == {"data/2026/nov/a.fits"}
    with pytest.raises(ContainerNotFound):
        core.store.backend.open(container.fragment)
    # Deleted is deleted, until somebody says otherwise.
    assert adopted(core, tmp_path).counted == {"files": 2, "files deleted before": 1}
    assert checked(core) == []
    assert adopted(core, tmp_path, Manner(again=True)).counted["files adopted"] == 1
    assert core.get(held(core)["data/naïve ☉.csv"].container) == b"ra,dec\n1,2\n"


def test_digests_can_wait_for_the_check(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path, Manner(digests=False))
    fits = held(core)["data/2026/nov/a.fits"]
    assert (fits.digests, fits.content_type) == ((), "application/fits")
    assert checked(core, digests=True) == []
    made = {each.algorithm: each.value for each in held(core)["data/2026/nov/a.fits"].digests}
    assert made["sha-256"] == hashlib.sha256(b"SIMPLE  = " + DATA).hexdigest()
    # The time says that nothing happened; the bytes say otherwise.
    path = archive / "2026/nov/a.fits"
    known = path.stat()
    path.write_bytes(b"simple  = " + DATA)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert checked(core) == []
    assert checked(core, digests=True) == [(kinds.WRONG_DIGEST, fits.container.fragment)]


@pytest.mark.parametrize("digests", [True, False])
def test_a_copy_is_the_stores_own(core: Core, archive: Path, tmp_path: Path, *, digests: bool) -> None:
    adopted(core, tmp_path, Manner(digests=digests))
    source = held(core)["data/2026/nov/a.fits"]
    made = duplicate(core.store, MANAGER, Duplicate("copy", MANAGER, source.container, NODE, DAVE)).transfer
    assert made.receipt is not None
    assert {each.algorithm: each.value for each in made.receipt.digests}["sha-256"] == (
        hashlib.sha256(b"SIMPLE  = " + DATA).hexdigest()
    )
    (archive / "2026/nov/a.fits").unlink()
    assert core.get(made.receipt.container) == b"SIMPLE  = " + DATA
    assert checked(core, digests=True) == [(kinds.VANISHED, source.container.fragment)]


def test_a_copy_of_what_has_changed_is_refused(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    source = held(core)["data/2026/nov/a.fits"]
    rewrite(archive / "2026/nov/a.fits", b"other")
    with pytest.raises(Damaged):
        duplicate(core.store, MANAGER, Duplicate("copy", MANAGER, source.container, NODE, DAVE))
    assert list(core.store.backend.numbers()) == []
    assert core.store.health.failure is None


def test_what_is_added_goes_into_a_container_of_the_store(core: Core, archive: Path, tmp_path: Path) -> None:
    adopted(core, tmp_path)
    first = held(core)["data/naïve ☉.csv"]
    request = StoreAppendInit("append", MANAGER, first.container, NODE, DAVE, 4)
    offer = begin_append(core.store, MANAGER, request).transfer
    receipt = core.put(core.token(offer), b"3,4\n").receipt
    assert core.get(receipt.container) == b"ra,dec\n1,2\n3,4\n"
    assert (archive / "naïve ☉.csv").read_bytes() == b"ra,dec\n1,2\n"


def test_a_lost_catalogue_comes_back_with_the_same_containers(core: Core, archive: Path, tmp_path: Path) -> None:
    assert archive.is_dir()
    adopted(core, tmp_path)
    before = {path: each.container for path, each in held(core).items()}
    lines = list(manifest_of_adopted(core.store))
    assert len(lines) == 2
    assert list(manifest(core.store.backend)) == []
    again = tmp_path / "again"
    again.mkdir()
    archive.rename(again / NAME)
    with adopting_core(again, terms=Terms(reserve=0)) as other:
        adopted(other, again)
        assert {path: each.container for path, each in held(other).items()} == before
