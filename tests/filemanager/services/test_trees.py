"""importTree and exportTree: what is refused, what becomes of each file, and that a kill anywhere changes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filemanager.config import JobTerms
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job as KeptJob
from filemanager.domain.job import JobItem as KeptItem
from filemanager.domain.step import Step
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from tests.support.databases import new_database
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, World, below
from tests.support.mortal import Killed, Mortal
from vofiles.contract import (
    BundleHints,
    Delete,
    ExportTree,
    GetNode,
    Header,
    ImportTree,
    ItemState,
    Job,
    JobItem,
    JobState,
    JobVerb,
    ListChildren,
    ListJobItems,
    ListJobs,
    NodeKind,
    RetryJob,
    StoreImportData,
    Transfer,
    TreeSource,
)
from vofiles.errors import (
    AddressRefused,
    InvalidArgument,
    InvalidIdentifier,
    InvalidName,
    KeyReused,
    NodeNotFound,
    NotAFolder,
    StoreNotFound,
    TooLarge,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier

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


# --- importing ---


def test_a_tree_is_fetched_and_its_folders_are_made(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    job = import_tree(world, dave, folder)
    assert (job.verb, job.total, job.node) == ("importTree", 3, world.node(dave, folder).identifier)
    settle(world)
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.COMPLETED
    begun = world.database.read(lambda tx: tx.jobs.items(tx.jobs.list_jobs(None, None, None, 1)[0].key, None, 0, 1))
    assert begun[0].transfer is not None
    assert world.desk.transfers.get_transfer(dave, begun[0].transfer).transfer.job == job.job
    assert contents(world, dave, folder) == {"a.vot": b"alpha", "deep/er/b c.fits": b"beta" * 100, "deep/d.csv": b""}
    for item in items(world, dave, job):
        found = world.node(dave, below(folder, item.path.replace("%20", " ")))
        assert (item.state, item.result, item.size) == (ItemState.DONE, found.identifier, found.size)


def test_a_tree_goes_to_the_store_that_is_named(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    import_tree(world, dave, folder, store=LEICESTER)
    settle(world)
    assert {store for operation, store in world.stores.asked if operation == "importData"} == {LEICESTER}


def test_every_request_has_the_headers_and_each_file_what_is_said_of_it(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ask = list[StoreImportData](), world.stores.import_data

    def note(store: Ivorn, request: StoreImportData, within: float) -> Transfer:
        asked.append(request)
        return ask(store, request, within)

    monkeypatch.setattr(world.stores, "import_data", note)
    headers = (Header("Authorization", "Bearer secret"), Header("X-Twice", "1"), Header("X-Twice", "2"))
    (source, *_) = offer_sources(world, {"a": b"four"})
    described = TreeSource(source.path, source.url, size=4, content_type="text/csv")
    job = import_tree(world, dave, world.home(dave), sources=(described,), headers=headers)
    settle(world)
    (request,) = asked
    assert (request.headers, request.size, request.content_type) == (headers, 4, "text/csv")
    # What might be a secret is not kept once nothing can be tried again.
    kept = world.database.read(lambda tx: tx.jobs.find_job(job.job))
    assert kept is not None
    assert kept.request == {}


def test_a_source_that_fails_fails_alone_and_is_tried_again(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    sources = offer_sources(world)
    del world.stores[CAMBRIDGE].web.pages["http://source/a.vot"]
    job = import_tree(world, dave, folder, sources=sources, store=CAMBRIDGE)
    settle(world)
    told = world.desk.jobs.get_job(dave, job.job)
    assert (told.state, told.done, told.failed) == (JobState.FAILED, 2, 1)
    (failed,) = (item for item in items(world, dave, job) if item.state == ItemState.FAILED)
    assert failed.path == "a.vot"
    assert failed.failure is not None
    assert failed.failure.name == "SourceUnreachable"
    offer_sources(world)
    asked = len(world.stores.asked)
    world.desk.jobs.retry_job(dave, RetryJob(job.job))
    settle(world)
    told = world.desk.jobs.get_job(dave, job.job)
    assert (told.state, told.done, told.failed) == (JobState.COMPLETED, 3, 0)
    assert [operation for operation, _ in world.stores.asked[asked:]].count("importData") == 1
    assert contents(world, dave, folder)["a.vot"] == b"alpha"


def test_what_is_there_already_is_left_as_it_is(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    there = world.add_file(dave, "a.vot", folder)
    world.put(dave, there, b"older")
    world.add_file(dave, "deep", folder)
    job = import_tree(world, dave, folder)
    settle(world)
    names = {item.path: item.failure.name for item in items(world, dave, job) if item.failure is not None}
    assert names == {"a.vot": "DuplicateNode", "deep/er/b%20c.fits": "NotAFolder", "deep/d.csv": "NotAFolder"}
    assert contents(world, dave, folder) == {"a.vot": b"older"}


def test_folders_that_are_there_are_used(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    deep = world.add_folder(dave, "deep", folder)
    job = import_tree(world, dave, folder)
    settle(world)
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.COMPLETED
    assert world.node(dave, below(folder, "deep/er")).parent == deep.node


WRONG: dict[str, tuple[dict[str, Any], type[VofilesError]]] = {
    "nothing": ({"sources": ()}, InvalidArgument),
    "no path": ({"path": ""}, InvalidArgument),
    "only slashes": ({"path": "//"}, InvalidArgument),
    "up": ({"path": "a/../b"}, InvalidName),
    "encoded slash": ({"path": "a%2fb"}, InvalidName),
    "no UTF-8": ({"path": "%ff"}, InvalidIdentifier),
    "control": ({"path": "a%00"}, InvalidName),
    "too deep": ({"path": "a/" * 300 + "b"}, InvalidArgument),
    "too deep with what is above": ({"path": "a/" * 254 + "b"}, InvalidName),
    "twice": ({"path": "other//"}, InvalidArgument),
    "twice, spelt otherwise": ({"path": "%6fther"}, InvalidArgument),
    "file and folder": ({"path": "other/below"}, InvalidArgument),
    "another scheme": ({"url": "file:///etc/passwd"}, AddressRefused),
    "no host": ({"url": "http://"}, InvalidArgument),
    "negative": ({"size": -1}, InvalidArgument),
    "no type": ({"content_type": "nonsense"}, InvalidArgument),
    "no such store": ({"store": Ivorn.parse("ivo://nobody/store")}, StoreNotFound),
    "a file": ({"node": "file"}, NotAFolder),
    "no such node": ({"node": "missing"}, NodeNotFound),
    "too many": ({"most": 1}, TooLarge),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused_before_anything_changes(world: World, dave: Caller, wrong: str) -> None:
    told, error = WRONG[wrong]
    told = dict(told)
    folder = world.add_folder(dave, "in")
    world.add_file(dave, "file")
    if "most" in told:
        world.desk = world.make_desk(JobTerms(maximum_items=told.pop("most")))
    node = below(world.home(dave), told.pop("node")) if "node" in told else folder
    extra = {"store": told.pop("store")} if "store" in told else {}
    good = TreeSource("other", "http://source/other")
    bad = TreeSource(
        told.get("path", "a"), told.get("url", "http://source/a"), told.get("size"), told.get("content_type")
    )
    before = world.changes()
    with pytest.raises(error):
        world.desk.tree_imports.import_tree(dave, ImportTree(node, sources=told.get("sources", (good, bad)), **extra))
    assert world.changes() == before
    assert world.desk.jobs.list_jobs(dave, ListJobs()).jobs == ()


def test_another_s_folder_is_not_there(world: World, dave: Caller) -> None:
    folder, eve = world.add_folder(dave, "in"), world.add_account("eve")
    for begin in (import_tree, export_tree):
        with pytest.raises(NodeNotFound):
            begin(world, eve, folder)


def test_a_cancelled_import_ends_what_is_under_way(world: World, dave: Caller) -> None:
    world.desk = world.make_desk(JobTerms(per_store=1))
    folder = world.add_folder(dave, "in")
    job = import_tree(world, dave, folder)
    world.desk.runner.run_all()
    world.desk.jobs.cancel_job(dave, job.job)
    settle(world)
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.CANCELLED
    assert {item.state for item in items(world, dave, job)} == {ItemState.CANCELLED}
    world.run_errands()
    assert contents(world, dave, folder) == {}
    assert not any(local.containers() for local in world.stores.stores.values())


def test_what_has_arrived_when_it_is_cancelled_is_done(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    job = import_tree(world, dave, folder)
    world.desk.runner.run_all()
    world.stores.move()  # and no callback yet
    world.desk.jobs.cancel_job(dave, job.job)
    settle(world)
    told = world.desk.jobs.get_job(dave, job.job)
    assert (told.state, told.done) == (JobState.COMPLETED, 3)


def test_a_store_that_comes_back_is_asked_again(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "in")
    job = import_tree(world, dave, folder, store=CAMBRIDGE)
    world.stores[CAMBRIDGE].down = True
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.RUNNING
    world.stores[CAMBRIDGE].down = False
    world.watch.seconds += 1
    settle(world)
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.COMPLETED


def test_what_ends_before_anybody_waits_for_it_is_noticed(world: World, dave: Caller) -> None:
    """The callback is there before the service has written down what it began."""

    def hurry(operation: str) -> None:
        if operation == "importData":
            world.stores.move()
            world.stores.deliver(world.desk)

    world.stores.after = hurry
    job = import_tree(world, dave, world.home(dave))
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.COMPLETED


def test_what_ends_while_its_step_is_written_down_is_noticed(world: World, dave: Caller) -> None:
    work = world.desk.tree_imports

    class Hurried:
        """The work, while the stores are quicker than the runner."""

        cancel, finish = work.cancel, work.finish

        def step(self, job: KeptJob, item: KeptItem) -> Step:
            answer = work.step(job, item)
            world.stores.move()
            world.stores.deliver(world.desk)
            return answer

    world.desk.runner.register(JobVerb.IMPORT, Hurried())
    job = import_tree(world, dave, world.home(dave))
    world.desk.runner.run_all()
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.COMPLETED


def test_cancelling_finds_what_was_begun_and_not_written_down(world: World, dave: Caller) -> None:
    job = import_tree(world, dave, world.home(dave), sources=offer_sources(world, {"a": b"a"}))

    def die(operation: str) -> None:
        if operation == "importData":
            raise Killed

    world.stores.after = die
    with pytest.raises(Killed):
        world.desk.runner.run_all()
    world.stores.after = lambda operation: None
    world.desk = world.make_desk()
    world.desk.runner.recover()
    world.desk.jobs.cancel_job(dave, job.job)
    settle(world)
    assert world.desk.jobs.get_job(dave, job.job).state == JobState.CANCELLED
    assert contents(world, dave, world.home(dave)) == {}
    world.run_errands()
    assert not any(local.containers() for local in world.stores.stores.values())


def test_how_far_it_is_can_be_seen(world: World, dave: Caller) -> None:
    sizes: list[tuple[int, int]] = []
    sources = offer_sources(world, {"big": bytes(1 << 16)})
    (source,) = sources
    job = import_tree(
        world, dave, world.home(dave), sources=(TreeSource("big", source.url, size=1 << 16),), store=CAMBRIDGE
    )
    world.desk.runner.run_all()

    def look(_: int) -> None:
        world.watch.seconds += 5
        world.desk.runner.run_all()
        told = world.desk.jobs.get_job(dave, job.job)
        sizes.append((told.bytes_done, told.bytes_total))

    world.stores[CAMBRIDGE].web.on_piece = look
    world.stores.move()
    assert sizes[0] == (0, 1 << 16)
    assert 0 < sizes[-1][0] < 1 << 16
    settle(world)
    told = world.desk.jobs.get_job(dave, job.job)
    assert (told.bytes_done, told.bytes_total) == (1 << 16, 1 << 16)


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
