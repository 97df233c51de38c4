"""Jobs that are cancelled: what waits and what runs ends, and what failed can still be tried again."""

import pytest

from filemanager.config import JobTerms
from filemanager.domain.caller import Caller
from filemanager.domain.step import Done, Failed, Waiting
from tests.support.filemanager import CAMBRIDGE, World
from tests.support.jobworld import BROKEN, begin, dave, labour, states, world
from tests.support.labour import VERB, Labour
from vofiles.contract import Failure, JobState, RetryJob
from vofiles.errors import JobEnded
from vofiles.instant import SECOND, Instant

__all__ = ["dave", "labour", "world"]


def test_cancelling_ends_what_waits_and_asks_what_runs(world: World, labour: Labour, dave: Caller) -> None:
    far = Instant(world.watch.now() + 1000 * SECOND)
    labour.script |= {path: [Waiting(far)] for path in "bc"}
    labour.cancelling |= {"b": [Failed(Failure("TransferEnded", "It was cancelled"))], "c": [Waiting(far), Done()]}
    paths = [*"abcdefgh"]
    job = begin(world, dave, paths, CAMBRIDGE)
    world.desk = world.make_desk(JobTerms(per_store=2))
    world.desk.runner.register(VERB, labour)
    world.desk.runner.run_all()
    assert labour.stepped == ["a", "b", "c"]
    assert world.desk.jobs.cancel_job(dave, job).state == JobState.RUNNING
    world.desk.runner.run_all()
    expected = {"a": "DONE", "b": "CANCELLED", "c": "RUNNING"} | dict.fromkeys("defgh", "CANCELLED")
    assert states(world, dave, job) == expected
    assert labour.stepped == ["a", "b", "c"]
    world.watch.seconds += 2000
    world.desk.runner.run_all()
    # What was done after all is done.
    assert states(world, dave, job) == expected | {"c": "DONE"}
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.done, told.failed) == (JobState.CANCELLED, 2, 0)
    assert world.desk.jobs.cancel_job(dave, job) == told


def test_cancelling_more_than_one_batch(
    world: World, labour: Labour, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filemanager.services.job_endings.BATCH", 3)
    job = begin(world, dave, [str(number) for number in range(10)])
    world.desk.jobs.cancel_job(dave, job)
    world.desk.runner.run_all()
    assert set(states(world, dave, job).values()) == {"CANCELLED"}
    assert world.desk.jobs.get_job(dave, job).state == JobState.CANCELLED
    assert labour.stepped == []


def test_a_job_that_has_ended_is_not_cancelled(world: World, labour: Labour, dave: Caller) -> None:
    del labour
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    with pytest.raises(JobEnded, match="COMPLETED"):
        world.desk.jobs.cancel_job(dave, job)


def test_a_job_that_is_being_cancelled_is_not_retried(world: World, labour: Labour, dave: Caller) -> None:
    labour.script["a"] = [Waiting(Instant(world.watch.now() + 1000 * SECOND))]
    job = begin(world, dave, ["a"])
    world.desk.runner.run_all()
    world.desk.jobs.cancel_job(dave, job)
    with pytest.raises(JobEnded, match="being cancelled"):
        world.desk.jobs.retry_job(dave, RetryJob(job))


def test_failed_items_of_a_cancelled_job_can_be_retried_and_what_was_not_begun_stays_so(
    world: World, labour: Labour, dave: Caller
) -> None:
    labour.script["a"] = [BROKEN]
    job = begin(world, dave, ["a", "b"], CAMBRIDGE)
    world.desk = world.make_desk(JobTerms(per_store=1))
    world.desk.runner.register(VERB, labour)
    for assignment in world.desk.runner.plan(1):
        world.desk.runner.perform(assignment)
    world.desk.jobs.cancel_job(dave, job)
    world.desk.runner.run_all()
    assert states(world, dave, job) == {"a": "FAILED", "b": "CANCELLED"}
    assert world.desk.jobs.get_job(dave, job).state == JobState.CANCELLED
    world.desk.jobs.retry_job(dave, RetryJob(job))
    world.desk.runner.run_all()
    assert states(world, dave, job) == {"a": "DONE", "b": "CANCELLED"}
    assert world.desk.jobs.get_job(dave, job).state == JobState.CANCELLED
