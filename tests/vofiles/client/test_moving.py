"""Moving and renaming by the client: into folders and to new names, on conditions, and once whatever gets lost."""

import pytest

import vofiles
from tests.support.cutting import cutting_proxy
from tests.support.services import RunningServices, User
from vofiles.errors import (
    DuplicateNode,
    GenerationConflict,
    IntoItself,
    InvalidName,
    NodeNotFound,
    ParentNotFound,
    ServiceUnreachable,
)
from vofiles.tree import Home, Node


def test_a_file_goes_into_a_folder_that_is_there_else_to_a_new_path(folder: Node, home: Home) -> None:
    (folder / "a").put(b"a", properties={"note": "kept"})
    (folder / "there").mkdir()
    moved = (folder / "a").move_to(folder / "there")
    assert str(moved.path) == f"{folder}/there/a"
    assert moved.properties["note"] == "kept"
    assert not (folder / "a").exists()
    assert str((folder / "there" / "a").move_to(f"{folder}/b").path) == f"{folder}/b"
    assert str((folder / "b").move_to((folder / "there").path, "c").path) == f"{folder}/there/c"
    assert (folder / "there" / "c").read_bytes() == b"a"
    assert folder.listdir() == ["there"]
    assert home.at(folder).listdir() == ["there"]


def test_a_folder_goes_with_all_that_is_in_it(folder: Node) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").put(b"deep")
    (folder / "a").rename("z")
    assert (folder / "z" / "b" / "file").read_bytes() == b"deep"
    assert [str(info.path) for info in folder.walk()] == [f"{folder}/z", f"{folder}/z/b", f"{folder}/z/b/file"]
    with pytest.raises(IntoItself):
        (folder / "z").move_to(folder / "z" / "b")
    assert (folder / "z" / "b" / "file").read_bytes() == b"deep"


def test_what_is_refused_says_why_in_the_words_that_were_typed(folder: Node, home: Home) -> None:
    (folder / "a").put(b"a")
    (folder / "b").put(b"b")
    with pytest.raises(DuplicateNode, match="of this name: b"):
        (folder / "a").rename("b")
    with pytest.raises(ParentNotFound, match=f"{folder}/missing"):
        (folder / "a").move_to(folder / "missing" / "deeper")
    with pytest.raises(NodeNotFound, match=f"{folder}/missing"):
        (folder / "missing").rename("b")
    with pytest.raises(InvalidName):
        (folder / "a").rename("../b")
    with pytest.raises(DuplicateNode, match="a root is there already"):
        (folder / "a").move_to("{ast.cam.ac.uk/nobody}")
    assert (folder / "a").read_bytes() == b"a"
    assert (folder / "b").read_bytes() == b"b"


def test_a_condition_on_the_generation(folder: Node) -> None:
    node = folder / "a"
    node.put(b"a")
    seen = node.info().generation
    node.set({"note": "somebody else's"}, if_generation=seen)
    with pytest.raises(GenerationConflict):
        node.rename("b", if_generation=seen)
    with pytest.raises(GenerationConflict):
        node.set({"note": "lost"}, if_generation=seen)
    assert node.info().properties["note"] == "somebody else's"
    node.rename("b", if_generation=node.info().generation)
    assert folder.listdir() == ["b"]


def test_a_call_whose_answer_is_lost_is_made_again_and_done_once(
    services: RunningServices, dave: User, folder: Node
) -> None:
    (folder / "a").put(b"a")
    with (
        cutting_proxy() as proxy,
        vofiles.connect(f"http://127.0.0.1:{proxy.port}", user=dave.name, password=dave.password) as far,
    ):
        proxy.target = int(services.manager.address.rpartition(":")[2])
        there = far / folder.name

        def lose_next(times: int = 1) -> int:
            there._root.port.close()
            proxy.cut_after(received=0, times=times)
            return proxy.broken + times

        assert there.listdir() == ["a"]
        wanted = lose_next()
        (there / "new").mkdir()
        assert proxy.broken == wanted
        generation = (there / "a").info().generation
        wanted = lose_next()
        assert (there / "a").set({"note": "once"}).generation == generation + 1
        assert proxy.broken == wanted
        lose_next()
        (there / "a").rename("b")
        assert folder.listdir() == ["b", "new"]
        for size in (5, 8):
            wanted = lose_next()
            node = there / "b"
            assert (node.put(b"again") if size == 5 else node.append(b"...")).size == size
            assert proxy.broken == wanted
        assert (folder / "b").info().version == 3
        # Once, and not again and again.
        wanted = lose_next(2)
        with pytest.raises(ServiceUnreachable):
            (there / "b").rename("c")
        assert proxy.broken == wanted
        assert folder.listdir() == ["c", "new"]


def test_a_service_that_is_not_there_is_asked_once(dave: User) -> None:
    with cutting_proxy() as proxy:
        port = proxy.port
    with vofiles.connect(f"http://127.0.0.1:{port}", user=dave.name, password=dave.password) as far:
        with pytest.raises(ServiceUnreachable, match="Connection refused"):
            (far / "x").mkdir()
