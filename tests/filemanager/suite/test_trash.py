"""Deleting into the trash, restoring, purging and counting, as every caller does them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.filemanager.suite.conftest import Somebody
from tests.support.serving import wait_until
from vofiles.contract import (
    AddNode,
    Delete,
    DeleteAnswer,
    ExportInit,
    GetJob,
    GetNode,
    GetUsage,
    ImportInit,
    JobState,
    ListChildren,
    ListTrash,
    Move,
    NodeKind,
    Property,
    PurgeTrash,
    Restore,
    SetProperties,
    Trashed,
    Usage,
)
from vofiles.errors import (
    DuplicateNode,
    FolderNotEmpty,
    GenerationConflict,
    InvalidArgument,
    KeyReused,
    NodeNotFound,
    NotAFolder,
    NotFound,
    ParentNotFound,
    PermissionDenied,
    VersionConflict,
)
from vofiles.instant import SECOND
from vofiles.ivorn import LongIdentifier, NodeIdentifier

DAYS = 30


def trash(somebody: Somebody) -> tuple[Trashed, ...]:
    found: tuple[Trashed, ...] = somebody.call(ListTrash()).trashed
    return found


def names(somebody: Somebody, folder: LongIdentifier | None = None) -> list[str]:
    return [node.name for node in somebody.call(ListChildren(folder or somebody.home)).nodes]


def usage(somebody: Somebody, node: LongIdentifier) -> Usage:
    found: Usage = somebody.call(GetUsage(node)).usage
    return found


def put(somebody: Somebody, path: str, content: bytes) -> LongIdentifier:
    """A file whose content is known of."""
    file = somebody.add(path)
    somebody.put(file, content)
    wait_until(lambda: somebody.node(file).version == 1, "the content")
    return file


def test_what_is_deleted_is_in_the_trash_as_it_was_and_can_be_taken_back(dave: Somebody) -> None:
    dave.add("a", NodeKind.FOLDER)
    file = put(dave, "a/b.vot", b"precious")
    was = dave.node(file)
    assert dave.call(Delete(file)) == DeleteAnswer(trashed=was.identifier)
    assert names(dave, dave.at("a")) == []
    (entry,) = trash(dave)
    assert (entry.path, entry.files, entry.size) == (dave.at("a/b.vot"), 1, 8)
    assert (entry.node.identifier, entry.node.name, entry.node.parent) == (was.identifier, was.name, was.parent)
    assert (entry.node.size, entry.node.digests) == (was.size, was.digests)
    assert entry.deleted_by == was.owner
    assert entry.purge_after == entry.deleted + DAYS * 86_400 * SECOND
    back = dave.call(Restore(was.identifier)).node
    assert (back.identifier, back.name, back.parent, back.version) == (was.identifier, was.name, was.parent, 1)
    assert back.generation == was.generation + 2
    assert trash(dave) == ()
    assert dave.get(file) == b"precious"
    assert dave.node(dave.at("a/b.vot")) == back


def test_a_folder_goes_with_all_that_is_in_it_and_comes_back_with_it(dave: Somebody) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    dave.add("a/b", NodeKind.FOLDER)
    file = put(dave, "a/b/c", b"12345")
    with pytest.raises(FolderNotEmpty):
        dave.call(Delete(folder))
    dave.call(Delete(folder, recursive=True))
    assert names(dave) == []
    (entry,) = trash(dave)
    assert (entry.path, entry.files, entry.size) == (dave.at("a"), 1, 5)
    dave.add("a", NodeKind.FOLDER)
    with pytest.raises(DuplicateNode):
        dave.call(Restore(folder.node))
    assert dave.call(Restore(folder.node, name="old")).node.name == "old"
    assert dave.node(dave.at("old/b/c")) == dave.node(file)
    assert dave.get(file) == b"12345"


def test_an_entry_goes_where_it_is_told_to_when_its_folder_is_gone(dave: Somebody) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    file = dave.add("a/b")
    other = dave.add("c", NodeKind.FOLDER)
    dave.call(Delete(file))
    dave.call(Delete(folder))
    with pytest.raises(ParentNotFound, match="say which folder"):
        dave.call(Restore(file.node))
    with pytest.raises(ParentNotFound):
        dave.call(Restore(file.node, folder))
    with pytest.raises(NotAFolder):
        dave.call(Restore(file.node, dave.add("d")))
    assert dave.call(Restore(file.node, other)).node.parent == other.node
    dave.call(Delete(other, recursive=True))
    with pytest.raises(NodeNotFound):
        dave.call(Restore(file.node))
    dave.call(Restore(other.node))
    assert names(dave, other) == ["b"]
    with pytest.raises(NodeNotFound):
        dave.call(Restore(file.node))


def test_an_entry_goes_back_to_where_its_folder_is_now(dave: Somebody) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    file = dave.add("a/b")
    dave.call(Delete(file))
    dave.call(Move(folder, name="z"))
    assert dave.call(Restore(file.node)).node.parent == folder.node
    assert dave.node(dave.at("z/b")).identifier == file.node


OPERATIONS: list[tuple[str, Callable[[LongIdentifier, LongIdentifier], Any]]] = [
    ("getNode", lambda gone, _: GetNode(gone)),
    ("listChildren", lambda gone, _: ListChildren(gone)),
    ("setProperties", lambda gone, _: SetProperties(gone, (Property("a", "b"),))),
    ("addNode", lambda gone, _: AddNode(gone, "x", NodeKind.FILE)),
    ("importInit", lambda gone, _: ImportInit(gone)),
    ("exportInit", lambda gone, _: ExportInit(gone)),
    ("getUsage", lambda gone, _: GetUsage(gone)),
    ("delete", lambda gone, _: Delete(gone)),
    ("purge", lambda gone, _: Delete(gone, recursive=True, purge=True)),
    ("move", Move),
    ("move into", lambda gone, home: Move(home.child("keep"), gone)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("operation", "request_of"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_what_is_in_the_trash_is_absent_everywhere_else(
    dave: Somebody, operation: str, request_of: Callable[[LongIdentifier, LongIdentifier], Any]
) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    below = dave.add("a/b", NodeKind.FOLDER)
    file = dave.add("a/b/c")
    dave.add("keep", NodeKind.FOLDER)
    dave.call(Delete(folder, recursive=True))
    path = LongIdentifier(folder.node, dave.at("b/c").path)
    nothing = LongIdentifier(NodeIdentifier(dave.home.node.service, "0" * 26))
    for gone in (folder, below, file, path):
        with pytest.raises(NotFound) as denied:
            dave.call(request_of(gone, dave.home))
        with pytest.raises(NotFound) as absent:
            dave.call(request_of(nothing, dave.home))
        assert type(denied.value) is type(absent.value), operation
        assert denied.value.message.replace(str(gone), str(nothing)) == absent.value.message


def test_a_page_of_the_trash_begins_with_the_last_deleted(dave: Somebody) -> None:
    files = [dave.add(f"f{number}") for number in range(5)]
    for file in files:
        dave.call(Delete(file))
    seen: list[NodeIdentifier] = []
    after: str | None = None
    for _ in range(3):
        page = dave.call(ListTrash(after, 2))
        seen += [entry.node.identifier for entry in page.trashed]
        after = page.next
    assert (seen, after) == ([file.node for file in reversed(files)], None)
    for wrong in ("x", "12", "12.", "-1.x", "1" * 30 + ".x"):
        with pytest.raises(InvalidArgument):
            dave.call(ListTrash(wrong))
    with pytest.raises(InvalidArgument):
        dave.call(ListTrash(limit=0))


def test_the_trash_of_others_looks_absent(dave: Somebody, arrive: Callable[[str], Somebody]) -> None:
    anna = arrive("anna")
    file = dave.add("a")
    dave.call(Delete(file))
    assert trash(anna) == ()
    for request in (Restore(file.node), PurgeTrash(file.node)):
        with pytest.raises(NodeNotFound):
            anna.call(request)
    anna.call(PurgeTrash())
    assert len(trash(dave)) == 1
    with pytest.raises(ParentNotFound):
        dave.call(Restore(file.node, anna.home))


def test_an_entry_is_purged_and_the_rest_stays(dave: Somebody) -> None:
    one, two = dave.add("a"), dave.add("b", NodeKind.FOLDER)
    dave.add("b/c")
    for node in (one, two):
        dave.call(Delete(node, recursive=True))
    assert dave.call(PurgeTrash(two.node)) == DeleteAnswer()
    assert [entry.node.identifier for entry in trash(dave)] == [one.node]
    with pytest.raises(NodeNotFound):
        dave.call(Restore(two.node))
    with pytest.raises(NodeNotFound):
        dave.call(PurgeTrash(two.node))
    with pytest.raises(NodeNotFound):
        dave.call(PurgeTrash(dave.add("d").node))
    assert dave.call(PurgeTrash()) == DeleteAnswer()
    assert trash(dave) == ()
    assert dave.call(PurgeTrash()) == DeleteAnswer()
    assert names(dave) == ["d"]


def test_what_is_much_is_purged_by_a_job(dave: Somebody) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    for number in range(101):
        dave.add(f"a/{number}")
    answer = dave.call(Delete(folder, recursive=True, purge=True, wait=0))
    assert names(dave) == []
    assert trash(dave) == ()
    assert answer.trashed is None
    wait_until(lambda: dave.call(GetJob(answer.job.job)).job.state == JobState.COMPLETED, "the end of the job")
    assert usage(dave, dave.home).trash_size == 0
    assert dave.call(Delete(dave.add("b"), purge=True, wait=0)) == DeleteAnswer()
    with pytest.raises(InvalidArgument):
        dave.call(Delete(dave.add("c"), purge=True, wait=-1))
    assert names(dave) == ["c"]


def test_a_root_is_not_deleted(dave: Somebody) -> None:
    dave.add("a")
    for purge in (False, True):
        with pytest.raises(PermissionDenied):
            dave.call(Delete(dave.home, recursive=True, purge=purge))
    assert names(dave) == ["a"]


def test_only_what_is_as_the_caller_knows_it_is_deleted(dave: Somebody) -> None:
    file = put(dave, "a", b"new")
    generation = dave.node(file).generation
    for purge in (False, True):
        with pytest.raises(GenerationConflict):
            dave.call(Delete(file, purge=purge, if_generation=generation - 1))
        with pytest.raises(VersionConflict):
            dave.call(Delete(file, purge=purge, if_version=0))
    dave.call(Delete(file, if_generation=generation, if_version=1))
    assert names(dave) == []


def test_a_repeated_call_does_nothing_more(dave: Somebody) -> None:
    file, other = dave.add("a"), dave.add("b")
    first = dave.call(Delete(file, idempotency_key="one"))
    restored = dave.call(Restore(file.node, idempotency_key="two"))
    assert dave.call(Delete(file, idempotency_key="one")) == first
    assert dave.call(Restore(file.node, idempotency_key="two")) == restored
    with pytest.raises(KeyReused):
        dave.call(Delete(other, idempotency_key="one"))
    assert dave.call(Delete(file, purge=True, idempotency_key="three")) == DeleteAnswer()
    assert dave.call(Delete(file, purge=True, idempotency_key="three")) == DeleteAnswer()
    dave.call(Delete(other))
    assert dave.call(PurgeTrash(other.node, idempotency_key="four")) == DeleteAnswer()
    assert dave.call(PurgeTrash(other.node, idempotency_key="four")) == DeleteAnswer()


def test_usage_is_counted_below_a_node_and_in_the_trash(dave: Somebody) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    dave.add("a/b", NodeKind.FOLDER)
    file = put(dave, "a/b/c", b"12345")
    put(dave, "a/d", b"123")
    dave.add("e")
    assert usage(dave, folder) == Usage(folder.node, files=2, folders=2, size=8, kept=0)
    assert usage(dave, file) == Usage(file.node, files=1, folders=0, size=5, kept=0)
    home = Usage(dave.home.node, files=3, folders=3, size=8, kept=0, trash_nodes=0, trash_size=0)
    assert usage(dave, dave.home) == home
    dave.call(Delete(dave.at("a/b"), recursive=True))
    dave.call(Delete(dave.at("e")))
    home = Usage(dave.home.node, files=1, folders=2, size=3, kept=0, trash_nodes=2, trash_size=5)
    assert usage(dave, dave.home) == home
