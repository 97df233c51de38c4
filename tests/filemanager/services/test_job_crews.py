"""Jobs done by a crew of threads, on every database: each item once, every count right."""

from collections import Counter

from filemanager.config import JobTerms
from filemanager.domain.job import JobItem
from filemanager.domain.step import Failed
from filemanager.ports import Database
from filemanager.services.jobs import begin_job
from tests.support.databases import server
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World
from tests.support.labour import VERB, Labour
from tests.support.serving import wait_until
from tests.support.treedatabases import tree
from vofiles.contract import Failure, JobState, RetryJob
from vofiles.ivorn import Ivorn, new_number
from vofiles.serving.crew import Crew

__all__ = ["server", "tree"]

BROKEN = Failed(Failure("NodeNotFound", "There is no node x"))


def test_many_hands_do_each_item_once(tree: Database) -> None:
    world = World(tree, jobs=JobTerms(workers=6, per_store=2))
    dave, eve, labour = world.add_account("dave"), world.add_account("eve"), Labour()
    labour.script |= {f"{number}-7": [BROKEN] for number in range(4)}
    world.desk.runner.register(VERB, labour)
    places: list[Ivorn | None] = [None, CAMBRIDGE, LEICESTER, None]
    jobs = {}
    config, now = world.desk.config, world.watch.now()
    for number, (caller, store) in enumerate(zip((dave, eve, dave, eve), places, strict=True)):
        items = [JobItem(0, f"{number}-{place}", store=store, size=3) for place in range(60)]
        job = new_number()
        tree.write(
            lambda tx, c=caller, i=items, j=job: begin_job(tx, config, now, j, c, VERB, c.account, i)  # type: ignore[misc]
        )
        jobs[job] = caller

    def ended() -> bool:
        return all(world.desk.jobs.get_job(caller, job).ended is not None for job, caller in jobs.items())

    crew = Crew(world.desk.runner, 6, "jobs")
    crew.start()
    try:
        wait_until(ended, "all jobs have ended")
        told = [world.desk.jobs.get_job(caller, job) for job, caller in jobs.items()]
        assert [(job.state, job.done, job.failed, job.bytes_done) for job in told] == [
            (JobState.FAILED, 59, 1, 177)
        ] * 4
        for job, caller in jobs.items():
            world.desk.jobs.retry_job(caller, RetryJob(job))
        wait_until(ended, "all jobs have ended again")
    finally:
        crew.stop()
    told = [world.desk.jobs.get_job(caller, job) for job, caller in jobs.items()]
    assert [(job.state, job.done, job.failed, job.bytes_done) for job in told] == [(JobState.COMPLETED, 60, 0, 180)] * 4
    twice = {path for path, steps in Counter(labour.stepped).items() if steps > 1}
    assert twice == {f"{number}-7" for number in range(4)}
    assert len(set(labour.stepped)) == 240
