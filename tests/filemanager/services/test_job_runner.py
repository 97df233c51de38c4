"""Jobs: whose turn it is, what comes of items and jobs, and that a kill at any point leads to the same outcomes."""

from collections.abc import Sequence
from typing import Any

import pytest

from filemanager.config import JobTerms
from filemanager.domain.caller import Caller
from filemanager.domain.job import JobItem
from filemanager.domain.step import Done, Failed, Waiting
from filemanager.services.job_runner import ATTEMPTS, LEASE
from filemanager.services.jobs import begin_job
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World
from tests.support.labour import VERB, Labour
from vofiles.contract import Failure, ItemState, JobState, ListJobItems, ListJobs, RetryJob
from vofiles.errors import InvalidArgument, JobEnded, JobNotFound, NodeNotFound, StoreUnreachable, TooLarge
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, new_number

BROKEN = Failed(Failure("NodeNotFound", "There is no node x"))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def labour(world: World) -> Labour:
    labour = Labour()
    world.desk.runner.register(VERB, labour)
    return labour


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def begin(world: World, caller: Caller, paths: Sequence[str], store: Ivorn | None = None, **told: Any) -> str:
    """A job with items of these paths; its number."""
    items = [JobItem(0, path, store=store, size=told.pop("size", None)) for path in paths]
    number = new_number()
    now, config = world.watch.now(), world.desk.config
    world.database.write(
        lambda tx: begin_job(tx, config, now, number, caller, VERB, caller.account, items, **told)
    )
    world.desk.runner.wake()
    return number


def states(world: World, caller: Caller, job: str) -> dict[str, str]:
    items = world.desk.jobs.list_job_items(caller, ListJobItems(job)).items
    return {item.path: item.state for item in items}


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
