"""Several processes of each server on PostgreSQL, real ones: killed, stopped, told apart, found to be one service."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from requests import PreparedRequest

from filestore.assembly import clock
from tests.support.crowd import Crowd
from tests.support.databases import new_database, server
from tests.support.journey import is_gone
from tests.support.pair import MANAGER, STORE, Databases, Key, Server, service_pair
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from tests.support.signing import SignedAuth
from tests.support.sources import Received, ok, scripted_source
from tests.support.workers import find_leader, kill, only, query
from vofiles.contract import (
    CancelTransfer,
    GetAccount,
    GetNode,
    ImportData,
    ImportInit,
    TransferState,
)
from vofiles.errors import NotAuthenticated, ServiceBusy, StoreUnreachable, VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving.keyring import Keyring, Peer

__all__ = ["server"]


pytestmark = pytest.mark.timeout(300)

SIZES = (0, 1, 4096, 70_000)
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<getIdentifier xmlns="urn:vofiles:{}:1"/></soapenv:Body></soapenv:Envelope>'
)


@pytest.fixture(scope="module")
def crowd(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    folder, key = tmp_path_factory.mktemp("crowd"), Key()
    databases = Databases(
        new_database("postgresql", server, folder),
        new_database("postgresql", server, folder),
        ("--workers", "3"),
        ("--workers", "2"),
    )
    with service_pair(folder, key, databases) as pair:
        yield Crowd(pair, key, databases)


def content_of(name: str) -> bytes:
    return (name.encode() * 70_000)[: SIZES[sum(name.encode()) % len(SIZES)]]


def put_again_and_again(crowd: Crowd, name: str) -> None:
    """As somebody does who sees an error and tries once more."""

    def attempt() -> bool:
        try:
            crowd.put(name, content_of(name))
        except (VofilesError, requests.RequestException):
            return False
        return True

    wait_until(attempt, f"{name} is put")


def require_whole(crowd: Crowd, names: list[str]) -> None:
    """All is there, once, and neither side has anything to complain of."""
    wait_until(crowd.settled, "all is settled")
    assert {name for name in names if crowd.read(name) != content_of(name)} == set()
    (versions,), (completed,) = (
        query(crowd.databases.manager, statement)[0]
        for statement in (
            "SELECT sum(version) FROM nodes",
            "SELECT count(*) FROM transfers WHERE state = 'COMPLETED' AND direction LIKE 'import%'",
        )
    )
    assert versions == completed
    for each in (crowd.manager, crowd.store):
        done = crowd.command(each, "check")
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_main_job_by_several_at_once(crowd: Crowd) -> None:
    assert (len(crowd.manager.workers()), len(crowd.store.workers())) == (3, 2)
    names = [f"file-{number}" for number in range(24)]
    with ThreadPoolExecutor(6) as people:
        list(people.map(lambda name: crowd.put(name, content_of(name)), names))
    require_whole(crowd, names)


def test_workers_are_killed_in_the_middle_and_the_leaders_too(crowd: Crowd) -> None:
    names = [f"kept-{number}" for number in range(30)]
    begun = threading.Semaphore(0)

    def work(name: str) -> None:
        begun.release()
        put_again_and_again(crowd, name)

    with ThreadPoolExecutor(4) as people:
        working = [people.submit(work, name) for name in names]
        for _ in range(6):
            begun.acquire()
        leader = find_leader(crowd.databases.manager)
        assert leader in crowd.manager.workers()
        kill(crowd.manager, leader)
        leader = find_leader(crowd.databases.store)
        assert leader in crowd.store.workers()
        kill(crowd.store, leader)
        other = next(pid for pid in crowd.manager.workers() if pid != find_leader(crowd.databases.manager))
        kill(crowd.manager, other)
        for done in working:
            done.result()
    for each, url in ((crowd.manager, crowd.databases.manager), (crowd.store, crowd.databases.store)):
        wait_until(lambda each=each, url=url: find_leader(url) in each.workers(), "one of them leads")  # type: ignore[misc]
    require_whole(crowd, names)


def is_offered(port: FileManagerPort, node: LongIdentifier) -> bool:
    (found,) = port.get_node(GetNode(node)).nodes
    return any(each.key == "filestore.location" for each in found.properties)


def test_who_waits_hears_of_what_another_worker_was_told(crowd: Crowd) -> None:
    """The store's callback comes to a worker while the one whose caller waits stands still; then that one answers."""
    asked, answer = threading.Event(), threading.Event()

    def slow(_request: Received) -> bytes:
        asked.set()
        assert answer.wait(60)
        return ok(b"fetched")

    # A new process has no connection to any worker, so it finds the one that moves.
    assert crowd.store.stop() == 0
    crowd.store.start()
    waiting, other, *_ = crowd.manager.workers()
    with scripted_source(slow) as source, crowd.port() as port, ThreadPoolExecutor(1) as caller:
        with only(crowd.manager, waiting):
            node = crowd.new_file(port, "fetched")
            # The connection is this worker's from now on.
            reply = caller.submit(port.import_data, ImportData(node, source.url(), wait=50))
            assert asked.wait(60)
            # Who stands still while it writes the offer down would keep the callback waiting for its lock.
            wait_until(lambda: is_offered(port, node), "the offer is written down")
        with only(crowd.manager, other):
            answer.set()
            wait_until(crowd.settled, "the callback has come")
            assert not reply.done()
        transfer = reply.result(60).transfer
    assert transfer.state == TransferState.COMPLETED


