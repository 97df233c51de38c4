"""Jobs: whose turn it is, what comes of items and jobs, and that a kill at any point leads to the same outcomes."""

from typing import Any

import pytest

from filemanager.config import JobTerms
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.step import ATTEMPTS, Done, Failed, Waiting
from filemanager.ports import Transaction
from filemanager.services.job_turns import LEASE
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World
from tests.support.jobworld import BROKEN, begin, dave, labour, states, world
from tests.support.labour import VERB, Labour
from vofiles.contract import Failure, ItemState, JobState, ListJobItems, ListJobs, RetryJob
from vofiles.errors import NodeNotFound, StoreUnreachable, TooLarge
from vofiles.instant import SECOND, Instant

__all__ = ["dave", "labour", "world"]


def test_a_job_is_done(world: World, labour: Labour, dave: Caller) -> None:
    job = begin(world, dave, ["a", "b"])
    assert world.desk.jobs.get_job(dave, job).state == JobState.QUEUED
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.total, told.done, told.failed) == (JobState.COMPLETED, 2, 2, 0)
    assert told.ended == world.watch.now()
    assert (labour.stepped, labour.finished) == (["a", "b"], [job])


def test_a_failed_item_fails_the_job_and_none_of_the_others(world: World, labour: Labour, dave: Caller) -> None:
    labour.script["b"] = [BROKEN]
    job = begin(world, dave, ["a", "b", "c"])
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.done, told.failed) == (JobState.FAILED, 2, 1)
    assert states(world, dave, job) == {"a": "DONE", "b": "FAILED", "c": "DONE"}
    (item,) = world.desk.jobs.list_job_items(dave, ListJobItems(job, ItemState.FAILED)).items
    assert (item.path, item.failure) == ("b", BROKEN.failure)


def test_retrying_does_what_failed_and_nothing_else(world: World, labour: Labour, dave: Caller) -> None:
    labour.script["b"] = [BROKEN]
    job = begin(world, dave, ["a", "b", "c"])
    world.desk.runner.run_all()
    labour.stepped.clear()
    assert world.desk.jobs.retry_job(dave, RetryJob(job)).state == JobState.QUEUED
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.done, told.failed) == (JobState.COMPLETED, 3, 0)
    assert labour.stepped == ["b"]


def test_what_fails_again_can_be_tried_again_and_what_was_done_never_is(
    world: World, labour: Labour, dave: Caller
) -> None:
    labour.script["b"] = [BROKEN, BROKEN]
    job = begin(world, dave, ["a", "b"])
    for expected in (JobState.FAILED, JobState.FAILED, JobState.COMPLETED):
        world.desk.runner.run_all()
        assert world.desk.jobs.get_job(dave, job).state == expected
        world.desk.jobs.retry_job(dave, RetryJob(job))
    assert labour.stepped == ["a", "b", "b", "b"]
    assert world.desk.jobs.get_job(dave, job).state == JobState.COMPLETED


def test_a_retry_that_is_repeated_with_its_key_is_one(world: World, labour: Labour, dave: Caller) -> None:
    labour.script["a"] = [BROKEN, BROKEN]
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    first = world.desk.jobs.retry_job(dave, RetryJob(job, "again"))
    world.desk.runner.run_all()
    assert world.desk.jobs.retry_job(dave, RetryJob(job, "again")) == first
    world.desk.runner.run_all()
    assert labour.stepped == ["a", "a"]
    assert world.desk.jobs.get_job(dave, job).state == JobState.FAILED


def test_retrying_where_nothing_failed_changes_nothing(world: World, labour: Labour, dave: Caller) -> None:
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    before = world.desk.jobs.get_job(dave, job)
    assert world.desk.jobs.retry_job(dave, RetryJob(job)) == before
    assert world.desk.runner.run_all() == 0
    assert labour.stepped == ["a"]


def test_a_job_without_items_ends(world: World, labour: Labour, dave: Caller) -> None:
    job = begin(world, dave, [])
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job).state == JobState.COMPLETED
    assert labour.finished == [job]


