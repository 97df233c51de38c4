"""Copies of files and folders, within a store and between stores."""

from typing import Any

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.domain.store import StoreState
from tests.support.copying import DATA, copied, copy, filled, finish, job_of, location
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, World, below, property_of
from vofiles.contract import (
    Delete,
    GetHistory,
    ItemState,
    Job,
    JobItem,
    JobState,
    ListChildren,
    ListJobItems,
    ListTrash,
    NodeJobAnswer,
    Property,
    RetryJob,
    SetProperties,
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
    StoreFull,
    StoreNotFound,
    StoreReadOnly,
    VersionNotFound,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier


@pytest.fixture
def world() -> World:
    return World(default_store=CAMBRIDGE, terms=Terms(keep_versions=3))


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def items(world: World, caller: Caller, answer: NodeJobAnswer) -> tuple[JobItem, ...]:
    assert answer.job is not None
    return world.desk.jobs.list_job_items(caller, ListJobItems(answer.job.job)).items


def names(world: World, caller: Caller, node: LongIdentifier) -> list[str]:
    return [str(each.name) for each in world.desk.nodes.list_children(caller, ListChildren(node)).nodes]


def state(world: World, caller: Caller, answer: NodeJobAnswer) -> Job:
    return job_of(world, caller, answer)


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


# --- meanwhile --------------------------------------------------------------------------------------------------------


def test_a_source_that_vanishes_fails_its_item_by_name() -> None:
    world = World(default_store=CAMBRIDGE)
    dave = world.add_account("dave")
    top = world.add_folder(dave, "top")
    inner = [filled(world, dave, name, parent=top) for name in ("one", "two")]
    begun = copy(world, dave, top, name="copy")
    world.put(dave, inner[0], b"new")
    world.run_errands()
    finish(world)
    job = state(world, dave, begun)
    assert (job.state, job.done, job.failed) == (JobState.FAILED, 1, 1)
    failed, done = items(world, dave, begun)
    assert (failed.state, done.state) == (ItemState.FAILED, ItemState.DONE)
    assert failed.failure is not None
    assert failed.failure.name == "VersionNotFound"
    assert "one" in failed.failure.message


def test_who_writes_to_a_copy_before_its_content_comes_keeps_it(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    begun = copy(world, dave, source, name="b", store=LEICESTER)
    world.desk.runner.run_all()
    made = LongIdentifier(begun.node.identifier)
    world.put(dave, made, b"mine", store=CAMBRIDGE)
    finish(world)
    assert world.get(dave, made) == b"mine"
    (item,) = items(world, dave, begun)
    assert item.failure is not None
    assert item.failure.name == "VersionConflict"
    world.run_errands()
    assert world.stores[LEICESTER].containers() == set()


def test_a_copy_that_is_deleted_meanwhile_gets_no_content(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    begun = copy(world, dave, source, name="b", store=LEICESTER)
    world.desk.runner.run_all()
    world.desk.deletions.delete(dave, Delete(LongIdentifier(begun.node.identifier), purge=True))
    finish(world)
    assert state(world, dave, begun).state == JobState.FAILED
    world.run_errands()
    assert world.stores[LEICESTER].containers() == set()


def test_properties_set_meanwhile_stay(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a", content_type="image/fits")
    begun = copy(world, dave, source, name="b")
    made = LongIdentifier(begun.node.identifier)
    world.desk.nodes.set_properties(dave, SetProperties(made, (Property("content.type", "text/plain"),)))
    finish(world)
    assert world.node(dave, made).content_type == "text/plain"


def test_cancelling_ends_what_runs_and_keeps_what_is_done(world: World, dave: Caller) -> None:
    top = world.add_folder(dave, "top")
    for number in range(3):
        filled(world, dave, str(number), parent=top)
    begun = copy(world, dave, top, name="copy", store=LEICESTER)
    world.desk.runner.run_all()
    assert begun.job is not None
    world.desk.jobs.cancel_job(dave, begun.job.job)
    finish(world)
    job = state(world, dave, begun)
    assert (job.state, job.done) == (JobState.CANCELLED, 0)
    world.run_errands()
    assert moved_nothing(world)
    assert names(world, dave, LongIdentifier(begun.node.identifier)) == ["0", "1", "2"]


def moved_nothing(world: World) -> bool:
    world.stores.move()
    return world.stores[LEICESTER].containers() == set()


# --- stores that fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [CAMBRIDGE, LEICESTER])
def test_a_store_that_is_down_for_a_while_delays_it(world: World, dave: Caller, down: Ivorn) -> None:
    source = filled(world, dave, "a")
    world.stores[down].down = True
    begun = copy(world, dave, source, name="b", store=LEICESTER)
    world.desk.runner.run_all()
    (item,) = items(world, dave, begun)
    assert item.state in {ItemState.WAITING, ItemState.RUNNING}
    assert item.failure is not None, "it says whom it waits for"
    assert (item.failure.name, str(down) in item.failure.message) == ("StoreUnreachable", True)
    world.stores[down].down = False
    finish(world)
    (item,) = items(world, dave, begun)
    assert (item.state, item.failure) == (ItemState.DONE, None)
    assert state(world, dave, begun).state == JobState.COMPLETED
    assert world.get(dave, LongIdentifier(begun.node.identifier)) == DATA
    world.run_errands()
    assert len(world.stores[LEICESTER].containers()) == 1


def test_a_store_that_stays_away_fails_the_item_and_it_can_be_tried_again(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    world.stores[LEICESTER].down = True
    begun = copied(world, dave, source, name="b", store=LEICESTER)
    (item,) = items(world, dave, begun)
    assert (item.state, item.failure and item.failure.name) == (ItemState.FAILED, "StoreUnreachable")
    world.stores[LEICESTER].down = False
    assert begun.job is not None
    world.desk.jobs.retry_job(dave, RetryJob(begun.job.job))
    finish(world)
    assert state(world, dave, begun).state == JobState.COMPLETED
    assert world.get(dave, LongIdentifier(begun.node.identifier)) == DATA


def test_another_store_takes_what_the_first_choice_does_not(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    folder = world.add_folder(dave, "folder", filestore_preferred=str(LEICESTER))
    world.stores[LEICESTER].refusal = StoreFull(LEICESTER)
    done = copied(world, dave, source, parent=folder)
    assert location(done.node) == CAMBRIDGE
    assert done.job is not None
    assert done.job.state == JobState.COMPLETED


def test_bytes_that_are_not_the_originals_are_not_taken(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    web = world.stores[LEICESTER].web
    web.offered = lambda remote: DATA[::-1]
    done = copied(world, dave, source, name="b", store=LEICESTER)
    (item,) = items(world, dave, done)
    assert (item.failure and item.failure.name) == "ChecksumMismatch"
    assert done.node.version == 0
    assert world.stores[LEICESTER].containers() == set()


@pytest.mark.parametrize("operation", ["duplicate", "exportInit", "importData"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_every_call_it_is_brought_to_its_end(
    world: World, dave: Caller, operation: str, when: str
) -> None:
    """A new process finds the item as it was, and does what is left to do; one content, whatever was begun twice."""
    source = filled(world, dave, "a")
    store = CAMBRIDGE if operation == "duplicate" else LEICESTER
    begun = copy(world, dave, source, name="b", store=store)

    class Killed(BaseException):
        pass

    def kill(asked: str) -> None:
        if asked == operation:
            raise Killed

    setattr(world.stores, when, kill)
    with pytest.raises(Killed):
        world.desk.runner.run_all()
    setattr(world.stores, when, lambda asked: None)
    world.desk = world.make_desk()
    world.desk.runner.recover()
    finish(world)
    assert state(world, dave, begun).state == JobState.COMPLETED
    made = LongIdentifier(begun.node.identifier)
    assert (world.node(dave, made).version, world.get(dave, made)) == (1, DATA)
    world.run_errands()
    assert sum(len(local.containers()) for local in world.stores.stores.values()) == 2


def test_what_was_put_a_moment_ago_is_copied(world: World, dave: Caller) -> None:
    """The callback is still on its way: the store is asked."""
    source = world.add_file(dave, "a")
    world.send(world.offer(dave, source), DATA)
    done = copied(world, dave, source, name="b")
    assert world.get(dave, LongIdentifier(done.node.identifier)) == DATA


def test_a_copy_under_way_outlives_a_store_that_is_away_for_long(world: World, dave: Caller) -> None:
    source = filled(world, dave, "a")
    begun = copy(world, dave, source, name="b", store=LEICESTER)
    world.desk.runner.run_all()
    world.stores[LEICESTER].down = True
    for _ in range(30):
        world.watch.seconds += 20
        world.desk.runner.run_all()
    assert state(world, dave, begun).state == JobState.RUNNING
    world.stores[LEICESTER].down = False
    finish(world)
    assert state(world, dave, begun).state == JobState.COMPLETED
    assert len(world.stores[LEICESTER].containers()) == 1
