"""Moving, conditions and idempotency keys as any caller meets them."""

from collections.abc import Callable

import pytest

from tests.filemanager.suite.conftest import Somebody
from vofiles.contract import (
    AddNode,
    Delete,
    GetNode,
    GetTransfer,
    ImportInit,
    ListChildren,
    Move,
    NodeKind,
    Property,
    SetProperties,
    Transfer,
    TransferState,
)
from vofiles.errors import (
    DuplicateNode,
    GenerationConflict,
    IntoItself,
    InvalidArgument,
    InvalidName,
    KeyReused,
    NodeNotFound,
    NotAFolder,
    ParentNotFound,
    PermissionDenied,
    VersionConflict,
)

Arrive = Callable[[str], Somebody]


def end(dave: Somebody, transfer: Transfer) -> Transfer:
    """A transfer once its store has said how it ended."""
    ended: Transfer = dave.call(GetTransfer(transfer.transfer)).transfer
    assert ended.state in TransferState.ENDED
    return ended


def test_a_folder_goes_elsewhere_with_all_that_hangs_below_it(dave: Somebody) -> None:
    folder = dave.add("results", NodeKind.FOLDER)
    archive = dave.add("archive", NodeKind.FOLDER)
    file = dave.add("results/query-7.vot", colour="blue")
    end(dave, dave.put(file, b"<VOTABLE/>"))
    answer = dave.call(Move(folder, archive, "été & <co>"))
    assert answer.job is None
    assert (answer.node.name, answer.node.parent, answer.node.generation) == ("été & <co>", archive.node, 2)
    assert answer.node == dave.node(folder)
    assert dave.get(dave.at("archive/été & <co>/query-7.vot")) == b"<VOTABLE/>"
    with pytest.raises(NodeNotFound):
        dave.call(GetNode(dave.at("results")))
    assert dave.call(Move(dave.at("archive/été & <co>"), dave.home, "results")).node.generation == 3
    assert [node.name for node in dave.call(ListChildren(dave.home)).nodes] == ["archive", "results"]


def test_where_nothing_may_go(dave: Somebody, arrive: Arrive) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    dave.add("a/b", NodeKind.FOLDER)
    file = dave.add("file")
    for request, error in (
        (Move(folder, dave.at("a/b")), IntoItself),
        (Move(folder, folder, "c"), IntoItself),
        (Move(folder, name="file"), DuplicateNode),
        (Move(folder, file), NotAFolder),
        (Move(folder, name="a/b"), InvalidName),
        (Move(folder, dave.at("none")), ParentNotFound),
        (Move(folder, arrive("eve").home), ParentNotFound),
        (Move(dave.at("none"), folder), NodeNotFound),
        (Move(arrive("eve").add("hers"), folder), NodeNotFound),
        (Move(dave.home, name="house"), PermissionDenied),
    ):
        with pytest.raises(error):
            dave.call(request)
    assert [node.name for node in dave.call(ListChildren(dave.home)).nodes] == ["a", "file"]


def test_a_generation_that_has_passed_is_a_conflict_that_names_both(dave: Somebody) -> None:
    file = dave.add("a")
    paint = SetProperties(file, (Property("colour", "blue"),), if_generation=1)
    assert dave.call(paint).node.generation == 2
    for request in (paint, Move(file, name="b", if_generation=1), Delete(file, if_generation=1)):
        with pytest.raises(GenerationConflict, match="generation 1 was expected, and it has generation 2"):
            dave.call(request)
    assert dave.call(Move(file, name="b", if_generation=2)).node.generation == 3
    dave.call(Delete(file, if_generation=3))


def test_a_version_that_has_passed_is_a_conflict_that_names_both(dave: Somebody) -> None:
    file = dave.add("a")
    first = dave.call(ImportInit(file, if_version=0)).transfer
    end(dave, dave.put(file, b"other"))
    for request in (ImportInit(file, if_version=0), Delete(file, if_version=2)):
        with pytest.raises(VersionConflict, match=r"version \d was expected, and it has version 1"):
            dave.call(request)
    dave.send(first, b"late")
    late = end(dave, first)
    assert late.failure is not None
    assert late.failure.name == "VersionConflict"
    assert dave.get(file) == b"other"


def test_a_call_made_again_with_its_key_is_answered_as_the_first(dave: Somebody) -> None:
    added = AddNode(dave.home, "a", NodeKind.FILE, (Property("colour", "blue"),), idempotency_key="one")
    node = dave.call(added).node
    assert dave.call(added).node == node
    file = dave.at("a")
    moved = Move(file, name="b", idempotency_key="two")
    answer = dave.call(moved)
    assert dave.call(moved) == answer
    with pytest.raises(KeyReused, match="two"):
        dave.call(Move(file, name="c", idempotency_key="two"))
    with pytest.raises(InvalidArgument, match="idempotencyKey"):
        dave.call(Move(dave.at("b"), name="c", idempotency_key="x" * 256))
    init = ImportInit(dave.at("b"), idempotency_key="three")
    offer = dave.call(init).transfer
    assert dave.call(init).transfer == offer
    dave.send(offer, b"bytes")
    end(dave, offer)
    assert dave.get(dave.at("b")) == b"bytes"
    again = dave.call(init).transfer
    assert (again.transfer, again.endpoints) == (offer.transfer, ())