def test_more_items_than_a_job_may_have_are_refused(labour: Labour) -> None:
    del labour
    world = World(jobs=JobTerms(maximum_items=2))
    dave = world.add_account("dave")
    with pytest.raises(TooLarge):
        begin(world, dave, ["a", "b", "c"])
    assert world.desk.jobs.list_jobs(dave, ListJobs()).jobs == ()


# --- waiting ---


def test_an_item_that_waits_is_stepped_again_when_it_is_due(world: World, labour: Labour, dave: Caller) -> None:
    due = Instant(world.watch.now() + 10 * SECOND)
    labour.script["a"] = [Waiting(due, 30), Done()]
    job = begin(world, dave, ["a"], size=100)
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.bytes_done, told.bytes_total) == (JobState.RUNNING, 30, 100)
    assert world.desk.runner.pause() == 10
    world.watch.seconds += 9
    assert world.desk.runner.run_all() == 0
    world.watch.seconds += 1
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.bytes_done) == (JobState.COMPLETED, 100)


def test_what_does_not_answer_is_tried_again_with_growing_rests_and_not_for_ever(
    world: World, labour: Labour, dave: Caller
) -> None:
    labour.script["a"] = [StoreUnreachable(CAMBRIDGE) for _ in range(ATTEMPTS)]
    job = begin(world, dave, ["a"])
    rests = []
    world.desk.runner.run_all()
    while world.desk.jobs.get_job(dave, job).state == JobState.RUNNING:
        rests.append(world.desk.runner.pause())
        world.watch.seconds += rests[-1]
        world.desk.runner.run_all()
    assert rests == [1, 2, 4, 8, 15, 1]  # no pause is longer than the poll
    (item,) = world.desk.jobs.list_job_items(dave, ListJobItems(job)).items
    assert item.failure is not None
    assert item.failure.name == "StoreUnreachable"
    assert len(labour.stepped) == ATTEMPTS


def test_a_fault_of_ours_is_one_items_failure(world: World, labour: Labour, dave: Caller) -> None:
    def fault(*_: object) -> Done:
        raise RuntimeError("broken")

    labour.script["a"] = [fault]
    job = begin(world, dave, ["a", "b"])
    world.desk.runner.run_all()
    items = world.desk.jobs.list_job_items(dave, ListJobItems(job)).items
    assert [item.state for item in items] == ["FAILED", "DONE"]
    assert items[0].failure is not None
    assert items[0].failure.name == "Unexpected"


def test_a_verb_of_a_later_release_fails_and_harms_nobody(world: World, dave: Caller) -> None:
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job).state == JobState.FAILED


def test_a_step_that_writes_its_outcome_down_itself_has_the_last_word(
    world: World, labour: Labour, dave: Caller
) -> None:
    def settle(job: Job, item: JobItem) -> Failed:
        def commit(tx: Transaction) -> None:
            held = tx.jobs.lock_job(job.number)
            assert held is not None
            done = item.moved_to(ItemState.DONE)
            tx.jobs.save_items([done])
            tx.jobs.save_job(held.with_items([item], [done], world.watch.now()))

        world.database.write(commit)
        return BROKEN

    labour.script["a"] = [settle]
    number = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, number)
    assert (told.state, told.done, told.failed) == (JobState.COMPLETED, 1, 0)


# --- turns ---


def test_a_store_has_so_many_items_at_work_and_who_came_first_is_first(
    world: World, labour: Labour, dave: Caller
) -> None:
    far = Instant(world.watch.now() + 1000 * SECOND)
    paths = [f"{number}" for number in range(10)]
    labour.script |= {path: [Waiting(far), Done()] for path in paths}
    first, second = begin(world, dave, paths[:6], CAMBRIDGE), begin(world, dave, paths[6:], CAMBRIDGE)
    world.desk.runner.run_all()
    assert labour.stepped == paths[: world.desk.config.jobs.per_store]
    # Another store has a lane of its own.
    other = begin(world, dave, ["elsewhere"], LEICESTER)
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, other).state == JobState.COMPLETED
    for _ in range(5):
        world.watch.seconds += 2000
        world.desk.runner.run_all()
    order = [path for index, path in enumerate(labour.stepped) if path not in labour.stepped[:index]]
    assert [path for path in order if path != "elsewhere"] == paths
    assert {world.desk.jobs.get_job(dave, job).state for job in (first, second)} == {JobState.COMPLETED}


