"""Purging: leaf by leaf, in batches of one size, by jobs and by the upkeep; whatever is killed, wherever it stops."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemanager.domain.caller import Caller
from filemanager.domain.node import Node
from filemanager.domain.trash import UPKEEP
from filemanager.persistence.memory import MemoryDatabase
from filemanager.services import deletions, purge_jobs, purging, trash
from filemanager.services.purging import purge_some
from tests.support.filemanager import CAMBRIDGE, World, below
from tests.support.mortal import Killed, Mortal
from vofiles.contract import (
    BundleHints,
    Delete,
    DeleteAnswer,
    GetNode,
    JobState,
    ListJobs,
    ListTrash,
    PurgeTrash,
    Restore,
    RetryJob,
)
from vofiles.errors import NodeNotFound
from vofiles.ivorn import LongIdentifier

DAY = 86_400
FEW = 5


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (purging, purge_jobs):
        monkeypatch.setattr(module, "BATCH", FEW)
    for module in (deletions, purge_jobs, trash):
        monkeypatch.setattr(module, "SMALL", FEW, raising=False)


@pytest.fixture
def world() -> World:
    return World(default_store=CAMBRIDGE)


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def entries(world: World, caller: Caller) -> list[str]:
    return [entry.node.name for entry in world.desk.trash.list_trash(caller, ListTrash()).trashed]


def everything(world: World) -> list[Node]:
    return world.database.read(lambda tx: tx.census.nodes(0, 10_000))


def project(world: World, caller: Caller, name: str = "a") -> LongIdentifier:
    """A folder that is 16 nodes, three of them with content."""
    top = world.add_folder(caller, name)
    for inner in ("b", "c", "d"):
        folder = world.add_folder(caller, inner, top)
        for file in range(3):
            world.add_file(caller, f"f{file}", folder)
        world.add_folder(caller, "empty", folder)
        world.put(caller, below(folder, "f0"), inner.encode())
    return top


def purge(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> DeleteAnswer:
    return world.desk.deletions.delete(caller, Delete(node, recursive=True, purge=True, **told))


# --- batches ---


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60), st.integers(1, 3))
def test_a_tree_of_any_shape_goes_in_full_batches_each_node_after_all_below_it(
    shape: list[tuple[int, bool]], number: int
) -> None:
    world = World()
    dave = world.add_account("dave")
    tops = [world.add_folder(dave, f"top{place}") for place in range(number)]
    folders, size = list(tops), number
    for place, (where, is_folder) in enumerate(shape):
        parent = folders[where % len(folders)]
        if is_folder:
            folders.append(world.add_folder(dave, f"n{place}", parent))
        else:
            world.add_file(dave, f"n{place}", parent)
        size += 1
    world.add_file(dave, "kept")
    before = len(everything(world))
    left = [node for node in everything(world) if node.number in {top.node.number for top in tops}]
    while left:
        # The database itself refuses to remove what has children.
        now = world.watch.now()
        left = list(world.database.write(lambda tx: purge_some(tx, dave.account, left, now)).left)  # noqa: B023
        gone = min(FEW, size)
        size -= gone
        before -= gone
        assert len(everything(world)) == before
    assert size == 0
    assert [node.name for node in everything(world)] == ["home", "kept"]


def test_with_each_node_goes_what_is_its_own(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a", colour="blue")
    file = world.add_file(dave, "b", folder, colour="red")
    world.put(dave, file, b"one")
    offer = world.offer(dave, file)
    published: list[str] = []
    world.desk.transfers.subscribe(offer.transfer, lambda: published.append(offer.transfer))
    assert purge(world, dave, folder) == DeleteAnswer()
    assert published == [offer.transfer]
    assert sorted(verb for verb, _ in world.run_errands()) == ["cancelTransfer", "deleteContainer"]
    assert not world.stores[CAMBRIDGE].containers()
    changes = world.database.read(lambda tx: tx.changes.list_changes(0, 100))[-2:]
    home = world.home(dave).node.number
    assert [(each.operation, each.before) for each in changes] == [
        ("delete", {"node.name": "b", "node.type": "FILE", "node.parent": folder.node.number, "colour": "red"}),
        ("delete", {"node.name": "a", "node.type": "FOLDER", "node.parent": home, "colour": "blue"}),
    ]
    assert entries(world, dave) == []


# --- jobs ---


def test_what_is_much_disappears_at_once_and_is_removed_by_a_job(world: World, dave: Caller) -> None:
    top = project(world, dave)
    world.add_file(dave, "kept")
    answer = purge(world, dave, top)
    assert answer.trashed is None
    assert answer.job is not None
    assert (answer.job.verb, answer.job.total, answer.job.node) == ("delete", 4, top.node)
    nodes = world.desk.nodes.get_node(dave, GetNode(world.home(dave), BundleHints(depth=-1)))
    assert [node.name for node in nodes] == ["home", "kept"]
    assert entries(world, dave) == []
    with pytest.raises(NodeNotFound):
        world.desk.trash.restore(dave, Restore(top.node))
    with pytest.raises(NodeNotFound):
        world.desk.trash.purge_trash(dave, PurgeTrash(top.node))
    world.desk.runner.run_all()
    job = world.desk.jobs.get_job(dave, answer.job.job)
    assert (job.state, job.done, job.failed) == (JobState.COMPLETED, 4, 0)
    assert [node.name for node in everything(world)] == ["home", "kept", "trash"]
    world.run_errands()
    assert not world.stores[CAMBRIDGE].containers()


def test_a_whole_trash_is_removed_by_one_job_and_what_comes_later_stays(world: World, dave: Caller) -> None:
    anna = world.add_account("anna")
    world.desk.deletions.delete(anna, Delete(world.add_file(anna, "hers")))
    for name in ("a", "b"):
        world.desk.deletions.delete(dave, Delete(project(world, dave, name), recursive=True))
    answer = world.desk.trash.purge_trash(dave, PurgeTrash())
    assert answer.job is not None
    assert (answer.job.total, answer.job.node) == (7, None)
    later = world.add_file(dave, "later")
    world.desk.deletions.delete(dave, Delete(later))
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, answer.job.job).state == JobState.COMPLETED
    assert (entries(world, dave), entries(world, anna)) == (["later"], ["hers"])
    assert len([node for node in everything(world) if node.owner == dave.account]) == 3


def test_what_is_left_of_a_cancelled_job_can_be_restored(world: World, dave: Caller) -> None:
    top = project(world, dave)
    answer = purge(world, dave, top)
    assert answer.job is not None
    world.desk.jobs.cancel_job(dave, answer.job.job)
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, answer.job.job).state == JobState.CANCELLED
    assert entries(world, dave) == ["a"]
    world.desk.trash.restore(dave, Restore(top.node))
    assert world.node(dave, below(world.home(dave), "a/b/f0")).version == 1


def test_what_is_left_of_a_failed_job_the_upkeep_removes(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = purge(world, dave, project(world, dave))
    assert answer.job is not None

    def fail(*_: object) -> None:
        raise RuntimeError("the disk")

    with monkeypatch.context() as broken:
        broken.setattr(purge_jobs, "purge_some", fail)
        world.desk.runner.run_all()
    job = world.desk.jobs.get_job(dave, answer.job.job)
    assert (job.state, job.failed) == (JobState.FAILED, job.total)
    assert entries(world, dave) == []
    assert len(world.database.read(lambda tx: tx.trash.claimed(UPKEEP, 10))) == 1
    assert world.desk.trash_upkeep.sweep() == 4
    assert [node.name for node in everything(world)] == ["home", "trash"]
    world.desk.jobs.retry_job(dave, RetryJob(job.job))
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.COMPLETED


def test_a_tree_that_grew_while_it_was_counted_goes_wholly(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many items there are is what it was before the transaction; the last one goes on."""
    top = project(world, dave)
    monkeypatch.setattr(deletions, "count_nodes", lambda *_: 1)
    answer = purge(world, dave, top)
    assert answer.job is not None
    assert answer.job.total == 1
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, answer.job.job).state == JobState.COMPLETED
    assert [node.name for node in everything(world)] == ["home", "trash"]


