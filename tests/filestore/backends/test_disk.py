"""The disk back end when the disk misbehaves, and the order in which it makes things durable."""

import errno
import os
import stat
from pathlib import Path

import pytest

from filestore.backends.disk import DiskBackend
from filestore.backends.files import Files, SystemFiles
from filestore.ports import StorageFailure
from filestore.services.copies import duplicate
from filestore.services.imports import Sent, open_upload
from filestore.services.resuming import find_kept
from filestore.services.sweep import sweep
from tests.support.filestore_core import DAVE, MANAGER, NODE, Core, disk_core, make_core, sidecar_of_bytes
from tests.support.filestore_files import Failing, NoLinks, Recorder, ShortWrites, SteppedFiles, VolatileFiles
from tests.support.parts import begun, kept, last
from vofiles.contract import Duplicate
from vofiles.errors import ChecksumMismatch, ServiceBusy, StoreFull, StoreReadOnly

DATA = bytes(range(256)) * 100
ONE, TWO = "abcd2345", "abce2345"


def fill(backend: DiskBackend, number: str = ONE, data: bytes = DATA) -> None:
    writer = backend.create(number, len(data))
    writer.write(data)
    writer.seal(sidecar_of_bytes(number, data))
    writer.close()


def on_disk(core: Core) -> list[str]:
    return list(core.store.backend.numbers())


def test_the_order_in_which_a_container_becomes_durable(tmp_path: Path) -> None:
    recorder = Recorder()
    backend = DiskBackend(tmp_path / "containers", SteppedFiles(recorder))
    assert recorder.effects == ["make_directory", "sync_directory"]
    recorder.effects.clear()
    fill(backend)
    assert [effect for effect in recorder.effects if effect != "unlink"] == [
        "make_directory",  # the shard
        "sync_directory",
        "create",  # the bytes
        "reserve",
        "write",
        "sync",
        "create",  # the sidecar
        "write",
        "sync",
        "close",
        "sync_directory",  # both entries
        "close",
    ]


def test_files_are_for_their_owner_only_and_named_by_number(tmp_path: Path) -> None:
    fill(DiskBackend(tmp_path / "containers"))
    path = tmp_path / "containers" / "ab" / ONE
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.with_name(ONE + ".json").exists()


def test_what_else_lies_there_is_left_alone(tmp_path: Path) -> None:
    backend = DiskBackend(tmp_path / "containers")
    fill(backend)
    (tmp_path / "containers" / "lost+found").mkdir()
    (tmp_path / "containers" / "README").write_text("hello")
    (tmp_path / "containers" / "ab" / "Notes.txt").write_text("hello")
    assert list(backend.numbers()) == [ONE]


def test_short_writes_are_gone_on_with(tmp_path: Path) -> None:
    backend = DiskBackend(tmp_path / "containers", ShortWrites())
    fill(backend)
    assert (tmp_path / "containers" / "ab" / ONE).read_bytes() == DATA
    assert backend.find_sidecar(ONE) == sidecar_of_bytes(ONE, DATA)


def test_a_descriptor_can_be_sent_from(tmp_path: Path) -> None:
    backend = DiskBackend(tmp_path / "containers")
    fill(backend)
    reader = backend.open(ONE)
    descriptor = reader.fileno()
    assert descriptor is not None
    assert os.pread(descriptor, 10, 5) == DATA[5:15]
    reader.close()
    assert reader.fileno() is None


def test_a_sidecar_that_cannot_be_read_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    backend = DiskBackend(tmp_path / "containers")
    fill(backend)
    (tmp_path / "containers" / "ab" / (ONE + ".json")).write_bytes(b"\xff{")
    assert backend.find_sidecar(ONE) is None
    assert ONE in caplog.text


def test_a_duplicate_shares_the_blocks_where_it_can(tmp_path: Path) -> None:
    backend = DiskBackend(tmp_path / "containers")
    fill(backend)
    backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, DATA))
    folder = tmp_path / "containers" / "ab"
    assert (folder / ONE).samefile(folder / TWO)