def test_spaces_have_their_turns(world: World, labour: Labour, dave: Caller) -> None:
    world.desk = world.make_desk(JobTerms(per_store=1))
    world.desk.runner.register(VERB, labour)
    eve = world.add_account("eve")
    begin(world, dave, [f"dave{number}" for number in range(6)], CAMBRIDGE)
    begin(world, dave, ["dave6"], CAMBRIDGE)
    begin(world, eve, ["eve0", "eve1"], CAMBRIDGE)
    world.desk.runner.run_all()
    assert labour.stepped == ["dave0", "eve0", "dave1", "eve1", "dave2", "dave3", "dave4", "dave5", "dave6"]


def test_spaces_have_their_turns_among_what_no_store_has_to_do_with(world: World, labour: Labour, dave: Caller) -> None:
    eve = world.add_account("eve")
    begin(world, dave, [f"dave{number:04}" for number in range(1000)])
    begin(world, eve, ["eve"])
    (found, *_) = [world.desk.runner.plan(1)]
    assert "eve" in {item.path for assignment in found for item in assignment.items}


# --- the end ---


def test_the_end_and_what_the_verb_does_at_it_are_one(world: World, labour: Labour, dave: Caller) -> None:
    home = world.home(dave)

    def write_down(tx: Any, job: Any) -> Failure | None:
        del job
        node = tx.nodes.find_node(home.node.number)
        tx.nodes.put_properties(node.key, {"ended": "yes"})
        raise NodeNotFound("x")

    labour.at_end = write_down
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.done) == (JobState.FAILED, 1)
    assert told.failure is not None
    assert told.failure.name == "NodeNotFound"
    assert "ended" not in {each.key for each in world.node(dave, home).properties}


def test_a_verb_can_call_the_whole_a_failure(world: World, labour: Labour, dave: Caller) -> None:
    labour.at_end = lambda _tx, _job: Failure("FolderNotEmpty", "Somebody added a file")
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.failure) == (JobState.FAILED, Failure("FolderNotEmpty", "Somebody added a file"))


def test_who_waits_for_a_job_is_woken_at_its_end(world: World, labour: Labour, dave: Caller) -> None:
    del labour
    job, woken = begin(world, dave, ["a"]), []
    forget = world.desk.jobs.subscribe(job, lambda: woken.append(world.desk.jobs.get_job(dave, job).state))
    world.desk.runner.run_all()
    forget()
    assert woken == [JobState.COMPLETED]
    # Who comes after the end is not left waiting.
    world.desk.jobs.subscribe(job, lambda: woken.append("late"))()
    assert woken[-1] == "late"


# --- restarts ---


def test_what_was_in_somebody_s_hands_when_the_service_ended_is_stepped_again_at_its_start(
    world: World, labour: Labour, dave: Caller
) -> None:
    job = begin(world, dave, ["a"])
    assert len(world.desk.runner.plan(1)) == 1
    # Nobody has it any more; without a restart it is left alone for as long as a step may last.
    world.desk = world.make_desk()
    world.desk.runner.register(VERB, labour)
    assert world.desk.runner.run_all() == 0
    world.desk.runner.recover()
    assert world.desk.runner.run_all() == 1
    assert world.desk.jobs.get_job(dave, job).state == JobState.COMPLETED


def test_an_outcome_that_was_not_written_is_looked_for_after_a_while(
    world: World, labour: Labour, dave: Caller
) -> None:
    job = begin(world, dave, ["a"])
    world.desk.runner.plan(1)
    world.desk = world.make_desk()
    world.desk.runner.register(VERB, labour)
    world.watch.seconds += LEASE / SECOND
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job).state == JobState.COMPLETED


def test_an_item_in_somebody_s_hands_is_given_to_nobody_else(world: World, labour: Labour, dave: Caller) -> None:
    del labour
    begin(world, dave, ["a"])
    (assignment,) = world.desk.runner.plan(4)
    world.watch.seconds += 2 * LEASE / SECOND
    assert world.desk.runner.plan(4) == []
    world.desk.runner.perform(assignment)
    assert world.desk.runner.plan(4) == []
