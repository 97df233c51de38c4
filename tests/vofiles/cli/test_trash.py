"""`rm`, `trash`, `restore`: what was deleted is in the trash until it is said otherwise, and comes back."""

import json
import re

import pytest

from tests.support.commands import Command


@pytest.fixture
def tree(vofiles: Command, place: str) -> str:
    vofiles.require("mkdir", "-p", f"{place}/folder/it's")
    for name in ("a", "folder/b"):
        vofiles.require("put", "-", f"{place}/{name}", input=name.encode())
    return place


def test_there_and_back(vofiles: Command, tree: str) -> None:
    assert vofiles.require("rm", f"{tree}/a") == (f"{tree}/a is in the trash; back with: vofiles restore {tree}/a\n")
    said = vofiles.require("rm", "-r", f"{tree}/folder")
    assert vofiles.require("ls", tree) == ""
    first, second = vofiles.require("trash").splitlines()[:2]
    assert re.fullmatch(
        rf"8? *\d+  \d{{4}}-\d\d-\d\d \d\d:\d\d  until \d{{4}}-\d\d-\d\d \d\d:\d\d  {tree}/folder/", first
    )
    assert second.endswith(f"  {tree}/a")
    rows = json.loads(vofiles.require("trash", "--json"))
    assert (rows[0]["path"], rows[0]["kind"], rows[0]["files"], rows[0]["size"]) == (f"{tree}/folder", "FOLDER", 1, 8)
    # The words that rm said, as a shell would take them.
    command = said.split("back with: ")[1].split()
    assert vofiles.require(*command[1:]) == ""
    assert vofiles.require("restore", rows[1]["identifier"]) == ""
    assert vofiles.require("ls", tree) == "a\nfolder/\n"
    assert vofiles.require("get", f"{tree}/folder/b", "-") == "folder/b"


def test_names_that_a_shell_would_take_apart(vofiles: Command, tree: str) -> None:
    said = vofiles.require("rm", f"{tree}/folder/it's")
    assert said.endswith(f"""vofiles restore '{tree}/folder/it'"'"'s'\n""")
    assert vofiles.require("restore", f"{tree}/folder/it's") == ""


def test_back_to_another_place(vofiles: Command, tree: str) -> None:
    vofiles.require("rm", f"{tree}/a")
    said = vofiles.require("restore", f"{tree}/a", "--to", f"{tree}/folder", "--name", "c")
    assert said == f"{tree}/a is back as {tree}/folder/c\n"
    vofiles.require("put", "-", f"{tree}/a", input=b"newer")
    vofiles.require("rm", f"{tree}/a")
    vofiles.require("put", "-", f"{tree}/a", input=b"newest")
    code, said = vofiles.refuse("restore", f"{tree}/a")
    assert (code, "already an entry of this name" in said) == (1, True)
    vofiles.require("restore", f"{tree}/a", "--name", "newer")
    assert vofiles.require("get", f"{tree}/newer", "-") == "newer"


def test_for_good(vofiles: Command, tree: str) -> None:
    assert vofiles.require("rm", "-r", "--purge", f"{tree}/folder") == ""
    # The default, said by its name; of both the last one counts.
    vofiles.require("rm", "--purge", "--trash", f"{tree}/a")
    assert vofiles.require("trash", "--purge", f"{tree}/a") == ""
    for gone in ("a", "folder"):
        code, said = vofiles.refuse("restore", f"{tree}/{gone}")
        assert (code, f"{tree}/{gone}: nothing in the trash was there" in said) == (3, True)
    vofiles.require("trash", "--purge", "--all")
    assert vofiles.require("trash") == ""
    assert json.loads(vofiles.require("trash", "--json")) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trash", "{}/a"], 2, "add --purge"),
        (["trash", "--all"], 2, "add --purge"),
        (["trash", "--purge"], 2, "paths, or --all"),
        (["trash", "--purge", "--all", "{}/a"], 2, "paths, or --all"),
        (["trash", "--purge", "{}/never"], 3, "vofiles trash shows what is in it"),
        (["restore", "here"], 2, "write home:here"),
        (["restore", "ivo://ast.cam.ac.uk/filemanager#17"], 3, "#17"),
        (["restore", "{}/a", "{}/b", "--name", "x"], 2, "--name is of one entry"),
        (["rm", "{}/folder"], 1, "The folder is not empty"),
        (["rm", "-r", "--purge", "home:"], 2, "a home itself cannot be deleted"),
    ],
)
def test_refusals(words: list[str], code: int, said: str, vofiles: Command, tree: str) -> None:
    ended, told = vofiles.refuse(*(word.replace("{}", tree) for word in words))
    assert (ended, said in told) == (code, True), told
    assert vofiles.require("ls", tree) == "a\nfolder/\n"


def test_how_much_there_is(vofiles: Command, tree: str) -> None:
    (line,) = vofiles.require("du", tree).splitlines()
    assert re.fullmatch(rf"9  2 files, \d folders?  {tree}", line)
    vofiles.require("put", "-", f"{tree}/large", input=bytes(3 << 20))
    assert vofiles.require("du", "--human", f"{tree}/large") == f"3.0 MiB  1 file, 0 folders  {tree}/large\n"
    (row,) = json.loads(vofiles.require("du", "--json", f"{tree}/folder"))
    assert (row["path"], row["files"], row["size"], row["trash_size"]) == (f"{tree}/folder", 1, 8, None)
    vofiles.require("rm", f"{tree}/large")
    lines = vofiles.require("du").splitlines()
    assert lines[0].endswith("  home:")
    assert lines[-1].endswith("in the trash")
    done = vofiles.run("du", f"{tree}/missing", tree)
    assert (done.code, len(done.out.splitlines()), len(done.err.splitlines())) == (3, 1, 1)
