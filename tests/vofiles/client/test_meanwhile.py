"""What happens while bytes are to move: a file is written anew, a store lets one wait, connections break many times."""

from dataclasses import replace
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

import vofiles
from filestore.assembly import FileStore
from filestore.services.containers import delete_container
from tests.support.cutting import Through, cutting_proxy
from tests.support.services import MANAGER, STORES, RunningServices, User
from vofiles.contract import DeleteContainer, ExportInit, GetTransfer, ImportInit, TransferAnswer, TransferState
from vofiles.downloading import ADDRESSES
from vofiles.errors import NotFound, ServiceUnreachable
from vofiles.filemanager_port import FileManagerPort
from vofiles.tree import Node
from vofiles.watching import END_PATIENCE

STORE = STORES[0]


class Rewriting(HTTPAdapter):
    """Writes a file anew before a GET of it gets through; what it had before is gone from the store by then."""

    def __init__(self, store: FileStore, node: Node, times: int) -> None:
        super().__init__()
        self._store, self._node, self._times = store, node, times
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        if request.method == "GET":
            self.asked.append(str(request.url))
            if len(self.asked) <= self._times:
                self._rewrite()
        return super().send(request, *args, **options)

    def _rewrite(self) -> None:
        root = self._node._root
        before = root.port.export_init(ExportInit(root.identify(self._node.path))).transfer.container
        assert before is not None
        self._node.put(b"written anew %d" % len(self.asked), store=STORE)
        # The FileManager has it deleted some time later.
        delete_container(self._store.store, MANAGER, DeleteContainer(before))


@pytest.mark.parametrize("times", [1, ADDRESSES - 1])
def test_a_get_of_a_file_that_is_written_anew_has_the_new_content(
    times: int, services: RunningServices, dave: User, folder: Node
) -> None:
    node = folder / "file"
    node.put(b"old", store=STORE)
    rewriting = Rewriting(services.stores[STORE], node, times)
    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, rewriting)
        assert (home / folder.name / "file").read_bytes() == b"written anew %d" % times
    assert len(set(rewriting.asked)) == times + 1


def test_a_get_of_a_file_that_is_always_written_anew_is_given_up(
    services: RunningServices, dave: User, folder: Node
) -> None:
    node = folder / "file"
    node.put(b"old", store=STORE)
    rewriting = Rewriting(services.stores[STORE], node, 100)
    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, rewriting)
        with pytest.raises(NotFound):
            (home / folder.name / "file").read_bytes()
    assert len(rewriting.asked) == ADDRESSES


def test_a_get_goes_on_as_long_as_every_connection_brings_something(
    services: RunningServices, dave: User, folder: Node
) -> None:
    content = bytes(range(256)) * 100_000  # 25.6 MB
    (folder / "file").put(content, store=STORE)
    address = services.stores[STORE].address
    paused: list[float] = []
    with (
        cutting_proxy() as proxy,
        vofiles.connect(services.manager.address, user="dave", password=dave.password, wait=paused.append) as home,
    ):
        proxy.target = int(address.rpartition(":")[2])
        home._connection.session.mount(address, Through(address, proxy.port))
        # More often than one patience has pauses for.
        proxy.cut_after(received=1_300_000, times=18)
        assert (home / folder.name / "file").read_bytes() == content
    assert proxy.broken == 18
    assert len(paused) == 18


class Stopped(Exception):
    """Whoever waits has had enough."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The transfers begun by PUT; their stores have no endpoint to offer yet."""
    begun: list[str] = []
    import_init = FileManagerPort.import_init

    def waiting(port: FileManagerPort, request: ImportInit) -> TransferAnswer:
        answer = import_init(port, request)
        begun.append(answer.transfer.transfer)
        return replace(answer, transfer=replace(answer.transfer, endpoints=()))

    monkeypatch.setattr(FileManagerPort, "import_init", waiting)
    return begun


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stopped])
def test_a_put_given_up_while_it_waits_for_its_store_is_taken_back(
    kind: type[BaseException], begun: list[str], services: RunningServices, dave: User, folder: Node
) -> None:
    def stop(_: float) -> None:
        raise kind

    with vofiles.connect(services.manager.address, user="dave", password=dave.password, wait=stop) as home:
        with pytest.raises(kind):
            (home / folder.name / "file").put(b"x", store=STORE)
    transfer = services.port(dave).get_transfer(GetTransfer(begun[0])).transfer
    assert transfer.state == TransferState.CANCELLED


def _silent(monkeypatch: pytest.MonkeyPatch, begun: list[str], times: int) -> list[str]:
    """Have the FileManager give no answer about these transfers, so often."""
    get_transfer = FileManagerPort.get_transfer
    asked: list[str] = []

    def silent(port: FileManagerPort, request: GetTransfer) -> TransferAnswer:
        asked.append(request.transfer)
        if request.transfer in begun and len(asked) <= times:
            raise ServiceUnreachable("the FileManager")
        return get_transfer(port, request)

    monkeypatch.setattr(FileManagerPort, "get_transfer", silent)
    return asked


def test_a_put_that_waits_for_its_store_outlives_a_filemanager_that_is_away(
    begun: list[str], services: RunningServices, dave: User, folder: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _silent(monkeypatch, begun, 3)
    with vofiles.connect(services.manager.address, user="dave", password=dave.password, wait=lambda _: None) as home:
        assert (home / folder.name / "file").put(b"x", store=STORE).version == 1
    assert len(asked) > 3


def test_a_put_that_waits_for_its_store_does_not_wait_for_ever_for_a_filemanager(
    begun: list[str], services: RunningServices, dave: User, folder: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    _silent(monkeypatch, begun, 1_000)
    paused: list[float] = []
    with vofiles.connect(services.manager.address, user="dave", password=dave.password, wait=paused.append) as home:
        with pytest.raises(ServiceUnreachable):
            (home / folder.name / "file").put(b"x", store=STORE)
    assert END_PATIENCE <= sum(paused) <= END_PATIENCE + 10
