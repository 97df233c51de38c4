"""Large PUTs, whose bodies threads read from the sockets: whole, in any company, and given up wherever that happens."""

import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from filestore.api.blocks import ALIGNED, SIZE
from filestore.api.uploading import BLOCK, LUMP
from filestore.assembly import BULK_THREADS
from tests.support.filestore import CallingManager, RunningFileStore, running_filestore, url_of
from tests.support.filestore_files import Failing, SteppedFiles
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from vofiles.contract import DigestAlgorithm, GetProperties, StoreCancelTransfer, Transfer, TransferState

MiB = 1 << 20
CONTENT = os.urandom(3 * SIZE + 12_345)
GATHERED = BLOCK + LUMP + ALIGNED
"""What may wait to be written while its sender pauses."""
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def offer(manager: CallingManager, store: RunningFileStore) -> Transfer:
    return manager.port(store.address).import_init(manager.import_request()).transfer


def head(transfer: Transfer, *headers: str, length: int = len(CONTENT)) -> bytes:
    lines = [f"PUT {urlsplit(url_of(transfer)).path} HTTP/1.1", "Host: s", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def kept(manager: CallingManager, store: RunningFileStore, transfer: Transfer) -> bytes:
    assert transfer.container is not None
    return requests.get(manager.get_url(store.address, transfer.container), timeout=60).content


def await_written(store: RunningFileStore, size: int) -> None:
    """Return when so much of the one body that is on its way has been written."""

    def written() -> bool:
        return any(int(word.rpartition("=")[2]) >= size for word in store.server.store.flows.progress())

    wait_until(written, f"{size} bytes")


def is_sha256_of_all(body: bytes) -> bool:
    told = json.loads(body)
    return bool(told["size"] == len(CONTENT) and told["digests"][DigestAlgorithm.SHA256] == SHA256)


def each(count: int, work: Callable[[int], None]) -> None:
    """Do it in so many threads at once."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("length", [MiB - 1, MiB, SIZE, SIZE + 1, 2 * SIZE + 4096, 3 * SIZE + 12_345])
def test_what_came_is_kept(manager: CallingManager, store: RunningFileStore, length: int) -> None:
    content, transfer = CONTENT[:length], offer(manager, store)
    response = requests.put(url_of(transfer), data=content, timeout=60)
    assert response.status_code == 201
    assert response.json()["digests"][DigestAlgorithm.SHA256] == hashlib.sha256(content).hexdigest()
    assert kept(manager, store, transfer) == content


def test_requests_behind_large_bodies(manager: CallingManager, store: RunningFileStore) -> None:
    transfers = [offer(manager, store) for _ in range(3)]
    with RawClient(store.port) as client:
        sending = threading.Thread(target=lambda: client.send(b"".join(head(each) + CONTENT for each in transfers)))
        sending.start()
        replies = [client.reply() for _ in transfers]
        sending.join()
    assert all(reply.status == 201 and is_sha256_of_all(reply.body) for reply in replies)


def test_a_sender_that_waits_for_continue(manager: CallingManager, store: RunningFileStore) -> None:
    transfer = offer(manager, store)
    with RawClient(store.port) as client:
        assert client.ask(head(transfer, "Expect: 100-continue")).status == 100
        client.send(CONTENT)
        assert client.reply().status == 201
    assert kept(manager, store, transfer) == CONTENT


def test_a_sender_that_pauses_and_goes_on(manager: CallingManager, store: RunningFileStore) -> None:
    """Turns end wherever the socket is dry, in the middle of a page too."""
    transfer = offer(manager, store)
    with RawClient(store.port) as client:
        client.send(head(transfer))
        at = 0
        for length in (100_000, 65_536, 1, 2 * MiB + 7, 4095, 3 * MiB, 65_536, 2 * MiB + 1):
            client.send(CONTENT[at : at + length])
            at += length
            await_written(store, at - GATHERED)
        client.send(CONTENT[at:])
        assert is_sha256_of_all(client.reply().body)
    assert kept(manager, store, transfer) == CONTENT


def test_more_at_once_than_there_are_threads(manager: CallingManager, store: RunningFileStore) -> None:
    drawn: list[bool] = []

    def send(_number: int) -> None:
        reply = requests.put(url_of(offer(manager, store)), data=CONTENT, timeout=120)
        drawn.append(reply.status_code == 201 and is_sha256_of_all(reply.content))

    each(6 * BULK_THREADS, send)
    assert drawn == [True] * (6 * BULK_THREADS)


def test_slow_senders_keep_no_thread(manager: CallingManager, store: RunningFileStore) -> None:
    """Many that have sent much and then stopped; one that sends gets through."""
    clients = [RawClient(store.port) for _ in range(4 * BULK_THREADS)]
    try:
        for client in clients:
            client.send(head(offer(manager, store)) + CONTENT[: 2 * MiB])
        response = requests.put(url_of(offer(manager, store)), data=CONTENT, timeout=60)
        assert response.status_code == 201
        for client in clients:
            client.send(CONTENT[2 * MiB :])
        assert all(client.reply().status == 201 for client in clients)
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("sent", [70_000, SIZE, 2 * SIZE + 1])
def test_a_body_that_breaks_off_leaves_nothing_and_may_come_again(
    manager: CallingManager, store: RunningFileStore, sent: int
) -> None:
    transfer = offer(manager, store)
    with RawClient(store.port) as client:
        client.send(head(transfer) + CONTENT[:sent])
    path = urlsplit(url_of(transfer)).path
    wait_until(lambda: any(record.path == path for record in store.accesses), "the end of the connection")
    told = GetProperties(transfer=transfer.transfer)
    port = manager.port(store.address)

    def is_offered_again() -> bool:
        found = port.get_properties(told).transfer
        return found is not None and found.state == TransferState.OFFERED

    wait_until(is_offered_again, "the lease's return")
    assert transfer.container is not None
    assert not store.server.store.backend.has(transfer.container.fragment)
    assert requests.put(url_of(transfer), data=CONTENT, timeout=60).status_code == 201
    assert kept(manager, store, transfer) == CONTENT


class Gate:
    """Holds the first large write until it is opened."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, method: str, _argument: object) -> None:
        if method == "write_directly":
            self.reached.set()
            assert self.open.wait(60)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def test_one_that_is_cancelled_while_it_comes(manager: CallingManager, tmp_path: Path, gate: Gate) -> None:
    with running_filestore(tmp_path, [manager], files=SteppedFiles(gate)) as store, RawClient(store.port) as client:
        transfer = offer(manager, store)
        client.send(head(transfer) + CONTENT[: 2 * MiB])
        wait_until(gate.reached.is_set, "the write")
        manager.port(store.address).cancel_transfer(StoreCancelTransfer(transfer.transfer))
        gate.open.set()
        client.send(CONTENT[2 * MiB : 3 * MiB])
        reply = client.reply()
        assert (reply.status, json.loads(reply.body)["name"]) == (409, "TransferEnded")
        assert client.is_closed()


def test_a_store_that_stops_while_one_comes(manager: CallingManager, tmp_path: Path, gate: Gate) -> None:
    with running_filestore(tmp_path, [manager], files=SteppedFiles(gate)) as store, RawClient(store.port) as client:
        transfer = offer(manager, store)
        client.send(head(transfer) + CONTENT[: 2 * MiB])
        wait_until(gate.reached.is_set, "the write")
        threading.Timer(0.05, gate.open.set).start()
    with running_filestore(tmp_path, [manager]) as store:
        assert transfer.container is not None
        assert not store.server.store.backend.has(transfer.container.fragment)


@pytest.mark.parametrize(
    ("method", "number", "answer"),
    [
        ("write", errno.ENOSPC, (507, "StoreFull")),
        ("write", errno.EIO, (500, "Unexpected")),
        ("write_directly", errno.EIO, (500, "Unexpected")),
        ("reserve", errno.ENOSPC, (507, "StoreFull")),
    ],
)
@pytest.mark.parametrize("after", [0, 1])
def test_a_disk_that_fails_while_one_comes(
    manager: CallingManager, tmp_path: Path, method: str, number: int, answer: tuple[int, str], after: int
) -> None:
    failing = Failing(method, number, after=after if method == "write" else 0)
    with running_filestore(tmp_path, [manager], files=SteppedFiles(failing)) as store, RawClient(store.port) as client:
        transfer = offer(manager, store)
        client.send(head(transfer))
        sending = threading.Thread(target=lambda: _send_as_far_as_it_goes(client))
        sending.start()
        reply = client.reply()
        assert (reply.status, json.loads(reply.body)["name"]) == answer
        client.close()
        sending.join()
        assert failing.failed == 1
        assert transfer.container is not None
        assert not store.server.store.backend.has(transfer.container.fragment)


def _send_as_far_as_it_goes(client: RawClient) -> None:
    try:
        client.send(CONTENT)
    except OSError:
        return


def test_a_store_that_does_not_wait_for_its_disk(manager: CallingManager, tmp_path: Path) -> None:
    with running_filestore(tmp_path, [manager], '[content]\ndurability = "memory"') as store:
        transfer = offer(manager, store)
        assert requests.put(url_of(transfer), data=CONTENT, timeout=60).status_code == 201
        assert kept(manager, store, transfer) == CONTENT