def test_where_there_are_no_links_a_duplicate_is_copied_and_verified(tmp_path: Path) -> None:
    backend = DiskBackend(tmp_path / "containers", NoLinks())
    fill(backend)
    backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, DATA))
    folder = tmp_path / "containers" / "ab"
    assert not (folder / ONE).samefile(folder / TWO)
    assert (folder / TWO).read_bytes() == DATA
    damaged = DATA[:-1] + b"!"
    (folder / ONE).write_bytes(damaged)
    with pytest.raises(ChecksumMismatch):
        backend.duplicate(ONE, "abcf2345", sidecar_of_bytes("abcf2345", DATA))
    assert sorted(backend.numbers()) == [ONE, TWO]


@pytest.mark.parametrize(
    ("method", "after"),
    [
        ("create", 0),
        ("reserve", 0),
        ("write", 0),
        ("write", 3),
        ("sync", 0),
        ("sync", 1),
        ("create", 1),
        ("sync_directory", 2),
    ],
)
@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EIO, StorageFailure)]
)
def test_whatever_fails_the_upload_is_dropped_and_nothing_is_tried_twice(
    tmp_path: Path, method: str, after: int, number: int, error: type[Exception]
) -> None:
    failing = Failing(method, number, after=after)
    armed = False

    def step(name: str, argument: object) -> None:
        if armed:
            failing(name, argument)

    with disk_core(tmp_path, files=SteppedFiles(step)) as core:
        old = core.stored(DATA).receipt
        offer = core.offer("t1", size=len(DATA))
        armed = True
        if method == "sync_directory":
            failing.left = 1  # the shard's entry first, then the container's
        with pytest.raises(error):
            core.put(core.token(offer), DATA, piece=len(DATA) // 5)
        armed = False
        assert failing.failed == 1
        assert core.transfer("t1").state == "OFFERED"
        assert on_disk(core) == [old.container.fragment]
        assert core.get(old.container) == DATA
        if error is StoreFull:
            assert core.store.health.failure is None
            assert core.put(core.token(offer), DATA).receipt.size == len(DATA)
        else:
            assert core.store.health.failure is not None
            with pytest.raises(StoreReadOnly):
                core.offer()
            with pytest.raises(StoreReadOnly):
                open_upload(core.store, core.token(offer), Sent())


@pytest.mark.parametrize("method", ["create", "sync_directory", "open"])
def test_too_many_open_files_say_nothing_about_the_disk(tmp_path: Path, method: str) -> None:
    crowded = Failing("", errno.EMFILE)
    with disk_core(tmp_path, files=SteppedFiles(crowded)) as core:
        receipt = core.stored(b"old").receipt
        offer = core.offer("t1")
        crowded.method = method
        with pytest.raises(ServiceBusy):
            core.get(receipt.container) if method == "open" else core.put(core.token(offer), b"new")
        crowded.method = ""
        assert core.get(receipt.container) == b"old"
        assert core.put(core.token(offer), b"new").receipt.size == 3


def test_a_read_that_fails_is_told(tmp_path: Path) -> None:
    failing = Failing("pread", errno.EIO, after=1)
    with disk_core(tmp_path, files=SteppedFiles(failing)) as core:
        receipt = core.stored(DATA).receipt
        assert core.get(receipt.container) == DATA
        with pytest.raises(StorageFailure):
            core.get(receipt.container)


def test_a_commit_that_fails_leaves_the_bytes_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk_core(tmp_path) as core:
        offer = core.offer("t1")
        upload = open_upload(core.store, core.token(offer), Sent())
        upload.write(DATA)

        def failing(fn: object) -> None:
            raise OSError(errno.EIO, "fsync")

        with monkeypatch.context() as patch:
            patch.setattr(core.store.catalogue, "write", failing)
            with pytest.raises(StorageFailure):
                upload.complete()
        assert core.store.health.failure is not None
        assert len(on_disk(core)) == 1
        after = core.restarted()
        assert sweep(after.store).dropped == 1
        assert after.put(after.token(offer), DATA).receipt.size == len(DATA)


class Unsynced(VolatileFiles):
    """A power loss for a back end that forgets one kind of sync."""

    def __init__(self, forgotten: str) -> None:
        super().__init__()
        self._forgotten = forgotten

    def sync(self, descriptor: int) -> None:
        if self._forgotten != "sync":
            super().sync(descriptor)

    def sync_directory(self, path: Path) -> None:
        if self._forgotten != "sync_directory":
            super().sync_directory(path)


def after_power_loss(core: Core, files: VolatileFiles, folder: Path) -> Core:
    files.lose_power()
    backend: Files = SystemFiles()
    return make_core(core.store.catalogue, DiskBackend(folder / "containers", backend), clock=core.clock, ids=core.ids)


def test_the_order_in_which_a_part_becomes_durable(tmp_path: Path) -> None:
    recorder = Recorder()
    backend = DiskBackend(tmp_path / "containers", SteppedFiles(recorder))
    writer = backend.create(ONE, len(DATA))
    writer.write(DATA[:100])
    recorder.effects.clear()
    writer.keep()
    assert recorder.effects == ["sync", "sync_directory"]
    writer.write(DATA[100:200])
    recorder.effects.clear()
    writer.keep()
    assert recorder.effects == ["sync"], "its entry is durable"
    writer.close()
    recorder.effects.clear()
    backend.resume(ONE, 200, len(DATA)).keep()
    assert [effect for effect in recorder.effects if effect != "unlink"] == ["cut", "reserve", "sync"]


@pytest.mark.parametrize("method", ["reopen", "cut", "reserve"])
def test_what_was_kept_stays_where_it_cannot_be_gone_on_with(tmp_path: Path, method: str) -> None:
    DiskBackend(tmp_path / "containers").create(ONE, None).keep()
    writer = DiskBackend(tmp_path / "containers").create(ONE, None)
    writer.write(DATA[:100])
    writer.keep()
    failing = DiskBackend(tmp_path / "containers", SteppedFiles(Failing(method, errno.EIO)))
    with pytest.raises(StorageFailure):
        failing.resume(ONE, 100, len(DATA))
    reader = DiskBackend(tmp_path / "containers").open_kept(ONE, 100)
    assert reader.pread(200, 0) == DATA[:100]
    reader.close()


def test_what_was_told_to_be_safe_survives_the_loss_of_power(tmp_path: Path) -> None:
    files = VolatileFiles()
    with disk_core(tmp_path, files=files) as core:
        token = core.token(core.offer(size=len(DATA)))
        kept(core, token, DATA[:100])
        begun(core, token, 100, DATA[100:200])
        after = after_power_loss(core, files, tmp_path)
        assert sweep(after.store).dropped == 0
        assert find_kept(after.store, token).offset == 100
        assert after.get(last(after, token, DATA[100:], 100).container) == DATA


def test_what_was_acknowledged_survives_the_loss_of_power(tmp_path: Path) -> None:
    files = VolatileFiles()
    with disk_core(tmp_path, files=files) as core:
        receipt = core.stored(DATA).receipt
        copy = duplicate(
            core.store, MANAGER, Duplicate("d1", MANAGER, receipt.container, NODE, DAVE)
        ).transfer.container
        assert copy is not None
        half = open_upload(core.store, core.token(core.offer()), Sent())
        half.write(DATA)
        after = after_power_loss(core, files, tmp_path)
        swept = sweep(after.store)
        assert (swept.leases, swept.missing) == (1, 0)
        assert after.get(receipt.container) == DATA
        assert after.get(copy) == DATA
        assert after.store.backend.find_sidecar(receipt.container.fragment) is not None
        assert after.store.backend.find_sidecar(copy.fragment) is not None


@pytest.mark.parametrize("forgotten", ["sync", "sync_directory"])
def test_and_would_not_without_both_kinds_of_sync(tmp_path: Path, forgotten: str) -> None:
    files = Unsynced(forgotten)
    with disk_core(tmp_path, files=files) as core:
        receipt = core.stored(DATA).receipt
        after = after_power_loss(core, files, tmp_path)
        path = tmp_path / "containers" / receipt.container.fragment[:2] / receipt.container.fragment
        assert not path.exists() or path.read_bytes() != DATA
        assert after.store.backend.find_sidecar(receipt.container.fragment) is None
