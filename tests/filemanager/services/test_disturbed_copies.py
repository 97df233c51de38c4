"""Copies while others change what is copied, stores fail, and calls are killed."""

import pytest

from filemanager.domain.caller import Caller
from tests.support.copying import DATA, copied, copy, filled, finish, location
from tests.support.copyworld import dave, items, names, state, world
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World
from vofiles.contract import (
    Delete,
    ItemState,
    JobState,
    Property,
    RetryJob,
    SetProperties,
)
from vofiles.errors import (
    StoreFull,
)
from vofiles.ivorn import Ivorn, LongIdentifier

__all__ = ["dave", "world"]


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
