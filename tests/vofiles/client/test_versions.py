"""Content over time by the client: conditions, adding to a file, earlier contents, and what happened when."""

import io
import os
from pathlib import Path

import pytest

from tests.support.unseekable import Unseekable
from vofiles.errors import (
    InvalidArgument,
    NodeNotFound,
    NotAFile,
    VersionConflict,
    VersionNotFound,
)
from vofiles.tree import Home, Node

CONTENT = bytes(range(256)) * 12_000  # 3 MB, more than two blocks


@pytest.fixture(autouse=True)
def _kept(home: Home) -> None:
    """Earlier contents are kept as the root of the space says."""
    home.set({"versions.keep": "20"})


def test_a_condition_on_the_version(folder: Node) -> None:
    node = folder / "file"
    assert node.put(b"first", if_version=0).version == 1
    with pytest.raises(VersionConflict):
        node.put(b"lost", if_version=0)
    assert node.put(b"second", if_version=1).version == 2
    with pytest.raises(VersionConflict):
        node.append(b"lost", if_version=1)
    with pytest.raises(VersionConflict):
        node.remove(if_version=1)
    assert node.read_bytes() == b"second"
    node.remove(if_version=2)
    assert not node.exists()


def test_mode_and_time_by_the_library(folder: Node, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_bytes(b"x")
    local.chmod(0o600)
    os.utime(local, (1_076_000_000, 1_076_000_000))
    node = folder / "file"
    info = node.put(local, preserve=True, properties={"note": "mine"})
    assert (info.properties["posix.mode"], info.properties["note"]) == ("0600", "mine")
    assert node.get(tmp_path / "back", preserve=True) == tmp_path / "back"
    assert (tmp_path / "back").stat().st_mode & 0o7777 == 0o600
    assert (tmp_path / "back").stat().st_mtime == 1_076_000_000
    with pytest.raises(InvalidArgument, match="give its path"):
        node.put(b"bytes", preserve=True)
    with pytest.raises(InvalidArgument, match="give its path"):
        node.get(io.BytesIO(), preserve=True)


@pytest.mark.parametrize("more", [b"", b"!", CONTENT])
def test_append(more: bytes, folder: Node, tmp_path: Path) -> None:
    node = folder / "log"
    first = node.append(b"first ")
    assert (first.version, first.size) == (1, 6)
    local = tmp_path / "more"
    local.write_bytes(more)
    told: list[tuple[int, int | None]] = []
    info = node.append(local, progress=lambda *step: told.append(step))
    assert (info.version, info.size) == (2, 6 + len(more))
    assert told[-1] == (len(more), len(more))
    assert node.read_bytes() == b"first " + more
    assert node.append(Unseekable(b" third")).version == 3  # type: ignore[arg-type]
    with node.open("ab") as file:
        file.write(b" fourth")
    assert node.read_bytes() == b"first " + more + b" third fourth"
    assert [version.size for version in node.versions()] == [6 + len(more) + n for n in (13, 6, 0)] + [6]
    with pytest.raises(NotAFile):
        folder.append(b"x")


def test_earlier_versions(folder: Node, tmp_path: Path) -> None:
    node = folder / "file"
    for number in range(1, 14):
        node.put(f"content {number}".encode())
    found = list(node.versions())
    assert [version.number for version in found] == list(range(13, 0, -1))
    assert [version.number for version in found if version.current] == [13]
    assert found[0].digests["sha-256"] == node.info().digests["sha-256"]
    assert found[0].created >= found[-1].created
    assert node.read_bytes(version=3) == b"content 3"
    assert node.get(tmp_path / "old", version=1) == tmp_path / "old"
    assert (tmp_path / "old").read_bytes() == b"content 1"
    with node.open(version=2) as file:
        assert file.read() == b"content 2"
    assert node.read_bytes() == b"content 13"
    with pytest.raises(VersionNotFound):
        node.read_bytes(version=14)
    with pytest.raises(InvalidArgument, match="can only be read"):
        node.open("wb", version=2)  # type: ignore[call-overload]
    with pytest.raises(NotAFile):
        list(folder.versions())


def test_history(folder: Node) -> None:
    node = folder / "file"
    node.put(b"first", properties={"note": "a"})
    before = node.set({"note": "b"}).modified
    node.set({"note": None, "other": "c"})
    node.rename("renamed")
    node = folder / "renamed"
    changes = list(node.history())
    assert [change.operation for change in changes] == ["addNode", "import", "setProperties", "setProperties", "move"]
    assert {change.who for change in changes} == {"ivo://ast.cam.ac.uk/dave"}
    assert [change.number for change in changes] == sorted(change.number for change in changes)
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    assert dict(changes[2].before)["note"] == "a"
    assert dict(changes[2].after)["note"] == "b"
    assert "note" not in changes[3].after
    then = node.history(before)
    assert then.values["note"] == "b"
    assert len(list(then)) == 3
    assert node.history().values == {}
    for number in range(12):
        node.set({"note": str(number)})
    assert len(list(node.history())) == 17
    with pytest.raises(NodeNotFound, match=f"{folder}/missing"):
        list((folder / "missing").history())
    with pytest.raises(InvalidArgument, match="zone"):
        node.history(before.replace(tzinfo=None))
