"""Long verbs by the client: followed, left, stopped, tried again; many files fetched and sent by stores themselves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import vofiles
from tests.support.cutting import cutting_proxy
from tests.support.services import RunningServices, User
from tests.support.serving import wait_until
from tests.support.sources import Received, ok, scripted_source
from vofiles import Job, JobInfo
from vofiles.cli.demo.web import small_web
from vofiles.errors import (
    InvalidArgument,
    InvalidName,
    JobEnded,
    JobNotFound,
    NodeNotFound,
    NotAFolder,
    SourceUnreachable,
)
from vofiles.tree import Home, Node

FILES = {"m31.fits": b"m31" * 1000, "m33.fits": b"m33" * 500, "log": b""}


@contextmanager
def standing(folder: Node, name: str = "slow") -> Iterator[tuple[Job, threading.Event]]:
    """A job that stands still until the event is set."""
    gate = threading.Event()

    def answer(_: Received) -> bytes:
        assert gate.wait(60)
        return ok(b"slow")

    with scripted_source(answer) as source:
        try:
            yield folder.import_tree({name: source.url()}, wait=False), gate
        finally:
            gate.set()


def test_many_files_come_by_their_urls(folder: Node) -> None:
    seen: list[JobInfo] = []
    with small_web(FILES) as web:
        sources = {f"night 1/{name}": web.url(name) for name in FILES} | {"copy.fits": web.url("m31.fits")}
        job = folder.import_tree(sources, progress=seen.append)
    assert (job.info.state, job.info.total, job.info.done, job.info.failed) == ("COMPLETED", 4, 4, 0)
    assert job.info.is_ended
    assert job.info.ended is not None
    assert (folder / "night 1" / "m31.fits").read_bytes() == FILES["m31.fits"]
    assert (folder / "night 1" / "log").info().size == 0
    assert (folder / "copy.fits").info().content_type == "application/fits"
    items = list(job.items())
    assert [item.number for item in items] == [1, 2, 3, 4]
    assert {item.path for item in items} == set(sources)
    assert {item.state for item in items} == {"DONE"}
    assert seen[-1].is_ended


def test_many_files_go_to_urls(folder: Node) -> None:
    for name, content in FILES.items():
        (folder / "a b").mkdir(exist_ok=True)
        (folder / "a b" / name).put(content)
    with small_web({}) as web:
        job = folder.export_tree(web.url("there/"))
        assert web.received == {f"there/a%20b/{name}": content for name, content in FILES.items()}
    assert (job.info.verb, job.info.state, job.info.done) == ("exportTree", "COMPLETED", 3)


def test_what_fails_is_told_by_the_first_and_can_be_tried_again(folder: Node, home: Home) -> None:
    files = dict(FILES)
    missing = files.pop("m33.fits")
    with small_web(files) as web:
        sources = {name: web.url(name) for name in FILES}
        with pytest.raises(SourceUnreachable, match=r"1 of 3 failed \(job \w+\); the first, m33\.fits: ") as failed:
            folder.import_tree(sources)
        number = dict(failed.value.properties)["job"]
        job = home.job(number)
        assert (job.info.state, job.info.done, job.info.failed) == ("FAILED", 2, 1)
        (item,) = job.items("FAILED")
        assert (item.path, item.state) == ("m33.fits", "FAILED")
        assert item.failure
        with pytest.raises(SourceUnreachable):
            job.wait()
        files["m33.fits"] = missing
        assert job.retry().state in {"QUEUED", "RUNNING", "COMPLETED"}
        assert job.wait().done == 3
        assert (folder / "m33.fits").read_bytes() == missing
        with pytest.raises(JobEnded, match="it is COMPLETED"):
            job.cancel()
        # Nothing in it has failed: there is nothing to be done.
        assert job.retry().state == "COMPLETED"


def test_a_job_goes_on_while_nobody_looks(folder: Node, home: Home) -> None:
    with standing(folder) as (job, gate):
        assert not job.info.is_ended
        assert next(home.jobs()).id == job.id
        wait_until(lambda: job.id in [each.id for each in home.jobs("RUNNING")], "the job's being at work")
        assert job.id not in [each.id for each in home.jobs("QUEUED")]
        again = home.job(job.id)
        gate.set()
        seen: list[str] = []
        assert again.wait(lambda info: seen.append(info.state)).state == "COMPLETED"
        assert seen[-1] == "COMPLETED"
        assert not job.info.is_ended
        assert job.refresh().is_ended
    assert (folder / "slow").read_bytes() == b"slow"


def test_whoever_stops_waiting_leaves_the_job_at_work(folder: Node) -> None:
    def stop(_: JobInfo) -> None:
        raise KeyboardInterrupt

    with standing(folder) as (job, gate):
        with pytest.raises(KeyboardInterrupt):
            job.wait(stop)
        gate.set()
        assert job.wait().state == "COMPLETED"


def test_cancelled(folder: Node) -> None:
    with standing(folder) as (job, _):
        job.cancel()
        wait_until(lambda: job.refresh().is_ended, "the job's end")
        assert job.info.state == "CANCELLED"
        with pytest.raises(JobEnded, match="it was cancelled when 0 of 1 were done"):
            job.wait()
        assert job.cancel().state == "CANCELLED"
        assert (folder / "slow").info().version == 0


def test_a_connection_lost_while_one_waits(services: RunningServices, dave: User, folder: Node) -> None:
    paused: list[float] = []
    with (
        cutting_proxy() as proxy,
        vofiles.connect(
            f"http://127.0.0.1:{proxy.port}", user=dave.name, password=dave.password, wait=paused.append
        ) as far,
        standing(folder) as (job, gate),
    ):
        proxy.target = int(services.manager.address.rpartition(":")[2])
        there = far.job(job.id)
        far._root.port.close()
        proxy.cut_after(received=0, times=2)
        gate.set()
        assert there.wait().state == "COMPLETED"
        assert proxy.broken == 2
        assert len(paused) == 2


def test_refusals(folder: Node, home: Home) -> None:
    with pytest.raises(JobNotFound):
        home.job("no-such-job")
    with pytest.raises(InvalidArgument, match="at least one"):
        folder.import_tree({})
    with pytest.raises(InvalidArgument, match="is empty"):
        folder.import_tree({"/": "http://127.0.0.1:1/x"})
    with pytest.raises(InvalidName):
        folder.import_tree({"../x": "http://127.0.0.1:1/x"})
    with pytest.raises(NodeNotFound):
        (folder / "missing").import_tree({"x": "http://127.0.0.1:1/x"})
    (folder / "file").put(b"x")
    with pytest.raises(NotAFolder):
        (folder / "file").export_tree("http://127.0.0.1:1/")
    assert folder.listdir() == ["file"]