def signed(crowd: Crowd, server: Server, path: str, namespace: str, peer: str) -> PreparedRequest:
    """A request that one of the two services signed for the other."""
    request = requests.Request(
        "POST",
        f"{server.address}{path}",
        data=ENVELOPE.format(namespace).encode(),
        headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Connection": "close"},
        auth=SignedAuth(Keyring([Peer(Ivorn.parse(peer), (crowd.key.shared,))]), Ivorn.parse(peer), clock),
    )
    return request.prepare()


@pytest.mark.parametrize("service", ["manager", "store"])
def test_a_signed_request_is_used_once_among_all_workers(crowd: Crowd, service: str) -> None:
    if service == "manager":
        each, request = crowd.manager, signed(crowd, crowd.manager, "/callback", "filemanager", MANAGER)
    else:
        each, request = crowd.store, signed(crowd, crowd.store, "/filestore", "filestore", STORE)
    codes = []
    for worker in each.workers():
        with only(each, worker), requests.Session() as session:
            codes.append(session.send(request, timeout=30).status_code)
    assert codes[0] == 200
    assert set(codes[1:]) == {401}


def test_a_disabled_account_is_so_everywhere_at_once(crowd: Crowd) -> None:
    made = crowd.command(crowd.manager, "account", "add", "eve", "--password-stdin", given="eve's secret\n")
    assert made.returncode == 0, made.stderr
    for worker in crowd.manager.workers():
        # From now on this worker remembers that her password is right.
        with only(crowd.manager, worker), crowd.port("eve's secret", "eve") as port:
            port.get_account(GetAccount())
    assert crowd.command(crowd.manager, "account", "disable", "eve").returncode == 0
    for worker in crowd.manager.workers():
        with only(crowd.manager, worker), crowd.port("eve's secret", "eve") as port, pytest.raises(NotAuthenticated):
            port.get_account(GetAccount())


def test_wrong_passwords_count_for_all_workers(crowd: Crowd) -> None:
    first, *others = crowd.manager.workers()

    def guess() -> str:
        with crowd.port("wrong secret", "mallory") as port:
            try:
                port.get_account(GetAccount())
            except VofilesError as error:
                return type(error).__name__
        return ""

    with only(crowd.manager, first):
        wait_until(lambda: guess() == ServiceBusy.__name__, "the first has had enough")
    for worker in others:
        with only(crowd.manager, worker):
            wait_until(lambda: guess() == ServiceBusy.__name__, "so have the others")


def test_a_killed_worker_of_the_store_leaves_nothing_and_disturbs_nobody(crowd: Crowd) -> None:
    one, two = crowd.store.workers()
    # While all move: a worker of the FileManager keeps its connection to the one that it has asked before.
    lost, other = offered(crowd, "lost"), offered(crowd, "other")
    with only(crowd.store, one):
        first = begin_lease(crowd, lost)
    with only(crowd.store, two):
        second = begin_lease(crowd, other)
    with first, second:
        kill(crowd.store, one)
        # The lease of the dead one is given back by who has its seat now; the sibling's is its own.
        wait_until(
            lambda: requests.put(lost, data=b"abcdefghij", timeout=30).status_code == 201, "it can be sent again"
        )
        second.send(b"56789")
        assert second.reply().status == 201
    wait_until(crowd.settled, "all is settled")
    assert (crowd.read("lost"), crowd.read("other")) == (b"abcdefghij", b"0123456789")
    assert crowd.command(crowd.store, "check").returncode == 0


def offered(crowd: Crowd, name: str) -> str:
    """Where a new file's content goes."""
    with crowd.port() as port:
        return port.import_init(ImportInit(crowd.new_file(port, name))).transfer.endpoints[0].url


def begin_lease(crowd: Crowd, url: str) -> RawClient:
    """The first half of ten bytes, on their way to whichever worker of the store answers now."""
    before = query(crowd.databases.store, "SELECT count(*) FROM transfers WHERE state = 'RECEIVING'")
    client = RawClient(urlsplit(url).port or 0)
    client.send(f"PUT {urlsplit(url).path} HTTP/1.1\nHost: h\nContent-Length: 10\n\n")
    client.send(b"01234")
    wait_until(
        lambda: query(crowd.databases.store, "SELECT count(*) FROM transfers WHERE state = 'RECEIVING'") > before,
        "its bytes flow",
    )
    return client


