"""Mode, owner and time of a local file as properties, and back; what cannot be is left out."""

import os
from pathlib import Path

import pytest

from vofiles import posix
from vofiles.properties import STANDARD, Setter, check_property

NOON = 1_795_348_800_123_456_000  # ns


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    path.chmod(0o640)
    os.utime(path, ns=(NOON, NOON))
    return path


def test_what_is_known_of_a_file(file: Path) -> None:
    known = posix.properties_of(file)
    assert known == {
        "posix.mode": "0640",
        "posix.uid": str(os.getuid()),
        "posix.gid": str(file.stat().st_gid),
        "posix.mtime": "2026-11-22T12:00:00.123456Z",
    }
    for key, value in known.items():
        check_property(key, value)
        assert STANDARD[key].setter is Setter.CALLER


def test_there_and_back(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    posix.restore(other, posix.properties_of(file))
    assert other.stat().st_mode & 0o7777 == 0o640
    assert other.stat().st_mtime_ns == NOON
    assert posix.properties_of(other) == posix.properties_of(file)


def test_a_mode_from_elsewhere_gives_no_rights_of_its_owner_to_who_runs_it(file: Path) -> None:
    posix.restore(file, {"posix.mode": "6777"})
    assert file.stat().st_mode & 0o7777 == 0o777


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        {"posix.mode": "rw-r--r--"},
        {"posix.mode": "-1"},
        {"posix.mode": "9"},
        {"posix.mtime": "yesterday"},
        {"posix.uid": "root", "posix.gid": "-1"},
        {"posix.uid": "²"},
    ],
)
def test_what_is_nothing_changes_nothing(nonsense: dict[str, str], file: Path) -> None:
    before = posix.properties_of(file)
    posix.restore(file, nonsense)
    assert posix.properties_of(file) == before


def test_only_root_gives_files_away(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, owner, group: given.append((owner, group)))
    owned = {"posix.uid": "17", "posix.gid": "18"}
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    posix.restore(file, owned)
    assert given == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    posix.restore(file, owned)
    posix.restore(file, {"posix.gid": "18"})
    assert given == [(17, 18), (-1, 18)]
