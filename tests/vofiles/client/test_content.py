"""Content in and out: from and to whatever Python has for bytes, verified both ways, and never a part under a name."""

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.support.services import STORES
from tests.support.unseekable import Unseekable
from vofiles.checksums import Checksums
from vofiles.errors import (
    ChecksumMismatch,
    ContentNotFound,
    Incomplete,
    InvalidArgument,
    NodeNotFound,
    NotAFile,
    StoreNotFound,
)
from vofiles.ivorn import Ivorn
from vofiles.tree import Node

CONTENT = bytes(range(256)) * 12_000  # 3 MB, more than two blocks


def test_put_from_all_that_has_bytes(folder: Node, tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    opened = io.BytesIO(b"skipped" + CONTENT)
    opened.seek(7)
    sources = {
        "path": path,
        "str": str(path),
        "bytes": CONTENT,
        "bytearray": bytearray(CONTENT),
        "memoryview": memoryview(CONTENT),
        "file": opened,
        "unseekable": Unseekable(CONTENT),
    }
    for name, source in sources.items():
        info = (folder / name).put(source)  # type: ignore[arg-type]
        assert (info.size, info.version) == (len(CONTENT), 1), name
        assert info.digests["sha-256"] == hashlib.sha256(CONTENT).hexdigest()
        assert (folder / name).read_bytes() == CONTENT
    assert not opened.closed
    with path.open("rb") as file:
        assert (folder / "file").put(file).version == 2
        assert not file.closed


@pytest.mark.parametrize("content", [b"", b"x"])
def test_put_of_nothing_and_of_one_byte(content: bytes, folder: Node, tmp_path: Path) -> None:
    for source in (content, io.BytesIO(content), Unseekable(content)):
        info = (folder / "small").put(source)  # type: ignore[arg-type]
        assert info.size == len(content)
        assert (folder / "small").read_bytes() == content
    got = (folder / "small").get(tmp_path)
    assert got is not None
    assert got.read_bytes() == content


def test_put_a_pipe(folder: Node) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"through a pipe")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert (folder / "piped").put(pipe).size == 14
    assert (folder / "piped").read_bytes() == b"through a pipe"


