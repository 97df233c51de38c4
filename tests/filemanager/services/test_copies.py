"""Copies of files and folders, within a store and between stores."""

from typing import Any

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.store import StoreState
from tests.support.copying import DATA, copied, copy, filled, finish, location
from tests.support.copyworld import dave, items, names, state, world
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, World, below, property_of
from vofiles.contract import (
    Delete,
    GetHistory,
    JobState,
    ListTrash,
    Property,
)
from vofiles.errors import (
    DuplicateNode,
    GenerationConflict,
    IntoItself,
    KeyReused,
    NodeNotFound,
    NotAFile,
    NotAFolder,
    ParentNotFound,
    StoreNotFound,
    StoreReadOnly,
    VersionNotFound,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier

__all__ = ["dave", "world"]


# --- a file -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", [CAMBRIDGE, LEICESTER])
def test_a_copy_has_content_and_properties(world: World, dave: Caller, store: Ivorn) -> None:
    source = filled(world, dave, "a", content_type="image/fits", note="mine")
    done = copied(world, dave, source, name="b", store=store)
    assert done.job is not None
    assert (done.job.state, done.job.done, done.job.bytes_done) == (JobState.COMPLETED, 1, len(DATA))
    node, original = done.node, world.node(dave, source)
    assert (node.name, node.size, node.version, node.digests) == ("b", len(DATA), 1, original.digests)
    assert (property_of(node, "note"), node.content_type) == ("mine", "image/fits")
    assert location(node) == store
    assert location(original) == CAMBRIDGE
    assert property_of(node, "filestore.location") != property_of(original, "filestore.location")
    assert world.get(dave, LongIdentifier(node.identifier)) == DATA
    assert world.get(dave, source) == DATA


def test_within_a_store_no_byte_is_fetched(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    world.stores.asked.clear()
    copied(world, dave, source, name="b")
    assert [operation for operation, _ in world.stores.asked] == ["duplicate"]


def test_between_stores_the_target_is_told_whose_offer_it_fetches_and_what_must_come(
    world: World, dave: Caller
) -> None:
    source = filled(world, dave, "a")
    begun = copy(world, dave, source, name="b", store=LEICESTER)
    world.desk.runner.run_all()
    catalogue = world.stores[LEICESTER].store.catalogue
    (fetching,) = catalogue.read(lambda records: records.list_transfers("REQUESTED", "", 9))
    assert fetching.remote is not None
    assert str(fetching.remote.source) == property_of(world.node(dave, source), "filestore.location")
    assert fetching.promise.size == len(DATA)
    assert fetching.promise.digests == world.node(dave, source).digests
    finish(world)
    assert state(world, dave, begun).state == JobState.COMPLETED


def test_a_copy_deleted_or_rewritten_is_nothing_to_the_original(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    done = copied(world, dave, source, name="b")
    copy_node = LongIdentifier(done.node.identifier)
    world.put(dave, copy_node, b"other")
    assert (world.get(dave, source), world.get(dave, copy_node)) == (DATA, b"other")
    world.desk.deletions.delete(dave, Delete(source, purge=True))
    world.run_errands()
    assert world.get(dave, copy_node) == b"other"


def test_a_file_without_content_is_copied_as_such_and_at_once(world: World, dave: Caller) -> None:
    source = world.add_file(dave, "a", note="mine")
    answer = copy(world, dave, source, name="b")
    assert answer.job is None
    assert (answer.node.version, property_of(answer.node, "note")) == (0, "mine")


def test_the_history_of_a_copy_begins_with_it(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    done = copied(world, dave, source, name="b")
    made, content = world.desk.history.get_history(dave, GetHistory(LongIdentifier(done.node.identifier))).changes
    assert (made.operation, content.operation) == ("copy", "copy")
    assert Property("copied.from", source.node.number) in made.after
    assert Property("content.size", str(len(DATA))) in content.after


def test_where_a_copy_goes_of_which_nothing_is_said(world: World, dave: Caller) -> None:
    """To what is preferred where it comes to; else to where the original is, while that takes content."""
    source = filled(world, dave, "a", store=LEICESTER)
    assert location(copied(world, dave, source, name="b").node) == LEICESTER
    folder = world.add_folder(dave, "folder", filestore_preferred=str(EDINBURGH))
    assert location(copied(world, dave, source, parent=folder).node) == EDINBURGH
    world.know_store(LEICESTER, state=StoreState.READONLY)
    assert location(copied(world, dave, source, name="c").node) == CAMBRIDGE


# --- a folder ---------------------------------------------------------------------------------------------------------


def tree(world: World, caller: Caller) -> LongIdentifier:
    """solar/ with a file, an empty one, and results/ with two files in another store."""
    top = world.add_folder(caller, "solar", note="top")
    filled(world, caller, "a b.fits", b"first", parent=top)
    world.add_file(caller, "empty", top, note="nothing yet")
    results = world.add_folder(caller, "results", top, filestore_preferred=str(LEICESTER))
    for number in range(2):
        filled(world, caller, f"{number}.vot", b"result" * (number + 1), parent=results)
    world.add_folder(caller, "bare", top)
    return top


def test_a_folder_is_copied_with_all_below_it(world: World, dave: Caller) -> None:
    top = tree(world, dave)
    done = copied(world, dave, top, name="copy")
    assert done.job is not None
    assert (done.job.state, done.job.total, done.job.done) == (JobState.COMPLETED, 3, 3)
    assert done.job.bytes_total == done.job.bytes_done == 5 + 6 + 12
    made = LongIdentifier(done.node.identifier)
    assert names(world, dave, made) == names(world, dave, top) == ["a b.fits", "bare", "empty", "results"]
    assert world.get(dave, below(made, "a b.fits")) == b"first"
    assert world.get(dave, below(made, "results/1.vot")) == b"resultresult"
    assert location(world.node(dave, below(made, "results/0.vot"))) == LEICESTER
    assert property_of(world.node(dave, made), "note") == "top"
    assert property_of(world.node(dave, below(made, "empty")), "note") == "nothing yet"
    assert world.node(dave, below(made, "empty")).version == 0
    assert [item.path for item in items(world, dave, done)] == ["a%20b.fits", "results/0.vot", "results/1.vot"]


def test_what_comes_into_the_original_later_is_not_copied(world: World, dave: Caller) -> None:
    top = tree(world, dave)
    begun = copy(world, dave, top, name="copy")
    filled(world, dave, "late", parent=top)
    finish(world)
    assert "late" not in names(world, dave, LongIdentifier(begun.node.identifier))


def test_the_nodes_are_there_at_once_and_the_contents_follow(world: World, dave: Caller) -> None:
    begun = copy(world, dave, tree(world, dave), name="copy")
    made = LongIdentifier(begun.node.identifier)
    assert names(world, dave, below(made, "results")) == ["0.vot", "1.vot"]
    assert world.node(dave, below(made, "results/0.vot")).version == 0
    assert state(world, dave, begun).state == JobState.QUEUED
    finish(world)
    assert world.node(dave, below(made, "results/0.vot")).version == 1


def test_a_big_folder_is_copied_page_by_page(world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filemanager.services.copy_trees.PAGE", 2)
    monkeypatch.setattr("filemanager.services.copy_trees.FOLDERS", 2)
    top = world.add_folder(dave, "top")
    for folder in range(5):
        inner = world.add_folder(dave, f"f{folder}", top)
        for number in range(3):
            filled(world, dave, str(number), f"{folder}-{number}".encode(), parent=inner)
    made = LongIdentifier(copied(world, dave, top, name="copy").node.identifier)
    for folder in range(5):
        for number in range(3):
            assert world.get(dave, below(made, f"f{folder}/{number}")) == f"{folder}-{number}".encode()


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_refusals_leave_nothing(world: World, dave: Caller) -> None:
    top, file = tree(world, dave), filled(world, dave, "file")
    eve = world.add_account("eve")
    refused: list[tuple[dict[str, Any], type[VofilesError], LongIdentifier]] = [
        ({"parent": top}, IntoItself, top),
        ({"parent": below(top, "results")}, IntoItself, top),
        ({}, DuplicateNode, file),
        ({"name": "solar"}, DuplicateNode, file),
        ({"parent": file, "name": "x"}, NotAFolder, file),
        ({"parent": below(top, "none")}, ParentNotFound, file),
        ({"name": "x"}, NodeNotFound, below(top, "none")),
        ({"name": "x", "version": 7}, VersionNotFound, file),
        ({"name": "x", "version": 1}, NotAFile, top),
        ({"name": "x", "if_generation": 77}, GenerationConflict, file),
        ({"name": "x", "store": Ivorn.parse("ivo://elsewhere/store")}, StoreNotFound, file),
        ({"name": "x", "replace": True}, ParentNotFound, world.home(dave)),
        ({"name": "file", "replace": True}, IntoItself, file),
        ({"parent": world.home(dave), "name": "solar", "replace": True}, IntoItself, below(top, "results")),
    ]
    before = world.changes()
    for told, error, node in refused:
        with pytest.raises(error):
            copy(world, dave, node, **told)
    with pytest.raises(IntoItself, match="its own original"):
        copy(world, dave, file, replace=True)
    with pytest.raises(ParentNotFound):
        copy(world, dave, file, parent=world.home(eve), name="x")
    with pytest.raises(NodeNotFound):
        copy(world, eve, file, parent=world.home(eve), name="x")
    world.know_store(LEICESTER, state=StoreState.DRAINING)
    with pytest.raises(StoreReadOnly):
        copy(world, dave, file, name="x", store=LEICESTER)
    assert world.changes() == before
    assert names(world, dave, world.home(dave)) == ["file", "solar"]


def test_a_repeated_call_makes_one_copy(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    first = copy(world, dave, source, name="b", idempotency_key="k")
    again = copy(world, dave, source, name="b", idempotency_key="k")
    assert again == first
    finish(world)
    assert names(world, dave, world.home(dave)) == ["a", "b"]
    with pytest.raises(KeyReused):
        copy(world, dave, source, name="c", idempotency_key="k")


# --- in the place of something ----------------------------------------------------------------------------------------


def test_what_is_replaced_goes_to_the_trash(world: World, dave: Caller) -> None:
    source, old = filled(world, dave, "a"), filled(world, dave, "b", b"old")
    done = copied(world, dave, source, name="b", replace=True)
    assert done.node.identifier != old.node
    assert world.get(dave, below(world.home(dave), "b")) == DATA
    (trashed,) = world.desk.trash.list_trash(dave, ListTrash()).trashed
    assert trashed.node.identifier == old.node


def test_an_earlier_content_can_be_copied(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a", b"first")
    world.put(dave, source, b"second")
    done = copied(world, dave, source, name="b", version=1)
    assert world.get(dave, LongIdentifier(done.node.identifier)) == b"first"


def test_an_earlier_content_becomes_the_next_one_of_its_own_file(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a", b"first")
    world.put(dave, source, b"second")
    done = copied(world, dave, source, version=1, replace=True)
    assert (done.node.identifier, done.node.version) == (source.node, 3)
    assert world.get(dave, source) == b"first"
    assert world.desk.trash.list_trash(dave, ListTrash()).trashed == ()
