"""Trees fetched from a source and sent to a sink, by a FileManager over stores in this process.

Rule: a module imports the fixtures that it uses.
"""

from typing import Any

import pytest

from filemanager.domain.caller import Caller
from tests.support.filemanager import World
from vofiles.contract import (
    ExportTree,
    ImportTree,
    Job,
    JobItem,
    ListChildren,
    ListJobItems,
    NodeKind,
    TreeSource,
)
from vofiles.ivorn import LongIdentifier

FILES = {"a.vot": b"alpha", "deep/er/b%20c.fits": b"beta" * 100, "deep/d.csv": b""}
SINK = "http://sink/back/"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def offer_sources(world: World, files: dict[str, bytes] = FILES) -> tuple[TreeSource, ...]:
    """Have these fetched from everywhere."""
    for local in world.stores.stores.values():
        local.web.pages |= {f"http://source/{path}": data for path, data in files.items()}
    return tuple(TreeSource(path, f"http://source/{path}") for path in files)


def settle(world: World) -> None:
    """Let the runner and the stores work until nothing happens any more."""
    while world.desk.runner.run_all() + moved(world) + world.stores.deliver(world.desk):
        pass


def moved(world: World) -> int:
    before = len(world.stores.asked)
    world.stores.move()
    return len(world.stores.asked) - before


def import_tree(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> Job:
    sources = told.pop("sources", None) or offer_sources(world)
    answer = world.desk.tree_imports.import_tree(caller, ImportTree(node, sources=sources, **told))
    assert answer.job is not None
    return answer.job


def export_tree(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> Job:
    answer = world.desk.tree_exports.export_tree(caller, ExportTree(node, SINK, **told))
    assert answer.job is not None
    return answer.job


def items(world: World, caller: Caller, job: Job) -> tuple[JobItem, ...]:
    return world.desk.jobs.list_job_items(caller, ListJobItems(job.job)).items


def contents(world: World, caller: Caller, folder: LongIdentifier) -> dict[str, bytes]:
    """What is below a folder, by path."""
    found: dict[str, bytes] = {}
    for node in world.desk.nodes.list_children(caller, ListChildren(folder)).nodes:
        here = LongIdentifier(folder.node, (*folder.path, node.name))  # type: ignore[arg-type]
        if node.type == NodeKind.FOLDER:
            found |= {f"{node.name}/{path}": data for path, data in contents(world, caller, here).items()}
        elif node.version:
            found[node.name] = world.get(caller, here)
    return found


def sent(world: World) -> dict[str, bytes]:
    """What has arrived at the sink, by what stands behind its URL."""
    pages = {url: data for local in world.stores.stores.values() for url, data in local.web.pages.items()}
    return {url.removeprefix(SINK): data for url, data in pages.items() if url.startswith(SINK)}
