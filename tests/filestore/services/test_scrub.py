"""Scrubbing: rot is found, set aside and never served again; what is well, or only cannot be read, is left."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filestore.domain import findings as kinds
from filestore.domain.container import Damage
from filestore.domain.terms import Terms
from filestore.ports import Reader, StorageFailure
from filestore.services.check import check
from filestore.services.check_contents import Wish
from filestore.services.containers import delete_container, get_properties, list_containers
from filestore.services.copies import duplicate
from filestore.services.exports import begin_export
from filestore.services.status import get_status
from filestore.services.sweep import sweep
from tests.support.archives import NAME, adopted, adopting_core
from tests.support.downloads import open_download
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core, disk_core
from tests.support.rotting import HandTime, change, flipped, path_of, rot, scrub_of, scrubbed
from vofiles.contract import (
    DeleteContainer,
    Duplicate,
    GetProperties,
    GetStatus,
    ListContainers,
    StoreExportInit,
)
from vofiles.damage import DAMAGED, REASON, damage_of, number_of_damaged
from vofiles.errors import ContainerNotFound, Damaged
from vofiles.findings import Report
from vofiles.ivorn import Ivorn

DATA = bytes(range(256)) * 40


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Core]:
    with disk_core(tmp_path, terms=Terms(reserve=0)) as core:
        yield core


def damage(core: Core, container: Ivorn) -> Damage | None:
    found = core.store.catalogue.read(lambda records: records.find_container(container.fragment))
    assert found is not None
    return found.damage


def told(core: Core, container: Ivorn) -> dict[str, str]:
    found = get_properties(core.store, MANAGER, GetProperties(container)).container
    assert found is not None
    assert found.state == "COMPLETE"
    return {each.key: each.value for each in found.properties}


def token_of(core: Core, container: Ivorn) -> str:
    return core.token(begin_export(core.store, MANAGER, StoreExportInit("given", MANAGER, container)).transfer)


def test_what_is_well_is_left_as_it_is(core: Core) -> None:
    containers = [core.stored(data).receipt.container for data in (DATA, b"", b"x")]
    assert scrubbed(core) == []
    assert [core.get(each) for each in containers] == [DATA, b"", b"x"]
    report = Report("store").add(scrub_of(core.store).steps())
    assert report.counted == {"containers": 3, "bytes": len(DATA) + 1}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (flipped, "its bytes are not those that came"),
        (lambda data: data[:-1], "it does not have the size of what came"),
        (lambda data: data + b"\0", "it does not have the size of what came"),
        (lambda _data: b"", "it does not have the size of what came"),
    ],
)
def test_rot_is_set_aside_and_nobody_gets_it_any_more(
    core: Core, changed: Callable[[bytes], bytes], reason: str
) -> None:
    well, rotten = core.stored(b"well").receipt.container, core.stored(DATA).receipt.container
    token = token_of(core, rotten)
    change(core, rotten, changed)
    core.clock.move(5)
    assert scrubbed(core) == [(kinds.DAMAGED, rotten.fragment)]
    assert damage(core, rotten) == Damage(core.clock.now, reason)
    assert not core.store.backend.has(rotten.fragment)
    for read in (lambda: core.get(rotten), lambda: open_download(core.store, token)):
        with pytest.raises(Damaged, match=reason):
            read()
    with pytest.raises(Damaged):
        duplicate(core.store, MANAGER, Duplicate("copy", MANAGER, rotten, NODE, DAVE))
    with pytest.raises(Damaged):
        core.append(rotten)
    assert core.get(well) == b"well"


def test_its_filemanager_is_told_and_no_other(core: Core) -> None:
    well, rotten = core.stored(b"well").receipt.container, core.stored(DATA).receipt.container
    assert number_of_damaged(get_status(core.store, MANAGER, GetStatus()).properties) == 0
    rot(core, rotten)
    scrubbed(core)
    assert set(told(core, rotten)) == {DAMAGED, REASON}
    assert damage_of(told(core, rotten)) == "its bytes are not those that came"
    assert damage_of(told(core, well)) is None
    held = list_containers(core.store, MANAGER, ListContainers()).holdings
    assert {each.container: len(each.properties) for each in held} == {well: 0, rotten: 2}
    assert number_of_damaged(get_status(core.store, MANAGER, GetStatus()).properties) == 1
    assert number_of_damaged(get_status(core.store, OTHER_MANAGER, GetStatus()).properties) == 0


def test_it_is_reported_as_long_as_it_is_there(core: Core) -> None:
    rotten = core.stored(DATA).receipt.container
    rot(core, rotten)
    for _ in range(3):
        assert scrubbed(core) == [(kinds.DAMAGED, rotten.fragment)]
        report = Report("store").add(check(core.store, Wish(digests=True)))
        assert [each.kind for each in report.findings] == [kinds.DAMAGED]
    delete_container(core.store, MANAGER, DeleteContainer(rotten))
    assert scrubbed(core) == []
    assert number_of_damaged(get_status(core.store, MANAGER, GetStatus()).properties) == 0


def test_bytes_that_are_gone_are_damage_unless_all_are(core: Core) -> None:
    lost, other = core.stored(DATA).receipt.container, core.stored(b"other").receipt.container
    core.store.backend.delete(lost.fragment)
    core.store.backend.delete(other.fragment)
    # A disk that is not there is no reason to write off what is on it.
    assert {kind for kind, _ in scrubbed(core)} == {kinds.MISSING_BYTES}
    assert (damage(core, lost), damage(core, other)) == (None, None)
    core.stored(b"something")
    assert {kind for kind, _ in scrubbed(core)} == {kinds.DAMAGED}
    with pytest.raises(Damaged, match="not there"):
        core.get(lost)


def test_a_download_that_has_begun_goes_on(core: Core) -> None:
    rotten = core.stored(DATA).receipt.container
    with open_download(core.store, token_of(core, rotten)) as download:
        rot(core, rotten)
        scrubbed(core)
        assert len(download.reader.pread(len(DATA), 0)) == len(DATA)


def test_what_an_operator_puts_back_is_well_again(on_disk: Core) -> None:
    core = on_disk
    rotten = core.stored(DATA).receipt.container
    rot(core, rotten)
    scrubbed(core)
    path = path_of(core, rotten.fragment)
    aside = path.parent.parent / "quarantine"
    for name in (path.name, f"{path.name}.json"):
        (aside / name).rename(path.with_name(name))
    # Still rotten: it is set aside again.
    assert scrubbed(core) == [(kinds.DAMAGED, rotten.fragment)]
    assert not path.exists()
    (aside / f"{path.name}.json").rename(path.with_name(f"{path.name}.json"))
    path.write_bytes(DATA)
    assert scrubbed(core) == []
    assert (damage(core, rotten), core.get(rotten)) == (None, DATA)


def test_a_start_leaves_alone_what_is_set_aside(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    rotten = core.stored(DATA).receipt.container
    rot(core, rotten)
    scrubbed(core)
    caplog.clear()
    swept = sweep(core.restarted().store)
    assert (swept.missing, swept.orphans, swept.dropped, caplog.records) == (0, 0, 0, [])


class Moody:
    """A reader whose first reading of its bytes is wrong, or fails."""

    def __init__(self, inner: Reader, read: Callable[[bytes], bytes]) -> None:
        self._inner, self._read = inner, read
        self.size, self.close, self.fileno = inner.size, inner.close, inner.fileno

    def pread(self, length: int, offset: int) -> bytes:
        return self._read(self._inner.pread(length, offset))


def moody(core: Core, monkeypatch: pytest.MonkeyPatch, *reads: Callable[[bytes], bytes]) -> None:
    """Have the first readers read so."""
    left, true = list(reads), core.store.backend.open
    monkeypatch.setattr(
        core.store.backend, "open", lambda number: Moody(true(number), left.pop(0)) if left else true(number)
    )


def failing(_data: bytes) -> bytes:
    raise StorageFailure("input/output error")


def test_what_was_read_wrongly_once_is_reported_and_left(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    container = core.stored(DATA).receipt.container
    moody(core, monkeypatch, flipped)
    assert scrubbed(core) == [(kinds.UNSTEADY, container.fragment)]
    assert (damage(core, container), core.get(container)) == (None, DATA)


def test_what_cannot_be_read_is_reported_and_left(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sorted(core.stored(data).receipt.container.fragment for data in (DATA, b"other"))
    moody(core, monkeypatch, failing)
    assert scrubbed(core) == [(kinds.UNREADABLE, first)]
    assert core.store.health.failure is None
    assert core.store.backend.has(first)
    assert core.store.backend.has(second)


def test_a_second_reading_that_fails_condemns_nothing(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    container = core.stored(DATA).receipt.container
    moody(core, monkeypatch, flipped, failing)
    assert (kinds.UNREADABLE, container.fragment) in scrubbed(core)
    assert damage(core, container) is None


def test_what_is_deleted_meanwhile_is_no_finding(core: Core) -> None:
    rotten = core.stored(DATA).receipt.container
    core.stored(b"other")
    rot(core, rotten)
    time = HandTime()
    # While it is read for the second time.
    time.on_wait = lambda: (
        delete_container(core.store, MANAGER, DeleteContainer(rotten)) if len(time.waits) == 4 else None
    )
    findings, _ = scrub_of(core.store, 0, time).read(rotten.fragment)
    assert findings == ()
    assert core.container_state(rotten) == "DELETED"
    with pytest.raises(ContainerNotFound):
        core.get(rotten)


def test_one_that_cannot_be_set_aside_is_not_served_either(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    rotten = core.stored(DATA).receipt.container
    rot(core, rotten)

    def fail(_number: str) -> None:
        raise StorageFailure("read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.backend, "set_aside", fail)
        assert scrubbed(core) == [(kinds.DAMAGED, rotten.fragment)]
    assert core.store.backend.has(rotten.fragment)
    with pytest.raises(Damaged):
        core.get(rotten)
    # The next one finds what was left to be done.
    assert scrubbed(core) == [(kinds.DAMAGED, rotten.fragment)]
    assert not core.store.backend.has(rotten.fragment)


def test_an_append_to_what_rots_meanwhile_ends(core: Core) -> None:
    base = core.stored(DATA).receipt.container
    offer = core.append(base)
    rot(core, base)
    scrubbed(core)
    with pytest.raises((Damaged, ContainerNotFound)):
        core.put(core.token(offer), b"more")


def test_memory_is_told_to_drop_what_was_read(on_disk: Core) -> None:
    core = on_disk
    core.stored(DATA)
    dropped = list[tuple[int, int]]()
    scrub = replace(scrub_of(core.store), forget=lambda _file, offset, length: dropped.append((offset, length)))
    assert next(scrub.steps()).findings == ()
    # All of it before it is read, so that it is the disk that is read; and each piece behind.
    assert dropped == [(0, 0), (0, len(DATA))]


# --- adopted ones -----------------------------------------------------------------------------------------------------


def test_others_files_are_read_and_never_touched(tmp_path: Path) -> None:
    with adopting_core(tmp_path, terms=Terms(reserve=0)) as core:
        path = tmp_path / NAME / "a.fits"
        path.write_bytes(DATA)
        adopted(core, tmp_path)
        (held,) = list_containers(core.store, MANAGER, ListContainers()).holdings
        assert scrubbed(core) == []
        known = path.stat()
        path.write_bytes(flipped(DATA))
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
        assert scrubbed(core) == [(kinds.DAMAGED, held.container.fragment)]
        with pytest.raises(Damaged):
            core.get(held.container)
        assert path.read_bytes() == flipped(DATA)
        assert not (tmp_path / "containers" / "quarantine").exists()
        path.write_bytes(DATA)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
        assert scrubbed(core) == []
        assert core.get(held.container) == DATA
        path.unlink()
        assert scrubbed(core) == [(kinds.VANISHED, held.container.fragment)]
        assert damage(core, held.container) is None
