"""Writing past the page cache: the bytes are right however they are cut, and whatever a file system refuses."""

import errno
import mmap
import os
from pathlib import Path

import pytest

from filestore.backends.disk import DiskBackend
from filestore.backends.diskio import DIRECT, PAGE
from filestore.backends.files import Files, SystemFiles
from filestore.backends.unsynced import UnsyncedFiles
from filestore.ports import StorageFailure
from tests.support.filestore_core import sidecar_of_bytes
from tests.support.filestore_files import Failing, Recorder, ShortWrites, SteppedFiles, VolatileFiles
from vofiles.errors import StoreFull

NUMBER = "abcd2345"
CONTENT = os.urandom(3 * DIRECT + 5 * PAGE + 77)


@pytest.fixture(scope="module")
def block() -> memoryview:
    """The content, in memory that a disk can read from."""
    memory = mmap.mmap(-1, len(CONTENT))
    memory[:] = CONTENT
    return memoryview(memory)


def written(root: Path, files: Files, *pieces: memoryview, size: int | None = len(CONTENT)) -> bytes:
    """What is in the file after it was written in these pieces, and sealed."""
    backend = DiskBackend(root, files)
    writer = backend.create(NUMBER, size)
    try:
        for piece in pieces:
            writer.write(piece)
        writer.seal(sidecar_of_bytes(NUMBER, b"".join(pieces)))
        writer.close()
    finally:
        writer.abort()
    return (root / "ab" / NUMBER).read_bytes()


def cut(block: memoryview, *ends: int) -> list[memoryview]:
    starts = (0, *ends)
    return [block[start:end] for start, end in zip(starts, (*ends, len(block)), strict=True)]


def test_whole_pages_go_to_the_disk_itself_and_the_rest_by_way_of_memory(tmp_path: Path, block: memoryview) -> None:
    recorder = Recorder()
    assert written(tmp_path / "c", SteppedFiles(recorder), *cut(block, 2 * DIRECT)) == CONTENT
    steps = recorder.effects[recorder.effects.index("reserve") :]
    assert steps[: steps.index("sync")] == [
        "reserve",
        "write_directly",
        "write",
        "write",
        "write_by_memory",
        "write",
    ]


@pytest.mark.parametrize(
    "ends",
    [(), (1,), (PAGE,), (DIRECT,), (DIRECT + 1,), (DIRECT, DIRECT + PAGE), (DIRECT, DIRECT + 3, 2 * DIRECT + PAGE)],
    ids=str,
)
@pytest.mark.parametrize("files", [SystemFiles, UnsyncedFiles, VolatileFiles])
def test_however_it_is_cut_the_bytes_are_the_same(
    tmp_path: Path, block: memoryview, ends: tuple[int, ...], files: type[SystemFiles]
) -> None:
    assert written(tmp_path / "c", files(), *cut(block, *ends)) == CONTENT


def test_memory_that_a_disk_cannot_read_from_is_written_all_the_same(tmp_path: Path) -> None:
    shifted = memoryview(bytearray(b"." + CONTENT))[1:]
    assert written(tmp_path / "c", SystemFiles(), shifted) == CONTENT


def test_a_size_that_is_not_known_and_a_small_one_are_written_by_way_of_memory(
    tmp_path: Path, block: memoryview
) -> None:
    for name, piece, size in (("a", block, None), ("b", block[: DIRECT - 1], DIRECT - 1)):
        recorder = Recorder()
        assert written(tmp_path / name, SteppedFiles(recorder), piece, size=size) == bytes(piece)
        assert "write_directly" not in recorder.effects


def test_what_does_not_wait_for_its_disk_writes_to_memory(tmp_path: Path, block: memoryview) -> None:
    backend = DiskBackend(tmp_path / "c", UnsyncedFiles())
    writer = backend.create(NUMBER, len(block))
    writer.write(block)
    descriptor = UnsyncedFiles().open(tmp_path / "c" / "ab" / NUMBER)
    # What is in memory can be read without waiting for the disk.
    assert os.preadv(descriptor, [bytearray(PAGE)], 0, os.RWF_NOWAIT) == PAGE
    os.close(descriptor)
    writer.abort()


