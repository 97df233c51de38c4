"""Journals of uploads: one program's at a time, believed only where they can be read, never kept for ever."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vofiles import journals
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.journals import LONGEST, Begun, held
from vofiles.sources import Identity

NODE = NodeIdentifier(Ivorn.parse("ivo://ast.cam.ac.uk/filemanager"), "1234-5678")
FILE = Identity("/data/m31.fits", 5_000_000, 1_795_348_800_123_456_789, 17)
BEGUN = Begun("t1", "/data/m31.fits", 5_000_000, 1_795_348_800_123_456_789, 17, "application/fits", None, 3)
SERVER = "https://example.org/filemanager"

_numbers = st.integers(0, 2**70)
_words = st.none() | st.text()
_begun = st.builds(Begun, st.text(), st.text(), _numbers, _numbers, _numbers, _words, _words, st.none() | _numbers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vofiles" / "uploads"


@given(_begun)
@settings(max_examples=40)
def test_what_was_noted_is_found_by_the_next_one(tmp_path_factory: pytest.TempPathFactory, begun: Begun) -> None:
    folder = tmp_path_factory.mktemp("journals")
    with held(SERVER, NODE, FILE, folder) as journal:
        assert journal.find() is None
        journal.note(BEGUN)
        journal.note(begun)
        assert journal.find() == begun
    with held(SERVER, NODE, FILE, folder) as journal:
        assert journal.find() == begun
        journal.forget()
        assert journal.find() is None
        journal.note(begun)
        assert journal.find() == begun
        journal.forget()
    assert list(folder.iterdir()) == []


def test_each_server_node_and_file_has_its_own(folder: Path) -> None:
    other = NodeIdentifier(NODE.service, "other")
    with held(SERVER, NODE, FILE, folder) as journal:
        journal.note(BEGUN)
        for server, node, path in ((SERVER + "/x", NODE, "a"), (SERVER, other, "a"), (SERVER, NODE, "b")):
            with held(server, node, Identity(path, 1, 1, 1), folder) as own:
                assert own.is_kept
                assert own.find() is None


@given(st.binary(max_size=200))
@settings(max_examples=40)
def test_what_cannot_be_read_says_nothing(tmp_path_factory: pytest.TempPathFactory, scribble: bytes) -> None:
    folder = tmp_path_factory.mktemp("journals")
    with held(SERVER, NODE, FILE, folder) as journal:
        journal.note(BEGUN)
    (file,) = folder.iterdir()
    file.write_bytes(scribble)
    with held(SERVER, NODE, FILE, folder) as journal:
        assert journal.find() is None


@pytest.mark.parametrize(
    "change", [{"size": "5"}, {"transfer": None}, {"if_version": "3"}, {"more": 1}, {"inode": 1.5}, {"path": ["x"]}]
)
def test_what_is_of_another_kind_says_nothing(change: dict[str, object], folder: Path) -> None:
    with held(SERVER, NODE, FILE, folder) as journal:
        journal.note(BEGUN)
    (file,) = folder.iterdir()
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with held(SERVER, NODE, FILE, folder) as journal:
        assert journal.find() is None


def test_one_program_has_it(folder: Path) -> None:
    with held(SERVER, NODE, FILE, folder) as first:
        first.note(BEGUN)
        with held(SERVER, NODE, FILE, folder) as second:
            assert not second.is_kept
            assert second.find() is None
            second.note(BEGUN)
            second.forget()
        assert first.find() == BEGUN
    with held(SERVER, NODE, FILE, folder) as third:
        assert third.is_kept


def test_it_is_its_owners_alone(folder: Path) -> None:
    with held(SERVER, NODE, FILE, folder) as journal:
        journal.note(BEGUN)
        (file,) = folder.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_nobody_came_back_for_goes(folder: Path) -> None:
    with held(SERVER, NODE, FILE, folder) as journal:
        journal.note(BEGUN)
    other = NodeIdentifier(NODE.service, "other")
    with held(SERVER, other, FILE, folder) as kept:
        kept.note(BEGUN)
        for file in folder.iterdir():
            before = file.stat().st_mtime - LONGEST - 60
            os.utime(file, (before, before))
        with held(SERVER, NodeIdentifier(NODE.service, "third"), FILE, folder):
            pass
        # One that is at work goes on however old it is.
        assert len(list(folder.iterdir())) == 1
        assert kept.find() == BEGUN
    with held(SERVER, NODE, FILE, folder) as journal:
        assert journal.find() is None


def test_what_has_no_identity_has_none(folder: Path) -> None:
    with held(SERVER, NODE, None, folder) as journal:
        assert not journal.is_kept
    assert not folder.exists()


def test_where_they_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for configured in ("", "not/absolute"):
        monkeypatch.setenv("XDG_STATE_HOME", configured)
        assert journals.default_folder() == tmp_path / ".local" / "state" / "vofiles" / "uploads"
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert journals.default_folder() == Path("/somewhere/vofiles/uploads")
