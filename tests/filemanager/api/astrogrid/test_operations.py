"""AstroGrid's operations where the recorded conversations do not go: arguments, hints, children, what is refused."""

from typing import Any

import pytest

from filemanager.api.astrogrid.attributes import SOURCE
from filemanager.api.astrogrid.hints import hints_of
from filemanager.api.astrogrid.types import FILE, FOLDER, BundlePreferences, TransferInfo
from filemanager.services import bundles
from tests.support.astrogrid import ALONE, EVERYTHING, OldWorld, attributes, names
from tests.support.filemanager import OPERATOR
from vofiles.contract import BundleHints, Delete, Property, SetProperties
from vofiles.errors import (
    ContentNotFound,
    DuplicateNode,
    FolderNotEmpty,
    InvalidArgument,
    NodeNotFound,
    NotAFile,
    PermissionDenied,
    TooLarge,
    VofilesError,
)
from vofiles.ivorn import LongIdentifier

ELSEWHERE = "http://source/a"


@pytest.fixture
def there() -> OldWorld:
    return OldWorld()


NEEDED = [
    ("addAccount", 0, "ident"),
    ("getAccount", 0, "ident"),
    ("getNode", 0, "nodeIvorn"),
    ("refresh", 0, "nodeIvorn"),
    ("addNode", 0, "parentIvorn"),
    ("addNode", 1, "newNodeName"),
    ("addNode", 2, "nodeType"),
    ("delete", 0, "nodeIvorn"),
    ("move", 0, "nodeIvorn"),
    ("copy", 0, "nodeIvorn"),
    ("readContent", 0, "nodeIvorn"),
    ("writeContent", 0, "nodeIvorn"),
    ("appendContent", 0, "nodeIvorn"),
    ("copyURLToContent", 0, "nodeIvorn"),
    ("copyURLToContent", 1, "url"),
    ("copyContentToURL", 0, "nodeIvorn"),
    ("copyContentToURL", 1, "url"),
]


def usual(there: OldWorld, operation: str) -> list[Any]:
    """Arguments of which none is null."""
    file = there.add("usual")
    known: dict[str, list[Any]] = {
        "addAccount": ["ivo://eve@ast.cam.ac.uk/community"],
        "getAccount": ["ivo://dave@ast.cam.ac.uk/community"],
        "addNode": [there.home, "a", FILE],
        "move": [file, there.home, "b", None],
        "copy": [file, there.home, "b", None],
        "copyURLToContent": [file, ELSEWHERE],
        "copyContentToURL": [file, TransferInfo("http://target/a", "PUT")],
    }
    return known.get(operation, [file])


@pytest.mark.parametrize(("operation", "place", "element"), NEEDED)
def test_null_is_refused_by_the_name_of_the_element(there: OldWorld, operation: str, place: int, element: str) -> None:
    arguments = usual(there, operation)
    arguments[place] = None
    with pytest.raises(InvalidArgument, match=f"{element}: it is null"):
        there.call(operation, *arguments)


@pytest.mark.parametrize("url", [TransferInfo(None, "PUT"), TransferInfo("http://target/a", None)])
def test_a_null_within_an_address_is_refused_too(there: OldWorld, url: TransferInfo) -> None:
    with pytest.raises(InvalidArgument, match=r"(uri|method): it is null"):
        there.call("copyContentToURL", there.add("a"), url)


@pytest.mark.parametrize("operation", sorted({row[0] for row in NEEDED if row[2] in {"nodeIvorn", "parentIvorn"}}))
@pytest.mark.parametrize(
    "identifier",
    [
        "ivo://unknown",
        "ivo://unknown#unknown",
        "ivo://ast.cam.ac.uk/filemanager#7",
        "ivo://a b#c",
        "{home}/..",
        "{home}/no",
    ],
)
def test_an_identifier_of_no_node_is_a_node_that_is_not_there(there: OldWorld, operation: str, identifier: str) -> None:
    arguments = usual(there, operation)
    arguments[0] = identifier.replace("{home}", there.home)
    with pytest.raises((NodeNotFound, VofilesError)) as raised:
        there.call(operation, *arguments)
    assert raised.value.name in {"NodeNotFound", "ParentNotFound"}


def test_nodes_of_others_are_not_there(there: OldWorld) -> None:
    eve = there.world.add_account("eve")
    for operation in ("getNode", "delete", "readContent", "writeContent", "appendContent"):
        with pytest.raises(NodeNotFound):
            there.call(operation, there.home, caller=eve)
    with pytest.raises(NodeNotFound):
        there.call("getNode", there.home, caller=OPERATOR)


def test_what_hints_mean() -> None:
    assert hints_of(None) == BundleHints(2, 100, parents=False)
    assert hints_of(BundlePreferences()) == BundleHints(1, -1, parents=True)
    assert hints_of(BundlePreferences(3, 200, fetch_parents=False)) == BundleHints(3, 200, parents=False)


def test_the_node_comes_first_then_its_parents_then_what_is_below_it(there: OldWorld) -> None:
    for path, kind in (("a", FOLDER), ("a/b", FOLDER), ("a/b/c", FOLDER), ("a/b/c/d", FILE)):
        there.add(path, kind)
    assert names(there.call("getNode", f"{there.home}/a/b", EVERYTHING)) == ["b", "a", "home", "c", "d"]
    assert names(there.call("getNode", f"{there.home}/a/b/", BundlePreferences())) == ["b", "a", "home", "c"]
    assert names(there.call("refresh", f"{there.home}/a//b", BundlePreferences(1, 2))) == ["b", "a", "home"]
    assert names(there.call("getNode", there.home, None)) == ["home", "a", "b"]
    assert names(there.call("getNode", there.home, ALONE)) == ["home"]


