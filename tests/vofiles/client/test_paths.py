"""Paths of the client: arithmetic without a call, every form that people type, and words instead of identifiers."""

import unicodedata

import pytest

import vofiles
from tests.support.services import RunningServices, User
from vofiles.errors import AccountNotFound, InvalidName, NodeNotFound, NotAFolder, ParentNotFound, VofilesError
from vofiles.tree import Home, Node


def unreached() -> Home:
    """A home whose FileManager is never asked: nothing listens there."""
    return vofiles.connect("http://127.0.0.1:1", user="dave", password="x")


def test_arithmetic_makes_no_call() -> None:
    with unreached() as home:
        results = home / "solar-project" / "results"
        assert str(results) == "home:solar-project/results"
        assert results == home / "solar-project/results" == home.at("home:solar-project/results")
        assert hash(results) == hash(home / "solar-project//results/")
        assert results.name == "results"
        assert results.parent == home / "solar-project"
        assert results.parent.parent == home
        assert home.parent == home
        assert (home.name, str(home)) == ("", "home:")
        assert repr(results) == "<Node home:solar-project/results>"
        assert results != home / "solar-project"


@pytest.mark.parametrize("name", [".", "..", "a\0b", "a\nb", "\u202eabc", "x" * 256])
def test_a_name_that_cannot_be_is_refused_before_any_call(name: str) -> None:
    with unreached() as home, pytest.raises(InvalidName):
        home / name


@pytest.mark.parametrize(
    "form",
    [
        "home:{}/query 7.vot",
        "{{home}}/{}/query 7.vot",
        "<home>/{}//query 7.vot",
        "vofiles://home/{}/query%207.vot",
        "{{ast.cam.ac.uk/dave}}/{}/query 7.vot",
        "<ast.cam.ac.uk/dave>/{}/query 7.vot",
        "vofiles://ast.cam.ac.uk/dave/{}/query%207.vot",
        "{{AST.cam.ac.uk/Dave}}/{}/query 7.vot/",
    ],
)
def test_every_form_of_a_path_leads_to_the_same_file(form: str, home: Home, folder: Node) -> None:
    (folder / "query 7.vot").put(b"the same")
    node = home.at(form.format(folder.name))
    assert node.read_bytes() == b"the same"
    assert node.info().name == "query 7.vot"
    assert home.at(str(node)) == node
    assert home.at(node.path.url()) == node


NAMES = [
    "query 7.vot",
    "Größe.fits",
    "数据.csv",
    "a%2Fb?c#d&e<f>\"g'h",
    " leading and trailing ",
    "-rf",
    "...",
    "e\u0301te\u0301",
    "🛰" * 60,
    "x" * 255,
    "{home}",
    "home:",
    "C:\\windows",
]


def test_names_of_all_sorts_come_back_as_they_are(folder: Node) -> None:
    for name in NAMES:
        (folder / name).put(name.encode())
    expected = {unicodedata.normalize("NFC", name) for name in NAMES}
    assert set(folder.listdir()) == expected
    for node in folder.iterdir():
        assert unicodedata.normalize("NFC", node.read_bytes().decode()) == node.name == node.info().name


def test_errors_speak_of_paths_and_never_of_identifiers(home: Home, folder: Node) -> None:
    missing = folder / "Größe 1" / "x.vot"
    file = folder / "file"
    file.put(b"x")
    with pytest.raises(NodeNotFound, match=f"home:{folder.name}/Größe 1/x.vot") as first:
        missing.info()
    with pytest.raises(ParentNotFound, match=f"home:{folder.name}/Größe 1") as second:
        missing.put(b"x")
    with pytest.raises(NotAFolder, match="file: it is a FILE") as third:
        file.listdir()
    for error in (first, second, third):
        assert "ivo://" not in str(error.value)
        assert "%" not in str(error.value)


def test_anothers_tree_looks_absent(services: RunningServices, home: Home, folder: Node) -> None:
    anna = services.add_account("anna-of-paths")
    with vofiles.connect(services.manager.address, user=anna.name, password=anna.password) as hers:
        (hers / "private").mkdir()
        assert hers.at(f"{{ast.cam.ac.uk/{anna.name}}}").listdir() == ["private"]
        with pytest.raises(VofilesError) as mine:
            hers.at(f"{{ast.cam.ac.uk/dave}}/{folder.name}").info()
    with pytest.raises(VofilesError) as absent:
        home.at("{ast.cam.ac.uk/nobody-at-all}/x").info()
    assert isinstance(mine.value, AccountNotFound | NodeNotFound)
    assert type(mine.value) is type(absent.value)


def test_a_home_that_was_written_in_another_unicode_form_is_the_same(folder: Node) -> None:
    (folder / "e\u0301").put(b"one")
    assert (folder / "\u00e9").read_bytes() == b"one"
    assert folder.listdir() == ["\u00e9"]


def test_who_one_is_need_not_be_an_identifier(services: RunningServices, dave: User, folder: Node) -> None:
    for name in ("dave", "dave@ast.cam.ac.uk", "ast.cam.ac.uk/dave", "ivo://ast.cam.ac.uk/dave"):
        with vofiles.connect(services.manager.address, user=name, password=dave.password) as home:
            assert (home / folder.name).is_folder()
