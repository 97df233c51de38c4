"""`put` keeps mode and time of local files, `get --preserve` gives them back; without being asked it does not."""

import json
import os
from pathlib import Path

from tests.support.commands import Command

LONG_AGO = 1_076_000_000


def make(path: Path, mode: int, content: bytes | None = None) -> None:
    if content is None:
        path.mkdir(exist_ok=True)
    else:
        path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, (LONG_AGO, LONG_AGO))


def known(path: Path) -> tuple[int, float]:
    return path.stat().st_mode & 0o7777, path.stat().st_mtime


def test_a_file_there_and_back(vofiles: Command, place: str) -> None:
    make(vofiles.folder / "script", 0o750, b"#!/bin/sh")
    vofiles.require("put", "script", place)
    told = json.loads(vofiles.require("props", f"{place}/script", "--json"))
    assert (told["posix.mode"], told["posix.mtime"]) == ("0750", "2004-02-05T16:53:20.000000Z")
    assert told["posix.uid"] == str(os.getuid())
    vofiles.require("get", "--preserve", f"{place}/script", "back")
    assert known(vofiles.folder / "back") == (0o750, LONG_AGO)
    vofiles.require("get", f"{place}/script", "plain")
    assert known(vofiles.folder / "plain")[1] > LONG_AGO
    # Written anew, it is known anew.
    make(vofiles.folder / "script", 0o600, b"changed")
    vofiles.require("put", "script", place)
    assert json.loads(vofiles.require("props", f"{place}/script", "--json"))["posix.mode"] == "0600"


def test_folders_there_and_back(vofiles: Command, place: str) -> None:
    tree = vofiles.folder / "tree"
    make(tree, 0o755)
    make(tree / "closed", 0o755)
    make(tree / "closed" / "file", 0o444, b"x")
    make(tree / "closed", 0o555)
    make(tree, 0o700)
    vofiles.require("put", "-r", "tree", place)
    vofiles.require("get", "-r", "--preserve", f"{place}/tree", "back")
    back = vofiles.folder / "back"
    assert known(back) == (0o700, LONG_AGO)
    assert known(back / "closed") == (0o555, LONG_AGO)
    assert known(back / "closed" / "file") == (0o444, LONG_AGO)
    for folder in (tree, back):
        (folder / "closed").chmod(0o755)


def test_what_is_not_wanted_is_not_kept(vofiles: Command, place: str) -> None:
    make(vofiles.folder / "file", 0o640, b"x")
    vofiles.require("put", "--no-preserve", "file", place)
    vofiles.require("put", "-", f"{place}/stream", input=b"x")
    for name in ("file", "stream"):
        told = json.loads(vofiles.require("props", f"{place}/{name}", "--json"))
        assert not [key for key in told if key.startswith("posix.")]
    vofiles.require("get", "--preserve", f"{place}/file", "back")
    assert (vofiles.folder / "back").read_bytes() == b"x"
