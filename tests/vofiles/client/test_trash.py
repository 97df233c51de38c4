"""Deleting by the client: into the trash and back, or for good; and how much there is of what."""

import pytest

import vofiles
from tests.support.services import RunningServices
from vofiles.errors import DuplicateNode, FolderNotEmpty, GenerationConflict, NodeNotFound, ParentNotFound
from vofiles.tree import Home, Node


def filled(folder: Node) -> Node:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").put(b"deep")
    (folder / "a" / "file").put(b"higher", properties={"note": "kept"})
    return folder / "a"


def test_deleted_and_taken_back(folder: Node, home: Home) -> None:
    node = filled(folder)
    with pytest.raises(FolderNotEmpty):
        node.remove()
    assert node.remove(recursive=True) is None
    assert folder.listdir() == []
    entry = next(iter(home.trash()))
    assert (str(entry.path), entry.files, entry.size) == (f"{folder}/a", 2, 10)
    assert entry.deleted_by == "ivo://ast.cam.ac.uk/dave"
    assert entry.purge_after is not None
    assert entry.purge_after > entry.deleted
    assert entry.info.is_folder
    back = entry.restore()
    assert back.path == node.path
    assert (node / "b" / "file").read_bytes() == b"deep"
    assert (node / "file").info().properties["note"] == "kept"
    assert home.trash().find(node) is None


def test_by_its_path(folder: Node, home: Home) -> None:
    node = folder / "file"
    with pytest.raises(NodeNotFound, match=f"{folder}/file: nothing in the trash"):
        node.restore()
    for content in (b"first", b"second"):
        node.put(content)
        node.remove()
    assert node.restore().size == 6
    with pytest.raises(DuplicateNode):
        node.restore()
    assert node.read_bytes() == b"second"
    found = home.trash().find(f"{folder}/file")
    assert found is not None
    assert str(found.restore(name="older").path) == f"{folder}/older"
    assert (folder / "older").read_bytes() == b"first"
    assert home.at("{ast.cam.ac.uk/dave}").path != home.path
    node.remove()
    assert home.at("{ast.cam.ac.uk/dave}/" + f"{folder.name}/file").restore().size == 6


def test_elsewhere(folder: Node, home: Home) -> None:
    filled(folder).remove(recursive=True)
    (folder / "other").mkdir()
    entry = home.trash().find(folder / "a")
    assert entry is not None
    with pytest.raises(ParentNotFound):
        entry.restore(folder / "missing")
    assert str(entry.restore(folder / "other", "z").path) == f"{folder}/other/z"
    assert (folder / "other" / "z" / "file").read_bytes() == b"higher"
    (folder / "other" / "z").remove(recursive=True)
    (folder / "other").remove()
    with pytest.raises(ParentNotFound):
        (folder / "other" / "z").restore()


def test_for_good(folder: Node, home: Home) -> None:
    node = filled(folder)
    node.remove(recursive=True, purge=True)
    assert home.trash().find(node) is None
    filled(folder).remove(recursive=True)
    entry = home.trash().find(node)
    assert entry is not None
    assert entry.purge() is None
    assert home.trash().find(node) is None
    with pytest.raises(NodeNotFound):
        entry.restore()
    assert folder.listdir() == []


def test_a_condition(folder: Node) -> None:
    node = folder / "file"
    node.put(b"x")
    seen = node.info().generation
    node.set({"note": "somebody else's"})
    with pytest.raises(GenerationConflict):
        node.remove(if_generation=seen)
    assert node.exists()
    node.remove(if_generation=node.info().generation)
    assert not node.exists()


def test_all_of_it_and_how_much_there_is(services: RunningServices) -> None:
    fay = services.add_account("fay")
    with vofiles.connect(services.manager.address, user=fay.name, password=fay.password) as home:
        folder = home / "folder"
        folder.mkdir()
        for number in range(12):
            (folder / f"{number:02}").put(b"x" * number)
        assert [(home.usage().files, home.usage().size), folder.usage().files] == [(12, 66), 12]
        for number in range(12):
            (folder / f"{number:02}").remove()
        assert [entry.path.name for entry in home.trash()] == [f"{number:02}" for number in range(11, -1, -1)]
        usage = home.usage()
        assert (usage.files, usage.size, usage.trash_nodes, usage.trash_size) == (0, 0, 12, 66)
        assert folder.usage().trash_nodes is None
        home.trash().purge()
        assert list(home.trash()) == []
        assert home.usage().trash_size == 0
