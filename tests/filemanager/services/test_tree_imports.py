"""importTree: what is refused, what becomes of each file, stores that fail, cancelling."""

from typing import Any

import pytest

from filemanager.config import JobTerms
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job as KeptJob
from filemanager.domain.job import JobItem as KeptItem
from filemanager.domain.step import Step
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World, below
from tests.support.mortal import Killed
from tests.support.shipments import contents, dave, export_tree, import_tree, items, offer_sources, settle, world
from vofiles.contract import (
    Header,
    ImportTree,
    ItemState,
    JobState,
    JobVerb,
    ListJobs,
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
    NodeNotFound,
    NotAFolder,
    StoreNotFound,
    TooLarge,
    VofilesError,
)
from vofiles.ivorn import Ivorn

__all__ = ["dave", "world"]


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
