"""A FileManager in which Dave copies, and how far his copies are.

Rule: a module imports the fixtures that it uses.
"""

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from tests.support.copying import job_of
from tests.support.filemanager import CAMBRIDGE, World
from vofiles.contract import (
    Job,
    JobItem,
    ListChildren,
    ListJobItems,
    NodeJobAnswer,
)
from vofiles.ivorn import LongIdentifier


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