def test_an_upload_is_cancelled_by_another_worker_of_the_store(crowd: Crowd) -> None:
    one, two = crowd.store.workers()
    with crowd.port() as port:
        node = crowd.new_file(port, "cancelled")
        with only(crowd.store, one):
            begun = port.import_init(ImportInit(node)).transfer
            url = begun.endpoints[0].url
            client = RawClient(urlsplit(url).port or 0)
            client.send(f"PUT {urlsplit(url).path} HTTP/1.1\nHost: h\nContent-Length: 1000000000\n\n")
            client.send(b"01234")
            wait_until(
                lambda: query(crowd.databases.store, "SELECT 1 FROM transfers WHERE state = 'RECEIVING'"), "bytes flow"
            )
        with client:
            with only(crowd.store, two):
                wait_until(lambda: cancelled(port, begun.transfer), "it is cancelled")
            # The sender hears of it long before the thousand millions are there.
            wait_until(lambda: refused(client), "the sender is told")
        assert port.get_node(GetNode(node)).nodes[0].version in {None, 0}


def test_an_upload_in_parts_goes_on_at_another_worker_of_the_store(crowd: Crowd) -> None:
    """The one that had the last part still waits for its sender, and is told that he will not come."""
    one, two = crowd.store.workers()
    data = bytes(range(256)) * 40_000
    with crowd.port() as port:
        node = crowd.new_file(port, "parts")
        begun = port.import_init(ImportInit(node, size=len(data))).transfer
        path, number = urlsplit(begun.endpoints[0].url).path, urlsplit(begun.endpoints[0].url).port or 0
        spoken = f"{path} HTTP/1.1\nHost: h\nTus-Resumable: 1.0.0\n"
        part = f"PATCH {spoken}Content-Type: application/offset+octet-stream\nUpload-Offset: %d\nContent-Length: %d\n\n"
        with only(crowd.store, two):
            second = RawClient(number)
            assert second.ask(f"OPTIONS {spoken}\n").status == 204
        with only(crowd.store, one):
            first = RawClient(number)
            first.send(part % (0, len(data)))
            first.send(data[:1000])
            receiving = "SELECT 1 FROM transfers WHERE state = 'RECEIVING'"
            wait_until(lambda: query(crowd.databases.store, receiving), "bytes flow")
        with first, second:
            told = second.ask(f"HEAD {spoken}\n", head=True)
            assert told.status == 200
            offset = int({name.lower(): value for name, value in told.headers.items()}["upload-offset"])
            assert offset in {0, 1000}
            second.send(part % (offset, len(data) - offset))
            second.send(data[offset:])
            assert second.reply().status == 204
            # Whoever had it before is told, at the latest when he sends more.
            wait_until(lambda: refused(first), "the first sender is told")
        wait_until(lambda: port.get_node(GetNode(node)).nodes[0].version == 1, "the content is the node's")
        assert port.get_node(GetNode(node)).nodes[0].size == len(data)


def cancelled(port: FileManagerPort, transfer: str) -> bool:
    """Whether cancelling has succeeded; a line that the FileManager has kept to who stands still is given up first."""
    with contextlib.suppress(StoreUnreachable):
        return port.cancel_transfer(CancelTransfer(transfer)).transfer.state == TransferState.CANCELLED
    return False


def refused(client: RawClient) -> bool:
    """Send a little more; whether the answer has come."""
    client.socket.setblocking(False)
    with contextlib.suppress(OSError):
        client.socket.send(b"x" * 65_536)
    try:
        return bool(client.socket.recv(1, 2))  # MSG_PEEK
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    finally:
        client.socket.settimeout(30)


@pytest.mark.parametrize("service", ["manager", "store"])
def test_none_outlives_a_killed_parent(crowd: Crowd, service: str) -> None:
    each: Server = getattr(crowd, service)
    workers = each.workers()
    os.kill(each.pid, signal.SIGKILL)
    assert each.finish() == -signal.SIGKILL
    wait_until(lambda: all(map(is_gone, workers)), "the workers end")
    # The folder's lock is free, and what was kept is there.
    each.start()
    crowd.put(f"after the {service}", b"x")
    assert crowd.read(f"after the {service}") == b"x"


@pytest.mark.parametrize("service", ["manager", "store"])
def test_all_stop_when_they_are_asked_to(crowd: Crowd, service: str) -> None:
    """The last of this file: nobody needs them any more."""
    each: Server = getattr(crowd, service)
    workers = each.workers()
    assert each.stop() == 0
    assert all(map(is_gone, workers))
