"""What senders and readers see when the disk fails, is full or stands still: a named error, never a false 201."""

import contextlib
import errno
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.filestore import CallingManager, RunningFileStore, running_filestore, url_of
from tests.support.filestore_files import SteppedFiles
from tests.support.rawclient import RawClient
from vofiles.contract import GetProperties
from vofiles.errors import StoreReadOnly
from vofiles.ivorn import Ivorn

OLD, NEW = b"old" * 50_000, b"new" * 50_000
"""Too large to be kept together with others."""


class Switch:
    """Has one method of the file system fail while it is on."""

    def __init__(self) -> None:
        self.method, self.number = "", 0

    def __call__(self, method: str, argument: object) -> None:
        if method == self.method:
            raise OSError(self.number, "the test's disk")

    def fail(self, method: str, number: int) -> None:
        self.method, self.number = method, number

    def heal(self) -> None:
        self.method = ""


@pytest.fixture
def disk() -> Switch:
    return Switch()


@pytest.fixture
def store(manager: CallingManager, tmp_path: Path, disk: Switch) -> Iterator[RunningFileStore]:
    with running_filestore(tmp_path, [manager], files=SteppedFiles(disk)) as store:
        yield store


@pytest.fixture
def old(manager: CallingManager, store: RunningFileStore) -> Ivorn:
    return manager.stored(store.address, OLD)


def told(response: requests.Response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["name"]


@pytest.mark.parametrize("method", ["write", "sync", "sync_directory"])
def test_a_disk_that_fails(
    manager: CallingManager, store: RunningFileStore, old: Ivorn, disk: Switch, method: str
) -> None:
    port = manager.port(store.address)
    transfer, later = (port.import_init(manager.import_request()).transfer for _ in range(2))
    # A shard's directory is made durable before the first byte: have it there already.
    disk.fail(method, errno.EIO)
    assert told(requests.put(url_of(transfer), data=NEW, timeout=30)) == (500, "Unexpected")
    disk.heal()
    # A failed sync may be the only one to tell: from now on nothing is taken, whatever works again.
    refusal = requests.put(url_of(later), data=NEW, timeout=30)
    assert told(refusal) == (503, "StoreReadOnly")
    assert int(refusal.headers["Retry-After"]) > 0
    with pytest.raises(StoreReadOnly):
        port.import_init(manager.import_request())
    assert requests.get(manager.get_url(store.address, old), timeout=30).content == OLD
    assert requests.get(f"{store.address}/healthz", timeout=30).json() == {"status": "read-only"}
    found = port.get_properties(GetProperties(transfer=transfer.transfer)).transfer
    assert found is not None
    assert (found.state, found.receipt) == ("OFFERED", None)


@pytest.mark.parametrize("method", ["write", "reserve", "create"])
def test_a_disk_that_is_full(
    manager: CallingManager, store: RunningFileStore, old: Ivorn, disk: Switch, method: str
) -> None:
    url = manager.put_url(store.address)
    disk.fail(method, errno.ENOSPC)
    assert told(requests.put(url, data=NEW, timeout=30)) == (507, "StoreFull")
    disk.heal()
    assert requests.get(manager.get_url(store.address, old), timeout=30).content == OLD
    assert requests.put(url, data=NEW, timeout=30).status_code == 201


def test_a_content_that_cannot_be_opened(
    manager: CallingManager, store: RunningFileStore, old: Ivorn, disk: Switch
) -> None:
    url = manager.get_url(store.address, old)
    disk.fail("open", errno.EIO)
    response = requests.get(url, timeout=30)
    assert told(response) == (500, "Unexpected")
    assert "the test's disk" not in response.text
    disk.heal()
    assert requests.get(url, timeout=30).content == OLD


def test_health_says_when_nothing_can_be_served(store: RunningFileStore, disk: Switch) -> None:
    disk.fail("free_space", errno.EIO)
    response = requests.get(f"{store.address}/healthz", timeout=30)
    assert (response.status_code, response.json()) == (503, {"status": "failing"})


def test_while_the_disk_stands_still_the_sender_is_held_back(manager: CallingManager, tmp_path: Path) -> None:
    """What waits to be written is bounded: 64 MiB do not fit into a store that writes nothing."""
    moving, content = threading.Event(), bytes(64 << 20)

    def wait(method: str, argument: object) -> None:
        if method == "write":
            assert moving.wait(60)

    with running_filestore(tmp_path, [manager], files=SteppedFiles(wait)) as store, RawClient(store.port) as client:
        path = urlsplit(manager.put_url(store.address)).path
        client.send(f"PUT {path} HTTP/1.1\nHost: h\nContent-Length: {len(content)}\n\n")
        client.socket.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < len(content):
                sent += client.socket.send(content[sent : sent + (1 << 20)])
        assert sent < len(content)
        moving.set()
        client.socket.settimeout(60)
        client.send(content[sent:])
        assert client.reply().status == 201
