"""Jobs and their items as their owner sees them, and until when."""

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.step import Waiting
from tests.support.filemanager import World
from tests.support.jobworld import BROKEN, begin, dave, labour, world
from tests.support.labour import Labour
from vofiles.contract import JobState, ListJobItems, ListJobs, RetryJob
from vofiles.errors import InvalidArgument, JobNotFound
from vofiles.instant import SECOND, Instant

__all__ = ["dave", "labour", "world"]


def test_another_s_job_is_not_there(world: World, labour: Labour, dave: Caller) -> None:
    del labour
    eve, job = world.add_account("eve"), begin(world, dave, ["a"])
    for ask in (
        lambda: world.desk.jobs.get_job(eve, job),
        lambda: world.desk.jobs.list_job_items(eve, ListJobItems(job)),
        lambda: world.desk.jobs.cancel_job(eve, job),
        lambda: world.desk.jobs.retry_job(eve, RetryJob(job)),
    ):
        with pytest.raises(JobNotFound) as denied:
            ask()
        assert denied.value.message == JobNotFound(job).message
    assert world.desk.jobs.list_jobs(eve, ListJobs()).jobs == ()
    with pytest.raises(InvalidArgument):
        world.desk.jobs.list_jobs(eve, ListJobs(after=job))


def test_jobs_are_listed_in_pages_the_newest_first(world: World, labour: Labour, dave: Caller) -> None:
    labour.script["2"] = [BROKEN]
    numbers = [begin(world, dave, [str(number)]) for number in range(5)]
    world.desk.runner.run_all()
    seen, after = [], None
    while True:
        page = world.desk.jobs.list_jobs(dave, ListJobs(after=after, limit=2))
        assert len(page.jobs) <= 2
        seen += [job.job for job in page.jobs]
        if (after := page.next) is None:
            break
    assert seen == numbers[::-1]
    failed = world.desk.jobs.list_jobs(dave, ListJobs(state=JobState.FAILED))
    assert [job.job for job in failed.jobs] == [numbers[2]]
    with pytest.raises(InvalidArgument):
        world.desk.jobs.list_jobs(dave, ListJobs(state="BUSY"))


def test_items_are_listed_in_pages(world: World, labour: Labour, dave: Caller) -> None:
    del labour
    job = begin(world, dave, ["a", "b", "c"])
    first = world.desk.jobs.list_job_items(dave, ListJobItems(job, limit=2))
    rest = world.desk.jobs.list_job_items(dave, ListJobItems(job, after=first.next, limit=2))
    assert [item.path for item in (*first.items, *rest.items)] == ["a", "b", "c"]
    assert rest.next is None
    for wrong in ("x", "-1", "²", "1" * 40):
        with pytest.raises(InvalidArgument):
            world.desk.jobs.list_job_items(dave, ListJobItems(job, after=wrong))


def test_jobs_are_forgotten_some_time_after_their_end(
    world: World, labour: Labour, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filemanager.services.jobs.BATCH", 2)
    far = Instant(world.watch.now() + 10**9 * SECOND)
    labour.script["open"] = [Waiting(far)]
    old, still = begin(world, dave, [*"abcde"]), begin(world, dave, ["open"])
    world.desk.runner.run_all()
    world.watch.seconds += world.desk.config.jobs.keep
    assert world.desk.jobs.prune() == 0
    world.watch.seconds += 1
    assert world.desk.jobs.prune() == 6
    assert [job.job for job in world.desk.jobs.list_jobs(dave, ListJobs()).jobs] == [still]
    with pytest.raises(JobNotFound):
        world.desk.jobs.get_job(dave, old)
