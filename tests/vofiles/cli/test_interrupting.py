"""put and get of large files, ended by Ctrl-C and typed again."""

import os
from pathlib import Path

import pytest

from tests.support.commands import Command
from vofiles import parallel, sources
from vofiles.partfile import PartFile
from vofiles.sources import Source

MIB = 1 << 20
CONTENT = os.urandom(2 * MIB)
HINT = "vofiles: large.bin: the same command goes on where this one was interrupted\n"


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A local file, in a world in which contents of 1 MiB are large."""
    monkeypatch.setattr(sources, "LARGE", MIB)
    monkeypatch.setattr(parallel, "SMALLEST_PIECE", MIB // 4)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "large.bin"
    path.write_bytes(CONTENT)
    return path


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("words", "hint"), [([], HINT), (["--no-resume"], "")])
def test_put(words: list[str], hint: str, vofiles: Command, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["put", *words, "large.bin", f"{place}/"]
    with monkeypatch.context() as patch:
        patch.setattr(Source, "read", interrupt)
        done = vofiles.run(*command)
    assert (done.code, done.out, done.err) == (130, "", f"{hint}vofiles: interrupted\n")
    vofiles.require(*command)
    assert vofiles.require("ls", place) == "large.bin\n"


def test_a_small_one_is_not_spoken_of(vofiles: Command, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (vofiles.folder / "small.bin").write_bytes(b"small")
    with monkeypatch.context() as patch:
        patch.setattr(Source, "read", interrupt)
        done = vofiles.run("put", "small.bin", f"{place}/")
    assert (done.code, done.err) == (130, "vofiles: interrupted\n")


@pytest.mark.parametrize(("words", "hint"), [([], HINT), (["--no-resume"], "")])
def test_get(words: list[str], hint: str, vofiles: Command, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vofiles.require("put", "large.bin", f"{place}/")
    target = vofiles.folder / "here"
    target.mkdir()
    command = ["get", *words, "--connections", "2", f"{place}/large.bin", "here"]
    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "read", interrupt)
        done = vofiles.run(*command)
    assert (done.code, done.out, done.err) == (130, "", f"{hint}vofiles: interrupted\n")
    assert [each.name.startswith("large.bin.vofiles-part") for each in target.iterdir()] == [True] * 2 * bool(hint)
    vofiles.require(*command)
    assert (target / "large.bin").read_bytes() == CONTENT
    assert len(list(target.iterdir())) == 1


def test_how_many_connections_is_checked(vofiles: Command, place: str) -> None:
    for number in ("0", "17", "many"):
        code, said = vofiles.refuse("get", "--connections", number, f"{place}/x", ".")
        assert code == 2
        assert "--connections" in said
