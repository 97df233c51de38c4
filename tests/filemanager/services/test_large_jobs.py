"""Jobs of very many items: what they cost does not grow with how many items there are."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.job import JobItem
from filemanager.persistence.engine import open_database
from filemanager.services.jobs import begin_job
from tests.support.filemanager import CAMBRIDGE, World
from tests.support.labour import VERB, Labour
from tests.support.statements import sent
from vofiles.contract import JobState
from vofiles.ivorn import Ivorn, new_number

__all__ = ["sent"]

MANY = 20_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = open_database(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield World(database)
    database.close()


def begin(world: World, caller: Caller, number: int, store: Ivorn | None) -> str:
    job = new_number()
    items = [JobItem(0, f"file{place}", store=store, size=10) for place in range(number)]
    config, now = world.desk.config, world.watch.now()
    world.database.write(lambda tx: begin_job(tx, config, now, job, caller, VERB, caller.account, items))
    return job


def test_a_job_of_many_items_begins_with_few_statements(world: World, sent: Counter[str]) -> None:
    dave = world.add_account("dave")
    sent.clear()
    begin(world, dave, MANY, CAMBRIDGE)
    assert sent.total() < 50


def test_many_items_that_no_store_has_to_do_with_share_their_commits(world: World, sent: Counter[str]) -> None:
    dave, labour = world.add_account("dave"), Labour()
    world.desk.runner.register(VERB, labour)
    job = begin(world, dave, MANY, None)
    sent.clear()
    assert world.desk.runner.run_all() == MANY
    told = world.desk.jobs.get_job(dave, job)
    assert (told.state, told.done, told.bytes_done) == (JobState.COMPLETED, MANY, 10 * MANY)
    assert sent.total() < MANY


def test_an_item_costs_as_much_in_a_large_job_as_in_a_small_one(world: World, sent: Counter[str]) -> None:
    dave = world.add_account("dave")
    world.desk.runner.register(VERB, Labour())
    cost = {}
    for number in (50, 400):
        begin(world, dave, number, CAMBRIDGE)
        sent.clear()
        assert world.desk.runner.run_all() == number
        cost[number] = sent.total() / number
    assert cost[400] <= 1.1 * cost[50]
    assert cost[400] < 20


def test_reading_a_large_job_counts_nothing(world: World, sent: Counter[str]) -> None:
    dave = world.add_account("dave")
    job = begin(world, dave, MANY, None)
    sent.clear()
    assert world.desk.jobs.get_job(dave, job).total == MANY
    assert [statement for statement in sent if "job_items" in statement] == []
