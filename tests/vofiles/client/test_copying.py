"""Copying by the client: files and folders, whole when the method returns, in the store that is asked for."""

import pytest

from tests.support.services import STORES
from vofiles import Job
from vofiles.errors import (
    DuplicateNode,
    GenerationConflict,
    IntoItself,
    NodeNotFound,
    NotAFile,
    ParentNotFound,
    VersionNotFound,
)
from vofiles.tree import Home, Node

CONTENT = bytes(range(256)) * 12_000  # 3 MB


@pytest.fixture
def source(folder: Node) -> Node:
    (folder / "source" / "deep").mkdir(parents=True)
    (folder / "source" / "empty").mkdir()
    (folder / "source" / "file").put(CONTENT, store=STORES[0], properties={"note": "kept"}, content_type="image/png")
    (folder / "source" / "deep" / "er").put(b"deeper", store=STORES[1])
    return folder / "source"


def test_a_file(source: Node, folder: Node) -> None:
    copy = (source / "file").copy_to(folder / "copy")
    assert (str(copy.path), copy.size, copy.version) == (f"{folder}/copy", len(CONTENT), 1)
    assert (copy.properties["note"], copy.content_type) == ("kept", "image/png")
    assert copy.digests == (source / "file").info().digests
    assert (folder / "copy").read_bytes() == CONTENT
    (folder / "copy").put(b"changed")
    assert (source / "file").read_bytes() == CONTENT
    assert str((source / "file").copy_to(folder / "source" / "deep").path) == f"{folder}/source/deep/file"
    with pytest.raises(DuplicateNode):
        (source / "file").copy_to(folder / "copy")


def test_a_folder(source: Node, folder: Node) -> None:
    assert source.copy_to(folder, "copy").is_folder
    relative = [str(info.path).removeprefix(f"{source}/") for info in source.walk()]
    assert [str(info.path).removeprefix(f"{folder}/copy/") for info in (folder / "copy").walk()] == relative
    assert (folder / "copy" / "file").read_bytes() == CONTENT
    assert (folder / "copy" / "deep" / "er").read_bytes() == b"deeper"
    assert (folder / "copy" / "file").info().properties["note"] == "kept"
    with pytest.raises(IntoItself):
        source.copy_to(source / "deep")


def test_to_a_store(source: Node, folder: Node) -> None:
    for store in STORES:
        copy = (source / "file").copy_to(folder, f"in-{store.authority}", store=store)
        assert copy.store == str(store)
        assert (folder / f"in-{store.authority}").read_bytes() == CONTENT
    source.copy_to(folder, "all", store=str(STORES[1]))
    assert {info.store for info in (folder / "all").walk() if info.is_file} == {str(STORES[1])}


def test_moving_the_content(source: Node) -> None:
    before = (source / "file").info()
    moved = (source / "file").move_to(None, store=STORES[1])
    assert (moved.store, moved.version, moved.digests) == (str(STORES[1]), before.version, before.digests)
    assert (source / "file").read_bytes() == CONTENT
    source.move_to(None, store=STORES[0])
    assert {info.store for info in source.walk() if info.is_file} == {str(STORES[0])}
    assert (source / "deep" / "er").read_bytes() == b"deeper"


def test_in_place_of_what_is_there(source: Node, folder: Node, home: Home) -> None:
    (folder / "copy").put(b"before")
    assert (source / "file").copy_to(folder, "copy", replace=True).size == len(CONTENT)
    entry = home.trash().find(folder / "copy")
    assert entry is not None
    assert entry.size == 6
    (source / "file").move_to(folder, "copy", replace=True)
    assert (folder / "copy").read_bytes() == CONTENT
    assert not (source / "file").exists()


def test_an_earlier_version(folder: Node, home: Home) -> None:
    home.set({"versions.keep": "20"})
    node = folder / "file"
    for content in (b"first", b"second"):
        node.put(content)
    assert node.copy_to(folder, "older", version=1).size == 5
    assert (folder / "older").read_bytes() == b"first"
    with pytest.raises(VersionNotFound):
        node.copy_to(folder, "none", version=3)
    with pytest.raises(NotAFile):
        folder.copy_to("home:", f"{folder.name}-copy", version=1)


def test_not_waited_for(source: Node, folder: Node) -> None:
    job = source.copy_to(folder, "copy", store=STORES[0], wait=False)
    assert job is None or isinstance(job, Job)
    if job is not None:
        assert job.wait().state == "COMPLETED"
    assert (folder / "copy" / "deep" / "er").read_bytes() == b"deeper"


def test_refusals(source: Node, folder: Node) -> None:
    with pytest.raises(NodeNotFound):
        (folder / "missing").copy_to(folder, "x")
    with pytest.raises(ParentNotFound):
        (source / "file").copy_to(folder / "missing" / "x")
    generation = (source / "file").info().generation
    (source / "file").set({"note": "changed"})
    with pytest.raises(GenerationConflict):
        (source / "file").copy_to(folder, "x", if_generation=generation)
    assert folder.listdir() == ["source"]


def test_the_stores(source: Node, home: Home) -> None:
    assert source.exists()
    stores = {store.identifier: store for store in home.stores()}
    assert set(stores) == {str(store) for store in STORES}
    for store in stores.values():
        assert (store.state, store.storage_class, store.reachable) == ("ACTIVE", "ONLINE", True)
        assert store.files > 0
        assert store.size > 0
