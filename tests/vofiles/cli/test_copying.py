"""`cp` as its namesake, `--store` and `--version`; and `stores`, where it all is."""

import json

import pytest

from tests.support.commands import Command
from tests.support.services import STORES


@pytest.fixture
def tree(vofiles: Command, place: str) -> str:
    vofiles.require("mkdir", "-p", f"{place}/folder/deep")
    for name in ("a", "b", "folder/deep/c"):
        vofiles.require("put", "-", f"{place}/{name}", input=name.encode())
    return place


def test_into_a_folder_that_is_there_else_under_a_new_name(vofiles: Command, tree: str) -> None:
    assert vofiles.require("cp", f"{tree}/a", f"{tree}/z") == ""
    vofiles.require("cp", f"{tree}/a", f"{tree}/b", f"{tree}/folder/")
    vofiles.require("cp", "-r", f"{tree}/folder", f"{tree}/copy")
    vofiles.require("cp", "-r", f"{tree}/folder", f"{tree}/copy/deep")
    name = tree.removeprefix("home:")
    assert vofiles.require("tree", f"{tree}/copy").splitlines() == [
        "copy/",
        "├── a",
        "├── b",
        "└── deep/",
        "    ├── c",
        "    └── folder/",
        "        ├── a",
        "        ├── b",
        "        └── deep/",
        "            └── c",
    ]
    assert vofiles.require("tree", tree, "--depth", "1").splitlines()[0] == f"{name}/"
    assert vofiles.require("get", f"{tree}/copy/deep/folder/deep/c", "-") == "folder/deep/c"
    assert vofiles.require("get", f"{tree}/z", "-") == "a"


def test_in_place_of_what_is_there(vofiles: Command, tree: str) -> None:
    code, said = vofiles.refuse("cp", f"{tree}/a", f"{tree}/b")
    assert (code, "already an entry of this name" in said) == (1, True)
    assert vofiles.require("get", f"{tree}/b", "-") == "b"
    vofiles.require("cp", "--replace", f"{tree}/a", f"{tree}/b")
    assert vofiles.require("get", f"{tree}/b", "-") == "a"
    vofiles.require("restore", f"{tree}/b", "--name", "before")
    assert vofiles.require("get", f"{tree}/before", "-") == "b"


def test_stores_and_versions(vofiles: Command, tree: str) -> None:
    vofiles.require("props", "home:", "versions.keep=10")
    vofiles.require("put", "-", f"{tree}/a", input=b"anew")
    vofiles.require("cp", f"{tree}/a", f"{tree}/older", "--version", "1", "--store", str(STORES[1]))
    assert vofiles.require("get", f"{tree}/older", "-") == "a"
    assert json.loads(vofiles.require("info", "--json", f"{tree}/older"))["store"] == str(STORES[1])
    # An earlier content becomes the current one again.
    vofiles.require("cp", "--replace", "--version", "1", f"{tree}/a", f"{tree}/a")
    assert vofiles.require("get", f"{tree}/a", "-") == "a"
    lines = vofiles.require("stores").splitlines()
    assert [line.split()[0] for line in lines] == sorted(str(store) for store in STORES)
    assert all("  active  " in line for line in lines)
    rows = json.loads(vofiles.require("stores", "--json"))
    assert {row["identifier"] for row in rows} == {str(store) for store in STORES}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["{}/folder", "{}/x"], 1, "copy a folder with -r"),
        (["-r", "{}/folder", "{}/folder/deep"], 1, "cannot go into itself"),
        (["{}/missing", "{}/x"], 3, "There is no node {}/missing"),
        (["{}/a", "{}/x/y"], 3, "There is no parent folder {}/x"),
        (["{}/a", "{}/b", "{}/nowhere"], 2, "make it with vofiles mkdir -p {}/nowhere"),
        (["{}/a", "a"], 2, "to fetch it: vofiles get {}/a a"),
        (["a", "{}/x"], 2, "to bring it in: vofiles put a {}/x"),
        (["{}/a"], 2, "where to"),
        (["{}/a", "{}/x", "--store", "ivo://nowhere/filestore"], 3, "ivo://nowhere/filestore"),
        (["{}/a", "{}/x", "--version", "17"], 3, "This content is not kept"),
    ],
)
def test_refusals(words: list[str], code: int, said: str, vofiles: Command, tree: str) -> None:
    ended, told = vofiles.refuse("cp", *(word.replace("{}", tree) for word in words))
    assert (ended, said.replace("{}", tree) in told) == (code, True), told
    assert vofiles.require("ls", tree) == "a\nb\nfolder/\n"
