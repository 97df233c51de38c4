"""The tree by the client: folders, listings of more than a page, properties, removal, and what each refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.support.services import STORES, RunningServices
from tests.support.services import User as Account
from vofiles import connect
from vofiles.contract import ListChildren, ListChildrenAnswer
from vofiles.errors import (
    DuplicateNode,
    FolderNotEmpty,
    NodeNotFound,
    NotAFile,
    NotAFolder,
    NotAuthenticated,
    ParentNotFound,
    ReadOnlyProperty,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.tree import Home, Node


def test_mkdir(folder: Node) -> None:
    deep = folder / "a" / "b" / "c"
    with pytest.raises(ParentNotFound):
        deep.mkdir()
    deep.mkdir(parents=True)
    assert deep.is_folder()
    deep.mkdir(parents=True, exist_ok=True)
    with pytest.raises(DuplicateNode):
        deep.mkdir(parents=True)
    (folder / "file").put(b"")
    with pytest.raises(DuplicateNode):
        (folder / "file").mkdir(exist_ok=True)
    with pytest.raises(NotAFolder):
        (folder / "file" / "below").mkdir(parents=True)


def test_the_home_itself_is_there_and_stays(home: Home) -> None:
    with pytest.raises(DuplicateNode):
        home.mkdir()
    home.mkdir(exist_ok=True)
    assert home.info().is_folder
    with pytest.raises(NotAFile):
        home.put(b"x")


def test_exists_and_is_folder(folder: Node) -> None:
    (folder / "file").put(b"x")
    assert folder.exists()
    assert folder.is_folder()
    assert (folder / "file").exists()
    assert not (folder / "file").is_folder()
    assert not (folder / "file" / "below").exists()
    assert not (folder / "missing").exists()
    assert not (folder / "missing" / "deeper").is_folder()


def test_a_listing_of_more_than_a_page_is_whole_and_in_order(folder: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"n-{number:02}" for number in range(25)]
    pages: list[int] = []
    list_children = FileManagerPort.list_children

    def counted(port: FileManagerPort, request: ListChildren) -> ListChildrenAnswer:
        answer = list_children(port, request)
        pages.append(len(answer.nodes))
        return answer

    monkeypatch.setattr(FileManagerPort, "list_children", counted)
    for name in reversed(names):
        (folder / name).mkdir()
    assert folder.listdir() == names
    assert pages == [10, 10, 5]
    assert [node.name for node in folder.iterdir()] == names


def test_remove(folder: Node) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").put(b"x")
    (folder / "a" / "file").put(b"x")
    with pytest.raises(FolderNotEmpty):
        (folder / "a").remove()
    assert (folder / "a" / "b" / "file").read_bytes() == b"x"
    (folder / "a" / "file").remove()
    assert (folder / "a").listdir() == ["b"]
    (folder / "a").remove(recursive=True)
    assert folder.listdir() == []
    with pytest.raises(NodeNotFound):
        (folder / "a").remove()
    with pytest.raises(NodeNotFound):
        (folder / "a").remove(recursive=True)


def test_info_and_set(folder: Node) -> None:
    begun = datetime.now(UTC)
    node = folder / "query.vot"
    node.put(b"<VOTABLE/>", properties={"note": "first"}, content_type="text/xml")
    info = node.info()
    assert (info.name, info.kind, info.size, info.version) == ("query.vot", "FILE", 10, 1)
    assert info.is_file
    assert not info.is_folder
    assert info.content_type == "text/xml"
    assert info.owner == "ivo://ast.cam.ac.uk/dave"
    assert begun <= info.created <= info.modified <= datetime.now(UTC)
    assert info.store in {str(store) for store in STORES}
    assert info.location is not None
    assert info.location.startswith(f"{info.store}#")
    assert info.properties["note"] == "first"

    changed = node.set({"note": "second", "{urn:x}colour": "grün <&>"})
    assert (changed.properties["note"], changed.properties["{urn:x}colour"]) == ("second", "grün <&>")
    removed = node.set({"note": None})
    assert "note" not in removed.properties
    assert node.info().properties["{urn:x}colour"] == "grün <&>"
    with pytest.raises(ReadOnlyProperty):
        node.set({"filestore.location": "ivo://elsewhere/filestore#1"})
    assert node.info().location == info.location
    assert folder.info().size is None


def test_wrong_credentials_are_told_apart_from_everything_else(services: RunningServices, dave: Account) -> None:
    with connect(services.manager.address, user="dave", password="wrong") as home, pytest.raises(NotAuthenticated):
        home.listdir()
    with connect(services.manager.address, token="wrong") as home, pytest.raises(NotAuthenticated):
        home.listdir()


def test_two_threads_with_one_home(folder: Node) -> None:
    def work(number: int) -> int:
        own = folder / f"thread-{number}"
        own.mkdir()
        for turn in range(8):
            content = f"{number}/{turn}".encode() * 5000
            (own / f"{turn}").put(content)
            assert (own / f"{turn}").read_bytes() == content
        return len(own.listdir())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [8, 8, 8, 8]
    assert len(folder.listdir()) == 4