def fill(there: OldWorld, folder: str, number: int) -> None:
    for each in range(number):
        there.call("addNode", folder, f"n{each:04}", FILE)


def test_a_read_lists_all_children_and_a_verb_few_ones(there: OldWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "FAMILY", 3)
    full, empty = there.add("full", FOLDER), there.add("empty", FOLDER)
    fill(there, full, 3)
    assert names(there.call("getNode", full, ALONE)[0].children) == ["n0000", "n0001", "n0002"]
    new, parent = there.call("addNode", full, "x", FILE)
    assert names(parent.children) == ["x"]
    assert parent.children[0].ivorn == new.ivorn
    copy, into = there.call("copy", new.ivorn, full, "y", None)
    assert names(into.children) == ["y"]
    assert into.children[0].ivorn == copy.ivorn
    moved, before, into = there.call("move", new.ivorn, empty, None, None)
    assert (names(before.children), names(into.children)) == ([], ["x"])
    moved, before, into = there.call("move", new.ivorn, full, "z", None)
    assert (before.ivorn, names(before.children), into.ivorn, names(into.children)) == (empty, [], full, ["z"])
    (parent,) = there.call("delete", moved.ivorn)
    assert (parent.ivorn, names(parent.children)) == (full, [])
    assert names(there.call("getNode", full, ALONE)[0].children) == ["n0000", "n0001", "n0002", "y"]
    there.call("delete", copy.ivorn)
    (parent,) = there.call("delete", f"{full}/n0000")
    assert names(parent.children) == ["n0001", "n0002"]
    _, parent = there.call("addNode", full, "x", FILE)
    assert names(parent.children) == ["n0001", "n0002", "x"]
    renamed, parent = there.call("move", f"{full}/x", None, "y", None)
    assert (renamed.name, names(parent.children)) == ("y", ["n0001", "n0002", "y"])


def test_names_that_are_too_many_for_one_answer(there: OldWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LISTED", 4)
    full, inner = there.add("full", FOLDER), there.add("full/inner", FOLDER)
    fill(there, inner, 3)
    assert names(there.call("getNode", full, BundlePreferences(1, -1, fetch_parents=False))) == ["full", "inner"]
    # With the home's children there would be one too many.
    alone = there.call("getNode", full, BundlePreferences(1, -1))
    assert names(alone) == ["full"]
    assert names(alone[0].children) == ["inner"]
    fill(there, full, 4)
    with pytest.raises(TooLarge):
        there.call("getNode", full, ALONE)
    new, parent = there.call("addNode", full, "x", FILE)
    assert len(parent.children) == 6
    assert new.ivorn in {each.ivorn for each in parent.children}


def test_only_empty_folders_are_deleted_and_no_home(there: OldWorld) -> None:
    folder, file = there.add("folder", FOLDER), there.add("folder/file")
    with pytest.raises(FolderNotEmpty):
        there.call("delete", folder)
    (parent,) = there.call("delete", file)
    assert (parent.name, parent.children) == ("folder", ())
    (parent,) = there.call("delete", folder)
    assert (parent.ivorn, parent.children) == (there.home, ())
    with pytest.raises(PermissionDenied):
        there.call("delete", there.home)
    with pytest.raises(NodeNotFound):
        there.call("delete", file)


def test_the_parent_that_is_told_is_one_that_is_still_there(there: OldWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    there.add("a", FOLDER)
    file = there.add("a/file")
    desk = there.world.desk
    delete = type(desk.deletions).delete

    def and_its_folder(service: Any, caller: Any, request: Any) -> Any:
        delete(service, caller, request)
        return delete(service, caller, Delete(LongIdentifier.parse(f"{there.home}/a")))

    monkeypatch.setattr(type(desk.deletions), "delete", and_its_folder)
    assert names(there.call("delete", file)) == ["home"]


def test_folders_have_no_content_and_files_no_children(there: OldWorld) -> None:
    folder = there.add("folder", FOLDER)
    for operation in ("readContent", "writeContent", "appendContent"):
        with pytest.raises(NotAFile):
            there.call(operation, folder)
    with pytest.raises(ContentNotFound):
        there.call("readContent", there.add("file"))
    with pytest.raises(DuplicateNode):
        there.add("file")


def test_properties_that_are_not_of_the_old_contract_are_not_told(there: OldWorld) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    wish = SetProperties(LongIdentifier.parse(file), (Property("note", "x"), Property("content.encoding", "gzip")))
    there.world.desk.nodes.set_properties(there.dave, wish)
    (node,) = there.call("getNode", file, ALONE)
    prefix = "org.astrogrid.filestore."
    expected = {"resource.ivorn", "content.size", "content.type", "content.encoding", "created.date", "modified.date"}
    assert {key.removeprefix(prefix) for key in attributes(node)} == expected
    assert attributes(node)[f"{prefix}resource.ivorn"] == f"{node.location.uri}#{node.location.ident}"


@pytest.mark.parametrize("text", ["", " ", "x", "x y", "sha-256:", "a  b"])
def test_what_people_write_where_the_service_keeps_a_source_is_not_told(there: OldWorld, text: str) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    before = attributes(there.call("getNode", file, ALONE)[0])
    wish = SetProperties(LongIdentifier.parse(file), (Property(SOURCE, text),))
    there.world.desk.nodes.set_properties(there.dave, wish)
    assert attributes(there.call("getNode", file, ALONE)[0]) == before


def test_the_service_tells_its_identifier_and_axis_its_dummy(there: OldWorld) -> None:
    assert there.call("getIdentifier") == "ivo://ast.cam.ac.uk/filemanager"
    assert there.call("dummyMessageWorkAroundForAxis", None, None) is None
