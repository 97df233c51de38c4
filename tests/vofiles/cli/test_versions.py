"""`append`, `versions`, `get --version`, `history`: a file over time, for people and for programs."""

import json
import re
from pathlib import Path

import pytest

from tests.support.commands import Command


@pytest.fixture
def log(vofiles: Command, place: str) -> str:
    """A file of three versions."""
    vofiles.require("props", "home:", "versions.keep=10")
    log = f"{place}/log.txt"
    vofiles.require("append", "-", log, input=b"one\n")
    (vofiles.folder / "more").write_bytes(b"two\n")
    vofiles.require("append", "more", log)
    vofiles.require("put", "-", log, "--type", "text/plain", input=b"anew\n")
    return log


def test_versions(vofiles: Command, log: str) -> None:
    assert vofiles.require("get", log, "-") == "anew\n"
    lines = vofiles.require("versions", log).splitlines()
    assert [line.split()[:2] for line in lines] == [["3", "5"], ["2", "8"], ["1", "4"]]
    assert [line.endswith("current") for line in lines] == [True, False, False]
    rows = json.loads(vofiles.require("versions", log, "--json"))
    assert [(row["number"], row["size"], row["current"]) for row in rows] == [
        (3, 5, True),
        (2, 8, False),
        (1, 4, False),
    ]
    assert lines[1].split()[-1] == rows[1]["digests"]["sha-256"][:16]
    assert vofiles.require("get", log, "--version", "2", "-") == "one\ntwo\n"
    assert vofiles.require("get", "--version", "1", log) == ""
    assert Path(vofiles.folder / "log.txt").read_bytes() == b"one\n"


def test_history(vofiles: Command, log: str) -> None:
    vofiles.require("props", log, "note=first")
    vofiles.require("props", log, "note=second")
    between = json.loads(vofiles.require("info", log, "--json"))["modified"]
    vofiles.require("props", log, "--remove", "note")
    lines = vofiles.require("history", log).splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d  ivo://ast.cam.ac.uk/dave  ", line) for line in lines)
    assert lines[0].split()[3] == "addNode"
    assert "note: first" in lines[-3]
    assert "note: first -> second" in lines[-2]
    assert "note: second -> removed" in lines[-1]
    told = json.loads(vofiles.require("history", log, "--json"))
    assert told["values"] == {}
    assert [change["operation"] for change in told["changes"]][-3:] == ["setProperties"] * 3
    assert len(told["changes"]) == len(lines)
    then = json.loads(vofiles.require("history", log, "--as-of", between, "--json"))
    assert then["values"]["note"] == "second"
    assert then["changes"] == told["changes"][:-1]
    assert re.search(r"^note: +second$", vofiles.require("history", log, "--as-of", between), re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["get", "{}", "--version", "17"], 3, "This content is not kept"),
        (["get", "{}", "--version", "0"], 2, "--version"),
        (["get", "-r", "{}", "--version", "1"], 2, "--version is of one file"),
        (["get", "{}", "{}", ".", "--version", "1"], 2, "--version is of one file"),
        (["cp", "{}", "{}", "home:", "--version", "1"], 2, "--version is of one file"),
        (["versions", "home:"], 1, "This is not a file"),
        (["versions", "{}.missing"], 3, "There is no node {}.missing"),
        (["history", "{}", "--as-of", "yesterday"], 2, "2026-11-22"),
        (["append", "{}", "{}"], 2, "not on this machine"),
        (["append", "here", "there"], 2, "write home:there"),
        (["append", "here", "{}"], 1, "here: No such file"),
        (["append", "more", "home:"], 1, "This is not a file: home:"),
    ],
)
def test_refusals(words: list[str], code: int, said: str, vofiles: Command, log: str) -> None:
    ended, told = vofiles.refuse(*(word.replace("{}", log) for word in words))
    assert (ended, said.replace("{}", log) in told) == (code, True), told
    assert len(vofiles.require("versions", log).splitlines()) == 3