# --- the upkeep ---


def test_the_upkeep_goes_on_where_it_was_stopped_and_nobody_restores_a_half(world: World, dave: Caller) -> None:
    mortal = Mortal(world.database)
    world.database = mortal
    world.desk = world.make_desk()
    top = project(world, dave)
    world.desk.deletions.delete(dave, Delete(top, recursive=True))
    world.watch.seconds += 30 * DAY
    for left in (11, 6, 1, 0):
        # After the commit of the first batch.
        mortal.fatal = mortal.effects + 2
        with pytest.raises(Killed):
            world.desk.trash_upkeep.sweep()
        world.desk = world.make_desk()
        assert len(everything(world)) == 2 + left
        assert entries(world, dave) == []
        with pytest.raises(NodeNotFound):
            world.desk.trash.restore(dave, Restore(top.node))
    mortal.fatal = 0
    assert world.desk.trash_upkeep.sweep() == 0
    world.run_errands()
    assert not world.stores[CAMBRIDGE].containers()


# --- the same, once, whatever is killed ---


def lives() -> Iterator[int]:
    """Which effect to be killed at: none at first, then each in turn, until there was none."""
    fatal = 0
    while True:
        yield fatal
        fatal += 1


@pytest.mark.parametrize("way", ["purge", "trash and purge", "trash and purge all"])
def test_a_kill_at_any_effect_changes_nothing_of_the_outcome(way: str) -> None:
    effects = 0
    for fatal in lives():
        mortal = Mortal(MemoryDatabase())
        world = World(mortal, (CAMBRIDGE,))
        dave = world.add_account("dave")
        top, kept = project(world, dave), world.add_file(dave, "kept")
        world.put(dave, kept, b"kept")
        deeds: dict[str, list[Callable[[], object]]] = {
            "purge": [lambda: purge(world, dave, top, idempotency_key="1")],  # noqa: B023
            "trash and purge": [
                lambda: world.desk.deletions.delete(dave, Delete(top, recursive=True, idempotency_key="1")),  # noqa: B023
                lambda: world.desk.trash.purge_trash(dave, PurgeTrash(top.node, idempotency_key="2")),  # noqa: B023
            ],
            "trash and purge all": [
                lambda: world.desk.deletions.delete(dave, Delete(top, recursive=True, idempotency_key="1")),  # noqa: B023
                lambda: world.desk.trash.purge_trash(dave, PurgeTrash(idempotency_key="2")),  # noqa: B023
            ],
        }
        begun = mortal.effects
        mortal.fatal = begun + fatal if fatal else 0
        deeds[way].append(lambda: world.desk.runner.run_all())  # noqa: B023, PLW0108 (of the desk that is there then)
        for deed in deeds[way]:
            try:
                deed()
            except Killed:
                world.desk = world.make_desk()
                world.desk.runner.recover()
                deed()
        mortal.fatal, effects = 0, max(effects, mortal.effects - begun)
        assert [node.name for node in everything(world)] == ["home", "kept", "trash"]
        assert world.changes().count("delete") == 16
        (job,) = world.desk.jobs.list_jobs(dave, ListJobs()).jobs
        assert (job.state, job.done) == (JobState.COMPLETED, job.total)
        assert len([verb for verb, _ in world.run_errands() if verb == "deleteContainer"]) == 3
        assert len(world.stores[CAMBRIDGE].containers()) == 1
        assert entries(world, dave) == []
        if fatal > effects:
            break
    assert effects > 8, "it was killed at more than a few effects"
