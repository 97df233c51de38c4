"""Copies, contents that go to another store, and the stores as any caller sees them."""

from collections.abc import Callable

import pytest

from tests.filemanager.suite.conftest import Somebody
from tests.support.services import STORES
from tests.support.serving import wait_until
from vofiles.contract import (
    Copy,
    GetJob,
    GetStores,
    JobState,
    ListChildren,
    ListTrash,
    Move,
    Node,
    NodeKind,
    StoreReport,
)
from vofiles.errors import (
    DuplicateNode,
    IntoItself,
    InvalidArgument,
    NodeNotFound,
    StoreNotFound,
    VersionNotFound,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier

Arrive = Callable[[str], Somebody]
DATA = bytes(range(256)) * 700
HERE, THERE = STORES


def value(node: Node, key: str) -> str | None:
    return next((each.value for each in node.properties if each.key == key), None)


def store_of(node: Node) -> Ivorn:
    return Ivorn.parse(value(node, "filestore.location") or "").service


def stored(somebody: Somebody, path: str, data: bytes, **told: object) -> LongIdentifier:
    """A file with content, which is known to be there."""
    node = somebody.add(path)
    somebody.put(node, data, **told)
    wait_until(lambda: somebody.node(node).version, "the callback")
    return node


def held(somebody: Somebody) -> dict[Ivorn, StoreReport]:
    return {each.identifier: each for each in somebody.call(GetStores()).stores}


@pytest.mark.parametrize("store", STORES)
def test_a_file_is_copied_within_the_call(dave: Somebody, store: Ivorn) -> None:
    source = dave.add("a.fits", note="mine", content_type="image/fits")
    dave.put(source, DATA, store=HERE)
    answer = dave.call(Copy(source, name="b.fits", store=store))
    assert answer.job is None
    assert (answer.node.name, answer.node.size, answer.node.version) == ("b.fits", len(DATA), 1)
    assert (store_of(answer.node), value(answer.node, "note"), answer.node.content_type) == (
        store,
        "mine",
        "image/fits",
    )
    assert answer.node.digests == dave.node(source).digests
    assert dave.get(dave.at("b.fits")) == dave.get(source) == DATA


def test_a_folder_is_copied_to_another_store(dave: Somebody) -> None:
    dave.add("solar", NodeKind.FOLDER)
    dave.add("solar/results", NodeKind.FOLDER)
    contents = {"solar/a b": b"one", "solar/results/é.vot": b"two" * 5000}
    for path, data in contents.items():
        stored(dave, path, data, store=HERE)
    dave.add("solar/empty")
    begun = dave.call(Copy(dave.at("solar"), name="copy", store=THERE, wait=0))
    assert begun.job is not None
    assert (begun.job.verb, begun.job.total, begun.job.node) == ("copy", 2, dave.node(dave.at("solar")).identifier)
    assert begun.job.result == begun.node.identifier
    job = dave.call(GetJob(begun.job.job, wait=30)).job
    assert (job.state, job.done, job.bytes_done) == (JobState.COMPLETED, 2, 15_003)
    for path, data in contents.items():
        copied = dave.at(path.replace("solar", "copy", 1))
        assert dave.get(copied) == data
        assert store_of(dave.node(copied)) == THERE
    assert [node.name for node in dave.call(ListChildren(dave.at("copy"))).nodes] == ["a b", "empty", "results"]


def test_content_goes_to_another_store_and_back(dave: Somebody) -> None:
    file = stored(dave, "a", DATA, store=HERE)
    before = held(dave)
    moved = dave.call(Move(file, name="b", store=THERE, wait=30))
    assert (moved.job, moved.node.name, store_of(moved.node)) == (None, "b", THERE)
    assert dave.get(file) == DATA
    after = held(dave)
    assert (after[HERE].files, after[THERE].files) == (before[HERE].files - 1, before[THERE].files + 1)
    assert after[THERE].size - before[THERE].size == len(DATA)
    assert store_of(dave.call(Move(file, store=HERE, wait=30)).node) == HERE
    assert dave.get(file) == DATA


def test_what_is_replaced_is_in_the_trash_and_earlier_contents_come_back(dave: Somebody) -> None:
    source, old = stored(dave, "a", b"new"), stored(dave, "b", b"old")
    copied = dave.call(Copy(source, name="b", replace=True, wait=30)).node
    assert dave.get(LongIdentifier(copied.identifier)) == b"new"
    assert [each.node.identifier for each in dave.call(ListTrash()).trashed] == [old.node]


def test_every_refusal_has_its_name(dave: Somebody, arrive: Arrive) -> None:
    folder, file = dave.add("folder", NodeKind.FOLDER), dave.add("file")
    dave.add("folder/inner", NodeKind.FOLDER)
    dave.put(file, b"x")
    eve = arrive("eve")
    refusals: list[tuple[Somebody, Copy | Move, type[VofilesError]]] = [
        (dave, Copy(folder, dave.at("folder/inner")), IntoItself),
        (dave, Copy(file), DuplicateNode),
        (dave, Copy(file, name="x", version=9), VersionNotFound),
        (dave, Copy(file, name="x", store=Ivorn.parse("ivo://nowhere/store")), StoreNotFound),
        (dave, Move(file, store=Ivorn.parse("ivo://nowhere/store")), StoreNotFound),
        (dave, Copy(file, name="x", wait=-1), InvalidArgument),
        (dave, Copy(file, name="x", if_generation=99), VofilesError),
        (eve, Copy(file, eve.home), NodeNotFound),
    ]
    for who, request, error in refusals:
        with pytest.raises(error):
            who.call(request)
    assert [node.name for node in dave.call(ListChildren(dave.home)).nodes] == ["file", "folder"]
    assert eve.call(ListChildren(eve.home)).nodes == ()


def test_stores_are_told_with_what_the_caller_has_in_them(dave: Somebody, arrive: Arrive) -> None:
    eve = arrive("eve")
    stored(eve, "hers", b"12345", store=THERE)
    mine = held(dave)
    assert set(mine) == set(STORES)
    assert (mine[THERE].files, mine[THERE].size) == (0, 0)
    assert (held(eve)[THERE].files, held(eve)[THERE].size) == (1, 5)
    assert (mine[HERE].state, mine[HERE].storage_class, mine[HERE].reachable) == ("ACTIVE", "ONLINE", True)
    assert [each.identifier for each in dave.call(GetStores(THERE)).stores] == [THERE]