class NoDirect(SystemFiles):
    """A file system that cannot write past the page cache: it says so, or finds out at the first write."""

    def __init__(self, *, says_so: bool) -> None:
        self._says_so = says_so
        self.direct = False
        self.asked = 0

    def write_directly(self, descriptor: int) -> bool:
        self.asked += 1
        self.direct = not self._says_so
        return self.direct

    def write_by_memory(self, descriptor: int) -> None:
        self.direct = False

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.direct:
            raise OSError(errno.EINVAL, "not here")
        return super().write(descriptor, data)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_file_system_that_cannot_is_asked_once_and_written_to_without_a_word(
    tmp_path: Path, block: memoryview, says_so: bool
) -> None:
    files = NoDirect(says_so=says_so)
    assert written(tmp_path / "c", files, *cut(block, DIRECT, 2 * DIRECT)) == CONTENT
    assert files.asked == 1


def test_a_file_system_in_memory(block: memoryview) -> None:
    root = Path("/dev/shm")
    if not root.is_dir():
        pytest.skip("this machine has no /dev/shm")
    folder = root / f"vofiles-{os.getpid()}"
    folder.mkdir()
    try:
        assert written(folder / "c", SystemFiles(), block) == CONTENT
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


def test_short_writes_are_gone_on_with(tmp_path: Path, block: memoryview) -> None:
    class Shorter(ShortWrites):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return SystemFiles.write(self, descriptor, data[: max(7, len(data) // 2 - 3)])

    assert written(tmp_path / "c", Shorter(), block) == CONTENT


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(("number", "raised"), [(errno.ENOSPC, StoreFull), (errno.EIO, StorageFailure)])
def test_a_write_that_fails_is_not_tried_in_another_way(
    tmp_path: Path, block: memoryview, after: int, number: int, raised: type[Exception]
) -> None:
    failing = Failing("write", number, after=after)
    with pytest.raises(raised):
        written(tmp_path / "c", SteppedFiles(failing), *cut(block, DIRECT, 2 * DIRECT))
    assert failing.failed == 1
    assert not (tmp_path / "c" / "ab" / NUMBER).exists()


@pytest.mark.parametrize("kept", [True, False])
def test_what_is_not_synced_is_lost_with_the_power(tmp_path: Path, block: memoryview, kept: bool) -> None:
    """Past the page cache is not yet durable: a disk has memory of its own, and the file system what it knows."""
    files = VolatileFiles()
    backend = DiskBackend(tmp_path / "c", files)
    writer = backend.create(NUMBER, len(block))
    writer.write(block)
    if kept:
        assert writer.keep() == len(block)
    files.lose_power()
    path = tmp_path / "c" / "ab" / NUMBER
    assert (path.exists() and path.read_bytes() == CONTENT) is kept
    writer.abort()


@pytest.mark.parametrize("kept", [PAGE, DIRECT, DIRECT + 1])
def test_going_on_behind_what_was_kept(tmp_path: Path, block: memoryview, kept: int) -> None:
    backend = DiskBackend(tmp_path / "c")
    writer = backend.create(NUMBER, len(block))
    writer.write(block[: 2 * DIRECT])
    assert writer.keep() == 2 * DIRECT
    writer.close()
    again = backend.resume(NUMBER, kept, len(block))
    aligned = memoryview(mmap.mmap(-1, len(block) - kept))
    aligned[:] = block[kept:]
    again.write(aligned)
    again.seal(sidecar_of_bytes(NUMBER, CONTENT))
    again.close()
    assert (tmp_path / "c" / "ab" / NUMBER).read_bytes() == CONTENT
