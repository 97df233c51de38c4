"""Jobs as any caller meets them, with trees that stores fetch and send."""

import threading
from collections.abc import Callable

import pytest

from tests.filemanager.suite.conftest import Elsewhere, Somebody
from tests.support.serving import wait_until
from tests.support.sources import Received, scripted_source
from vofiles.contract import (
    CancelJob,
    ExportTree,
    GetJob,
    ImportTree,
    ItemState,
    Job,
    JobState,
    ListJobItems,
    ListJobs,
    NodeJobAnswer,
    NodeKind,
    RetryJob,
    TreeSource,
)
from vofiles.errors import InvalidArgument, InvalidName, JobEnded, JobNotFound, NodeNotFound

Arrive = Callable[[str], Somebody]


def sources(elsewhere: Elsewhere, files: dict[str, bytes]) -> tuple[TreeSource, ...]:
    elsewhere.pages |= {f"/{path}": data for path, data in files.items()}
    return tuple(TreeSource(path, f"{elsewhere.url}/{path}", len(data)) for path, data in files.items())


def job_of(answer: NodeJobAnswer) -> Job:
    assert answer.job is not None
    return answer.job


def test_a_tree_comes_and_goes_and_what_failed_is_tried_again(dave: Somebody, elsewhere: Elsewhere) -> None:
    folder = dave.add("in", NodeKind.FOLDER)
    files = {"tree/a.vot": b"alpha", "tree/d/%C3%A9%20b.fits": b"beta" * 1000}
    wanted = sources(elsewhere, files)
    later = f"/not-yet-{dave.user.name}"
    missing = TreeSource("tree/c", elsewhere.url + later)
    answer = dave.call(ImportTree(folder, wait=20, sources=(*wanted, missing)))
    assert answer.node.identifier == folder.node
    job = job_of(answer)
    assert (job.state, job.verb, job.total, job.done, job.failed) == (JobState.FAILED, "importTree", 3, 2, 1)
    assert (job.bytes_done, job.bytes_total, job.node) == (4005, 4005, folder.node)
    assert dave.get(dave.at("in/tree/d/é b.fits")) == b"beta" * 1000
    items = dave.call(ListJobItems(job.job)).items
    assert [(item.number, item.path, item.state) for item in items] == [
        (1, "tree/a.vot", "DONE"), (2, "tree/d/%C3%A9%20b.fits", "DONE"), (3, "tree/c", "FAILED")
    ]  # fmt: skip
    assert items[0].result == dave.node(dave.at("in/tree/a.vot")).identifier
    (failed,) = dave.call(ListJobItems(job.job, ItemState.FAILED)).items
    assert failed.failure.name == "SourceUnreachable"

    elsewhere.pages[later] = b"gamma"
    retried = dave.call(RetryJob(job.job)).job
    assert (retried.job, retried.failed) == (job.job, 0)
    ended = dave.call(GetJob(job.job, wait=20)).job
    assert (ended.state, ended.done, ended.bytes_done) == (JobState.COMPLETED, 3, 4010)
    assert dave.get(dave.at("in/tree/c")) == b"gamma"

    sink = f"{elsewhere.url}/sink-{dave.user.name}/"
    sent = job_of(dave.call(ExportTree(dave.at("in/tree"), sink, wait=20)))
    assert (sent.state, sent.done) == (JobState.COMPLETED, 3)
    path = f"/sink-{dave.user.name}"
    assert elsewhere.pages[f"{path}/d/%C3%A9%20b.fits"] == b"beta" * 1000
    assert elsewhere.pages[f"{path}/c"] == b"gamma"
    assert [each.job for each in dave.call(ListJobs()).jobs] == [sent.job, job.job]
    assert dave.call(ListJobs(state=JobState.RUNNING)).jobs == ()


def test_a_call_made_again_with_its_key_is_the_same_job(dave: Somebody, elsewhere: Elsewhere) -> None:
    request = ImportTree(dave.home, wait=20, idempotency_key="once", sources=sources(elsewhere, {"a": b"a"}))
    first, second = dave.call(request), dave.call(request)
    assert job_of(first) == job_of(second)
    assert len(dave.call(ListJobs()).jobs) == 1
    assert dave.node(dave.at("a")).version == 1


def test_a_job_under_way_is_answered_as_it_stands_and_can_be_cancelled(dave: Somebody, elsewhere: Elsewhere) -> None:
    let_go, (good,) = threading.Event(), sources(elsewhere, {"good": b"good"})

    def hold(_received: Received) -> bytes:
        let_go.wait(60)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"

    with scripted_source(hold) as source:
        try:
            held = TreeSource("held", source.url())
            job = job_of(dave.call(ImportTree(dave.home, wait=0, sources=(good, held))))
            assert job.state in {JobState.QUEUED, JobState.RUNNING}
            wait_until(lambda: dave.call(GetJob(job.job)).job.done == 1, "the one that comes")
            assert dave.call(GetJob(job.job, wait=1)).job.state == JobState.RUNNING
            dave.call(CancelJob(job.job))
            ended = dave.call(GetJob(job.job, wait=20)).job
        finally:
            let_go.set()
    assert (ended.state, ended.done, ended.failed) == (JobState.CANCELLED, 1, 0)
    assert [item.state for item in dave.call(ListJobItems(job.job)).items] == ["DONE", "CANCELLED"]
    assert dave.call(CancelJob(job.job)).job.state == JobState.CANCELLED
    assert dave.node(dave.at("held")).version == 0


def test_what_is_wrong_is_refused_and_nothing_is_made(dave: Somebody, elsewhere: Elsewhere) -> None:
    (good,) = sources(elsewhere, {"good": b"good"})
    for wrong, error in (
        (ImportTree(dave.home, sources=(good, TreeSource("..", good.url))), InvalidName),
        (ImportTree(dave.home, sources=(good, good)), InvalidArgument),
        (ImportTree(dave.home), InvalidArgument),
        (ImportTree(dave.home, wait=-1, sources=(good,)), InvalidArgument),
        (ImportTree(dave.at("missing"), sources=(good,)), NodeNotFound),
        (ExportTree(dave.at("missing"), good.url), NodeNotFound),
        (ExportTree(dave.home, good.url, wait=-1), InvalidArgument),
        (GetJob("nothing"), JobNotFound),
        (ListJobItems("nothing"), JobNotFound),
        (CancelJob("nothing"), JobNotFound),
        (RetryJob("nothing"), JobNotFound),
        (ListJobs(state="BUSY"), InvalidArgument),
        (ListJobs(limit=0), InvalidArgument),
        (ListJobs(after="nothing"), InvalidArgument),
    ):
        with pytest.raises(error):
            dave.call(wrong)
    assert dave.call(ListJobs()).jobs == ()


def test_another_s_job_is_not_there(arrive: Arrive, elsewhere: Elsewhere) -> None:
    dave, eve = arrive("dave"), arrive("eve")
    request = ImportTree(dave.home, wait=20, sources=sources(elsewhere, {"a": b"a"}))
    job = job_of(dave.call(request))
    for ask in (GetJob(job.job), ListJobItems(job.job), CancelJob(job.job), RetryJob(job.job)):
        with pytest.raises(JobNotFound):
            eve.call(ask)
    with pytest.raises(JobEnded):
        dave.call(CancelJob(job.job))
    assert eve.call(ListJobs()).jobs == ()
