"""`find`, `tree`, `props`: what is there, for people and for programs, and what cannot be asked."""

import json

import pytest

from tests.support.commands import Command


@pytest.fixture
def sky(vofiles: Command, place: str) -> str:
    vofiles.require("mkdir", "-p", f"{place}/night-1/raw")
    for name, size in (("night-1/m31.fits", 10), ("night-1/raw/dark [1].fits", 2000), ("query.vot", 30)):
        vofiles.require("put", "-", f"{place}/{name}", input=b"x" * size)
    vofiles.require("props", f"{place}/query.vot", "telescope=WHT", "note=first run")
    return place


def test_find(vofiles: Command, sky: str) -> None:
    def found(*words: str) -> list[str]:
        return [line.removeprefix(sky) for line in vofiles.require("find", sky, *words).splitlines()]

    assert found("--name", "*.fits") == ["/night-1/raw/dark [1].fits", "/night-1/m31.fits"]
    assert found("--type", "d") == ["/night-1", "/night-1/raw"]
    assert found("--larger", "1k") == ["/night-1/raw/dark [1].fits"]
    assert found("--smaller", "29", "--type", "f") == ["/night-1/m31.fits"]
    assert found("--newer", "1h", "--type", "f", "--sort", "size", "--reverse") == [
        "/night-1/raw/dark [1].fits",
        "/query.vot",
        "/night-1/m31.fits",
    ]
    assert found("--older", "1h") == []
    assert found("--property", "telescope=WHT") == ["/query.vot"]
    assert found("--property", "telescope=WHT", "--prefix", "note=second") == []
    assert found("--prefix", "note=fi") == ["/query.vot"]
    (row,) = json.loads(vofiles.require("find", sky, "--name", "m31*", "--json"))
    assert (row["path"], row["size"]) == (f"{sky}/night-1/m31.fits", 10)
    (line,) = vofiles.require("find", sky, "--name", "m31*", "-l").splitlines()
    assert line.split()[0] == "10"
    assert line.endswith(f"  {sky}/night-1/m31.fits")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--type", "x"], 2, "it is one of f, d"),
        (["--sort", "colour"], 2, "it is one of name, size, modified, created"),
        (["--larger", "big"], 2, "10k, 10M"),
        (["--newer", "yesterday"], 2, "2026-11-22"),
        (["--property", "note"], 2, "KEY=VALUE"),
    ],
)
def test_what_cannot_be_asked(words: list[str], code: int, said: str, vofiles: Command, sky: str) -> None:
    ended, told = vofiles.refuse("find", sky, *words)
    assert (ended, said in told) == (code, True), told
    assert vofiles.refuse("find", "here")[0] == 2
    assert vofiles.refuse("find", f"{sky}/missing")[0] == 3


def test_tree(vofiles: Command, sky: str) -> None:
    name = sky.removeprefix("home:")
    assert vofiles.require("tree", sky) == (
        f"{name}/\n├── night-1/\n│   ├── m31.fits\n│   └── raw/\n│       └── dark [1].fits\n└── query.vot\n"
    )
    assert vofiles.require("tree", sky, "--depth", "1") == f"{name}/\n├── night-1/\n└── query.vot\n"
    rows = json.loads(vofiles.require("tree", sky, "--depth", "2", "--json"))
    assert [row["name"] for row in rows] == ["night-1", "m31.fits", "raw", "query.vot"]
    assert vofiles.refuse("tree", f"{sky}/query.vot")[0] == 1


def test_props(vofiles: Command, sky: str) -> None:
    node = f"{sky}/query.vot"
    said = vofiles.require("props", node)
    assert "telescope:" in said
    assert "filestore.location:" in said
    told = json.loads(vofiles.require("props", node, "note=a=b", "empty=", "--remove", "telescope", "--json"))
    assert (told["note"], told["empty"], "telescope" in told) == ("a=b", "", False)
    for words, code, why in (
        (["note"], 2, "KEY=VALUE"),
        (["note=x", "--remove", "note"], 2, "to be set and to be removed"),
        (["filestore.location=x"], 1, "filestore.location"),
        (["two words=x"], 2, "two words"),
    ):
        ended, said = vofiles.refuse("props", node, *words)
        assert (ended, why in said) == (code, True), said
    assert json.loads(vofiles.require("props", node, "--json"))["note"] == "a=b"
