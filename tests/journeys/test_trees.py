"""A folder of real files goes out to somebody's server and comes back, with real processes: one source fails, and
everything is killed in the middle of it.
"""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.journey import PROJECT, Up, deployment
from tests.support.serving import running_site, wait_until
from vofiles.contract import (
    AddNode,
    ExportTree,
    GetAccount,
    GetJob,
    GetNode,
    ImportTree,
    Job,
    JobState,
    ListJobItems,
    NodeJobAnswer,
    NodeKind,
    RetryJob,
    TreeSource,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier, encode_segment
from vofiles.names import parse_name
from vofiles.serving.http import Control, Request, Response, Route, text

REAL = {
    path.relative_to(PROJECT).as_posix(): path.read_bytes()
    for folder in ("wsdl", "docs/reference", "changelog.d")
    for path in sorted((PROJECT / folder).rglob("*"))
    if path.is_file()
} | {"names/été & co.txt": b"with a name", "names/empty": b""}


class Sink:
    """Somebody's server: keeps what it is sent, and gives it back."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.url = ""
        self.held = ""
        """The page that is given only once it is let go."""
        self.let_go = threading.Event()
        self.asked = threading.Event()

    def answer(self, request: Request) -> Response:
        if request.method == "PUT":
            self.pages[request.path] = request.body
            return text(201, "thank you")
        if request.path == self.held and not self.let_go.is_set():
            self.asked.set()
            self.let_go.wait(60)
        if request.path not in self.pages:
            return text(404, "there is no such page")
        return Response(200, (), self.pages[request.path])


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    with running_site([Route("/", frozenset({"GET", "PUT"}), Control(sink.answer), prefix=True)]) as served:
        sink.url = served.url
        yield sink
        sink.let_go.set()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with deployment(tmp_path / "data") as running:
        yield running


def job_of(answer: NodeJobAnswer) -> Job:
    assert answer.job is not None
    return answer.job


def encoded(path: str) -> str:
    return "/".join(map(encode_segment, path.split("/")))


def test_a_folder_goes_out_and_comes_back_though_one_source_fails_and_all_is_killed(up: Up, sink: Sink) -> None:
    with up.home() as home:
        for path, data in REAL.items():
            (home / "out" / path.rpartition("/")[0]).mkdir(parents=True, exist_ok=True)
            (home / "out" / path).put(data)
    with closing(FileManagerPort(f"{up.address}/filemanager", auth=("dave", up.password))) as port:
        top = LongIdentifier(port.get_account(GetAccount()).account.home)
        sent = job_of(port.export_tree(ExportTree(top.child(parse_name("out")), f"{sink.url}/back/", wait=50)))
        assert (sent.state, sent.done) == (JobState.COMPLETED, len(REAL))
        assert sink.pages == {f"/back/{encoded(path)}": data for path, data in REAL.items()}

        failing, *_, sink.held = sink.pages
        kept = sink.pages.pop(failing)
        made = port.add_node(AddNode(top, "in", NodeKind.FOLDER)).node.identifier
        sources = tuple(
            TreeSource(encoded(path), f"{sink.url}/back/{encoded(path)}", len(data)) for path, data in REAL.items()
        )
        job = job_of(port.import_tree(ImportTree(LongIdentifier(made), wait=0, sources=sources))).job
        wait_until(sink.asked.is_set, "a source is asked that does not answer yet")

    up.crash()
    sink.let_go.set()
    up.start()

    with closing(FileManagerPort(f"{up.address}/filemanager", auth=("dave", up.password))) as port:
        wait_until(lambda: port.get_job(GetJob(job, wait=20)).job.state in JobState.ENDED, "the job's end")
        ended = port.get_job(GetJob(job)).job
        assert (ended.state, ended.done, ended.failed) == (JobState.FAILED, len(REAL) - 1, 1)
        (failed,) = (item for item in port.list_job_items(ListJobItems(job)).items if item.failure is not None)
        assert f"/back/{failed.path}" == failing

        sink.pages[failing] = kept
        port.retry_job(RetryJob(job))
        ended = port.get_job(GetJob(job, wait=50)).job
        assert (ended.state, ended.done, ended.bytes_done) == (
            JobState.COMPLETED, len(REAL), sum(map(len, REAL.values()))
        )  # fmt: skip
        for path in REAL:
            steps = tuple(parse_name(step) for step in path.split("/"))
            assert port.get_node(GetNode(LongIdentifier(made, steps))).nodes[0].version == 1
    with up.home() as home:
        assert {path: (home / "in" / path).read_bytes() for path in REAL} == REAL
