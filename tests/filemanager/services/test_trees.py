"""exportTree: what is sent and what is refused; and that a kill anywhere changes nothing of it or of importTree."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filemanager.config import JobTerms
from filemanager.domain.caller import Caller
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from tests.support.databases import new_database
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, World, below
from tests.support.mortal import Killed, Mortal
from tests.support.shipments import FILES, SINK, contents, dave, export_tree, import_tree, items, sent, settle, world
from vofiles.contract import (
    BundleHints,
    Delete,
    ExportTree,
    GetNode,
    JobState,
    ListJobs,
    NodeKind,
)
from vofiles.errors import (
    AddressRefused,
    InvalidArgument,
    KeyReused,
    NodeNotFound,
    NotAFolder,
    TooLarge,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier

__all__ = ["dave", "world"]


# --- exporting ---


@pytest.fixture
def full(world: World, dave: Caller) -> LongIdentifier:
    """A folder with FILES in it."""
    folder = world.add_folder(dave, "full")
    import_tree(world, dave, folder)
    settle(world)
    return folder


def test_every_file_below_is_sent_to_its_path(world: World, dave: Caller, full: LongIdentifier) -> None:
    world.add_folder(dave, "empty", full)
    job = export_tree(world, dave, full)
    assert (job.verb, job.total, job.bytes_total) == ("exportTree", 3, 405)
    settle(world)
    told = world.desk.jobs.get_job(dave, job.job)
    assert (told.state, told.bytes_done) == (JobState.COMPLETED, 405)
    assert sent(world) == FILES


def test_only_what_was_there_when_it_began_is_sent(world: World, dave: Caller, full: LongIdentifier) -> None:
    job = export_tree(world, dave, full)
    world.put(dave, world.add_file(dave, "later", full), b"later")
    settle(world)
    assert world.desk.jobs.get_job(dave, job.job).total == 3
    assert sent(world) == FILES


def test_a_file_without_content_is_no_success(world: World, dave: Caller, full: LongIdentifier) -> None:
    world.add_file(dave, "nothing", full)
    job = export_tree(world, dave, full)
    settle(world)
    (failed,) = (item for item in items(world, dave, job) if item.failure is not None)
    assert failed.failure is not None
    assert (failed.path, failed.failure.name) == ("nothing", "ContentNotFound")
    assert sent(world) == FILES


def test_a_repeat_is_answered_though_the_folder_is_gone(world: World, dave: Caller, full: LongIdentifier) -> None:
    first = export_tree(world, dave, full, idempotency_key="once")
    settle(world)
    world.desk.deletions.delete(dave, Delete(full, recursive=True))
    assert export_tree(world, dave, full, idempotency_key="once").job == first.job
    with pytest.raises(KeyReused):
        export_tree(world, dave, world.home(dave), idempotency_key="once")
    assert len(world.desk.jobs.list_jobs(dave, ListJobs()).jobs) == 2


def test_what_cannot_be_exported_is_refused(world: World, dave: Caller, full: LongIdentifier) -> None:
    def refused(error: type[VofilesError], node: LongIdentifier, url: str = SINK, method: str | None = None) -> None:
        with pytest.raises(error):
            world.desk.tree_exports.export_tree(dave, ExportTree(node, url, method))

    refused(NotAFolder, below(full, "a.vot"))
    refused(NodeNotFound, below(full, "missing"))
    refused(AddressRefused, full, "ftp://sink/")
    refused(InvalidArgument, full, SINK, "DELETE")
    world.desk = world.make_desk(JobTerms(maximum_items=2))
    refused(TooLarge, full)


# --- the same, once, whatever is killed ---


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Makes new databases."""
    made: list[Database] = []
    template = new_database("sqlite", None, tmp_path)
    open_database(template).close()

    def make() -> Database:
        made.append(open_database(new_database("sqlite", None, tmp_path, template)))
        return made[-1]

    yield make
    for database in made:
        database.close()


def whole_life(world: World, mortal: Mortal, fatal: int) -> bool:
    """Import a tree and export it, and be killed once on the way; whether that came."""
    mortal.fatal = mortal.effects + fatal if fatal else 0
    dave = Caller(Ivorn.parse("ivo://ast.cam.ac.uk/dave"))
    deeds: list[Callable[[], object]] = [
        lambda: import_tree(world, dave, world.home(dave), idempotency_key="in", store=CAMBRIDGE),
        lambda: settle(world),
        lambda: export_tree(world, dave, world.home(dave), idempotency_key="out"),
        lambda: settle(world),
    ]
    for deed in deeds:
        try:
            deed()
        except Killed:
            world.desk = world.make_desk()
            world.desk.runner.recover()
            deed()
    # The longest that something may be left alone.
    world.watch.seconds += 200
    world.desk.transfers.sweep()
    settle(world)
    world.run_errands()
    killed = 0 < mortal.fatal <= mortal.effects
    mortal.fatal = 0
    return killed


def test_a_kill_at_any_effect_changes_nothing_of_the_outcome() -> None:
    assert kill_at_each(MemoryDatabase, 1) > 80, "it was killed at more than a few effects"


def test_a_kill_changes_nothing_of_the_outcome_on_disk_either(on_disk: Callable[[], Database]) -> None:
    assert kill_at_each(on_disk, 13) > 80


def kill_at_each(fresh: Callable[[], Database], stride: int) -> int:
    """Live once without harm, then be killed at every so many-th effect; answers the last."""
    fatal, killed = 0, True
    while killed or fatal == 1:
        mortal = Mortal(fresh())
        world = World(mortal, (CAMBRIDGE, EDINBURGH))
        dave = world.add_account("dave")
        world.stores.before = world.stores.after = mortal.effect
        killed = whole_life(world, mortal, fatal)
        fatal += stride if fatal else 1
        assert contents(world, dave, world.home(dave)) == {
            "a.vot": b"alpha", "deep/er/b c.fits": b"beta" * 100, "deep/d.csv": b""
        }  # fmt: skip
        assert sent(world) == FILES
        jobs = world.desk.jobs.list_jobs(dave, ListJobs()).jobs
        assert [(job.verb, job.state, job.done) for job in jobs] == [
            ("exportTree", JobState.COMPLETED, 3), ("importTree", JobState.COMPLETED, 3)
        ]  # fmt: skip
        nodes = world.desk.nodes.get_node(dave, GetNode(world.home(dave), BundleHints(depth=-1)))
        assert sorted(node.version for node in nodes if node.type == NodeKind.FILE) == [1, 1, 1]
        assert len(world.stores[CAMBRIDGE].containers()) == 3
    return fatal
