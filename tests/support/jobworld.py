"""Dave's jobs in a FileManager, of a verb that does what a test says (`labour`).

Rule: a module imports the fixtures that it uses.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.job import JobItem
from filemanager.domain.step import Failed
from filemanager.services.jobs import begin_job
from tests.support.filemanager import World
from tests.support.labour import VERB, Labour
from vofiles.contract import Failure, ListJobItems
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
    world.database.write(lambda tx: begin_job(tx, config, now, number, caller, VERB, caller.account, items, **told))
    world.desk.runner.wake()
    return number


def states(world: World, caller: Caller, job: str) -> dict[str, str]:
    items = world.desk.jobs.list_job_items(caller, ListJobItems(job)).items
    return {item.path: item.state for item in items}