def test_put_refuses_what_has_no_bytes(folder: Node, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        (folder / "x").put(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        (folder / "x").put(tmp_path)
    with pytest.raises(InvalidArgument):
        (folder / "x").put(7)  # type: ignore[arg-type]
    assert not (folder / "x").exists()
    with pytest.raises(InvalidArgument, match="open for reading bytes"):
        (folder / "x").put(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(NotAFile):
        folder.put(b"x")


class Shrinking(io.BytesIO):
    """A file that somebody cuts off while it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.truncate(self.tell())
        return piece


def test_a_source_that_shrinks_or_fails_leaves_the_old_content(folder: Node) -> None:
    node = folder / "file"
    node.put(b"old")
    with pytest.raises(Incomplete):
        node.put(Shrinking(CONTENT))

    class Failing(Unseekable):
        def readinto(self, buffer: "memoryview[int] | bytearray") -> int:  # type: ignore[override]
            return super().readinto(buffer) or self._fail()

        def _fail(self) -> int:
            raise PermissionError(13, "the disk has had enough")

    with pytest.raises(PermissionError, match="had enough"):
        node.put(Failing(CONTENT))  # type: ignore[arg-type]
    assert node.read_bytes() == b"old"
    assert node.info().version == 1
    assert node.put(b"new").version == 2


def test_versions_types_and_stores(folder: Node) -> None:
    stores: list[Ivorn | str] = [*STORES, str(STORES[0])]
    for number, store in enumerate(stores, 1):
        info = (folder / "a.fits").put(f"{number}".encode(), store=store)
        assert (info.version, info.store) == (number, str(store))
    assert (folder / "a.fits").info().content_type == "application/fits"
    assert (folder / "a.fits").put(b"x", content_type="image/png").content_type == "image/png"
    with pytest.raises(StoreNotFound):
        (folder / "a.fits").put(b"x", store="ivo://nowhere/filestore")
    assert (folder / "a.fits").read_bytes() == b"x"


def test_progress_is_told(folder: Node) -> None:
    told: list[tuple[int | None, ...]] = []
    node = folder / "file"
    node.put(CONTENT, progress=lambda *step: told.append(step))
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert len(told) > 3
    told.clear()
    node.put(Unseekable(CONTENT), progress=lambda *step: told.append(step))  # type: ignore[arg-type]
    assert {total for _, total in told} == {None}
    assert [told[0][0], told[-1][0]] == [0, len(CONTENT)]
    told.clear()
    node.get(io.BytesIO(), progress=lambda *step: told.append(step))
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_get_to_a_file_a_folder_and_a_stream(folder: Node, tmp_path: Path) -> None:
    node = folder / "query.vot"
    node.put(CONTENT)
    assert node.get(tmp_path) == tmp_path / "query.vot"
    assert (tmp_path / "query.vot").read_bytes() == CONTENT
    assert node.get(str(tmp_path / "other")) == tmp_path / "other"
    assert (tmp_path / "other").read_bytes() == CONTENT
    stream = io.BytesIO()
    assert node.get(stream) is None
    assert stream.getvalue() == CONTENT
    stream = io.BytesIO(b"kept ")
    stream.seek(5)
    node.get(stream)
    assert stream.getvalue() == b"kept " + CONTENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "query.vot"]


def test_get_replaces_a_file_and_keeps_its_mode(folder: Node, tmp_path: Path) -> None:
    node = folder / "file"
    node.put(b"new")
    target = tmp_path / "file"
    target.write_bytes(b"something longer that was there")
    target.chmod(0o640)
    node.get(target)
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    fresh = tmp_path / "fresh"
    umask = os.umask(0o027)
    try:
        node.get(fresh)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640


def test_get_of_what_cannot_be_got_leaves_nothing(folder: Node, tmp_path: Path) -> None:
    with pytest.raises(NodeNotFound):
        (folder / "missing").get(tmp_path / "x")
    with pytest.raises(NotAFile):
        folder.get(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        (folder / "missing").get(tmp_path / "no-such-folder" / "x")
    with (folder / "empty").open("wb") as file:
        file.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_made_and_never_written_has_no_content(folder: Node, tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound):
        (folder / "never").put(b"x", store="ivo://nowhere/filestore")
    assert (folder / "never").info().size is None
    with pytest.raises(ContentNotFound):
        (folder / "never").get(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_get_that_does_not_match_its_digest_leaves_what_was_there(
    folder: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = folder / "file"
    node.put(CONTENT)
    target = tmp_path / "file"
    target.write_bytes(b"before")
    update = Checksums.update
    # What arrives here is not what was sent, as with memory or a disk gone bad on the way.
    monkeypatch.setattr(Checksums, "update", lambda self, block: update(self, block[:-1] + b"!"))
    with pytest.raises(ChecksumMismatch):
        node.get(target)
    with pytest.raises(ChecksumMismatch):
        node.open("rb")
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_put_that_does_not_arrive_as_it_was_sent_is_refused(folder: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node = folder / "file"
    update = Checksums.update
    monkeypatch.setattr(Checksums, "update", lambda self, block: update(self, block + b"!"))
    with pytest.raises(ChecksumMismatch, match="sha-256 is"):
        node.put(CONTENT)


def test_open_for_reading(folder: Node) -> None:
    node = folder / "table.csv"
    node.put(b"a,b\n1,2\n")
    with node.open() as file:
        assert file.readline() == b"a,b\n"
        file.seek(-2, os.SEEK_END)
        assert file.read() == b"2\n"
    with io.TextIOWrapper(node.open("rb"), encoding="ascii") as text:
        assert text.read() == "a,b\n1,2\n"
    with pytest.raises(NodeNotFound):
        (folder / "missing").open()


def test_open_for_writing(folder: Node) -> None:
    node = folder / "table.csv"
    with node.open("wb") as file:
        file.write(b"a,b\n")
        file.write(b"1,2\n")
        assert not node.exists()
    assert node.read_bytes() == b"a,b\n1,2\n"
    file.close()
    assert node.info().version == 1
    with pytest.raises(TypeError), node.open("wb") as file:
        file.writelines([b"half of it", None])  # type: ignore[list-item]
    assert node.read_bytes() == b"a,b\n1,2\n"
    with io.TextIOWrapper(cast("BinaryIO", node.open("wb")), encoding="utf-8") as text:
        text.write("größer")
    assert node.read_bytes() == "größer".encode()
    with pytest.raises(InvalidArgument):
        node.open("r")  # type: ignore[call-overload]


def test_a_writer_that_is_forgotten_writes_nothing(folder: Node) -> None:
    writer = (folder / "forgotten").open("wb")
    writer.write(b"half of it")
    del writer
    assert folder.listdir() == []
