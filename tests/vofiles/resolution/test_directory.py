"""The registry file: what it says, and each way in which it can be wrong."""

from pathlib import Path

import pytest

from vofiles.directory import is_confidential, load
from vofiles.errors import InvalidArgument
from vofiles.ivorn import Ivorn, NodeIdentifier

GOOD = """
[[services]]
identifier = "ivo://star.le.ac.uk/filemanager"
address = "https://files.star.le.ac.uk/filemanager"
[[services]]
identifier = "ivo://roe.ac.uk/filestore"
kind = "FILESTORE"
address = "http://127.0.0.1:8081/filestore"

[[communities]]
identifier = "ivo://ast.cam.ac.uk"
resolver = "https://ast.cam.ac.uk/accounts/"
[[communities]]
identifier = "ivo://star.le.ac.uk"
filemanager = "ivo://star.le.ac.uk/filemanager"
[[communities]]
identifier = "ivo://small.example"
[communities.homes]
Frank = "ivo://star.le.ac.uk/filemanager#abc"
"people/erin" = "ivo://star.le.ac.uk/filemanager#def"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "registry.toml"
    path.write_text(text)
    return path


def test_what_it_says(tmp_path: Path) -> None:
    found = load(written(tmp_path, GOOD))
    assert [(str(each.identifier), each.kind, each.address) for each in found.services] == [
        ("ivo://star.le.ac.uk/filemanager", "FILEMANAGER", "https://files.star.le.ac.uk/filemanager"),
        ("ivo://roe.ac.uk/filestore", "FILESTORE", "http://127.0.0.1:8081/filestore"),
    ]
    cambridge, leicester, small = found.communities
    assert cambridge.resolver == "https://ast.cam.ac.uk/accounts/"
    assert str(leicester.filemanager) == "ivo://star.le.ac.uk/filemanager"
    home = NodeIdentifier.parse("ivo://star.le.ac.uk/filemanager#abc")
    assert small.homes[Ivorn.parse("ivo://small.example/frank")] == home
    assert Ivorn.parse("ivo://small.example/people/erin") in small.homes


SERVICE = '[[services]]\nidentifier = "ivo://a/fm"\naddress = "https://a.example"\n'
COMMUNITY = '[[communities]]\nidentifier = "ivo://a"\nresolver = "https://a.example/"\n'
WRONG = {
    "no TOML": ("[[services]", ":1:"),
    "unknown key": (SERVICE + "adress = 1", ":4: services[1].adress"),
    "service twice": (SERVICE + SERVICE.replace("a.example", "b.example"), "is given twice"),
    "address twice": (SERVICE + SERVICE.replace("a/fm", "b/fm"), "is given twice"),
    "identifier of a node": (SERVICE.replace("a/fm", "a/fm#1"), "no # part"),
    "no address": ('[[services]]\nidentifier = "ivo://a/fm"', "address: it is missing"),
    "plain http": (SERVICE.replace("https", "http"), ":3: services[1].address: it is https"),
    "a name that only looks like loopback": (SERVICE.replace("https://a", "http://127.0.0.1.a"), "it is https"),
    "unknown kind": (SERVICE + 'kind = "CAT"', "it is one of"),
    "resolver by plain http": (COMMUNITY.replace("https", "http"), ":3: communities[1].resolver: it is https"),
    "community twice": (COMMUNITY + COMMUNITY, "is given twice"),
    "community with a resource": (COMMUNITY.replace("ivo://a", "ivo://a/b"), "ivo://authority"),
    "no way": ('[[communities]]\nidentifier = "ivo://a"', "give one of"),
    "two ways": (COMMUNITY + 'filemanager = "ivo://a/fm"', "give one of"),
    "home that is no node": ('[[communities]]\nidentifier = "ivo://a"\nhomes = {dave = "ivo://a/fm"}', "homes.dave"),
    "home that is no text": ('[[communities]]\nidentifier = "ivo://a"\nhomes = {dave = 7}', "homes.dave"),
    "account twice": (
        '[[communities]]\nidentifier = "ivo://a"\nhomes = {dave = "ivo://a/fm#1", Dave = "ivo://a/fm#2"}',
        "ivo://a/dave is given twice",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    text, told = WRONG[case]
    path = written(tmp_path, text)
    with pytest.raises(InvalidArgument) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert told in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="No such file"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost/x", True),
        ("http://example.org/", False),
        ("http://localhost.example.org/", False),
        ("http://127.0.0.1@example.org/", False),
        ("http://0.0.0.0/", False),
        ("ftp://127.0.0.1/", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_what_stays_between_us_and_the_other_end(url: str, *, kept: bool) -> None:
    assert is_confidential(url) is kept
