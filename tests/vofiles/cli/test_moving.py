"""`mv` as its namesake: into a folder that is there, else to a new name; what it refuses says what would do."""

import json

import pytest

from tests.support.commands import Command
from tests.support.services import STORES


@pytest.fixture
def tree(vofiles: Command, place: str) -> str:
    vofiles.require("mkdir", "-p", f"{place}/folder/deep")
    for name in ("a", "b", "folder/c"):
        vofiles.require("put", "-", f"{place}/{name}", input=name.encode())
    return place


def test_into_a_folder_that_is_there_else_to_a_new_name(vofiles: Command, tree: str) -> None:
    assert vofiles.require("mv", f"{tree}/a", f"{tree}/renamed") == ""
    assert vofiles.require("ls", tree) == "b\nfolder/\nrenamed\n"
    vofiles.require("mv", f"{tree}/renamed", f"{tree}/b", f"{tree}/folder")
    assert vofiles.require("ls", f"{tree}/folder") == "b\nc\ndeep/\nrenamed\n"
    vofiles.require("mv", f"{tree}/folder/b", f"{tree}/")
    vofiles.require("mv", f"{tree}/folder/", f"{tree}/other")
    assert vofiles.require("tree", tree) == (
        f"{tree.removeprefix('home:')}/\n├── b\n└── other/\n    ├── c\n    ├── deep/\n    └── renamed\n"
    )
    assert vofiles.require("get", f"{tree}/other/renamed", "-") == "a"


def test_refusals(vofiles: Command, tree: str) -> None:
    assert vofiles.refuse("mv", f"{tree}/a", f"{tree}/b") == (1, "vofiles: There is already an entry of this name: b ")
    code, said = vofiles.refuse("mv", f"{tree}/folder", f"{tree}/folder/deep")
    assert (code, "cannot go into itself" in said) == (1, True)
    code, said = vofiles.refuse("mv", f"{tree}/missing", f"{tree}/x")
    assert (code, f"There is no node {tree}/missing" in said) == (3, True)
    code, said = vofiles.refuse("mv", f"{tree}/a", f"{tree}/x/y")
    assert (code, f"There is no parent folder {tree}/x" in said) == (3, True)
    code, said = vofiles.refuse("mv", f"{tree}/a", f"{tree}/b", f"{tree}/nowhere")
    assert (code, f"make it with vofiles mkdir -p {tree}/nowhere" in said) == (2, True)
    code, said = vofiles.refuse("mv", f"{tree}/a", f"{tree}/nowhere/")
    assert (code, "is not a folder that is there" in said) == (2, True)
    code, said = vofiles.refuse("mv", "a", f"{tree}/a")
    assert (code, f"to bring it in: vofiles put a {tree}/a" in said) == (2, True)
    code, said = vofiles.refuse("mv", f"{tree}/a", "a")
    assert (code, f"to fetch it: vofiles get {tree}/a a" in said) == (2, True)
    code, said = vofiles.refuse("mv", f"{tree}/a")
    assert (code, "where to" in said) == (2, True)
    code, said = vofiles.refuse("mv", "home:", f"{tree}/x")
    assert (code, "a home itself cannot be moved" in said) == (2, True)
    assert vofiles.require("ls", tree) == "a\nb\nfolder/\n"


def test_what_goes_wrong_with_one_does_not_hold_up_the_others(vofiles: Command, tree: str) -> None:
    done = vofiles.run("mv", f"{tree}/missing", f"{tree}/a", f"{tree}/folder")
    assert (done.code, len(done.err.splitlines())) == (3, 1)
    assert vofiles.require("ls", f"{tree}/folder") == "a\nc\ndeep/\n"


def test_to_another_store(vofiles: Command, tree: str) -> None:
    vofiles.require("put", "-", f"{tree}/a", "--store", str(STORES[0]), input=b"moving")
    vofiles.require("mv", f"{tree}/a", "--store", str(STORES[1]))
    told = json.loads(vofiles.require("info", "--json", f"{tree}/a"))
    assert told["store"] == str(STORES[1])
    assert vofiles.require("get", f"{tree}/a", "-") == "moving"
