"""Contents whose files are still open since somebody asked for them: what the catalogue says counts all the same, and
every byte is judged.
"""

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.support.filestore import CallingManager, RunningFileStore, running_filestore
from tests.support.rawclient import Gone, RawClient
from tests.support.rotting import flipped, rewrite
from tests.support.serving import wait_until
from vofiles.contract import DeleteContainer
from vofiles.ivorn import Ivorn

CONTENT = random.Random(3).randbytes(900_001)


@pytest.fixture(autouse=True)
def _slow_machine(store: RunningFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a test takes, what was opened stays open."""
    monkeypatch.setattr(store.server.store.open_files, "_elapsed", lambda: 0.0)


@pytest.fixture
def client(store: RunningFileStore) -> Iterator[RawClient]:
    with RawClient(store.port, receive_buffer=65536) as client:
        yield client


def get(client: RawClient, store: RunningFileStore, url: str) -> bytes:
    reply = client.ask(f"GET {url.removeprefix(store.address)} HTTP/1.1\nHost: h\n\n")
    assert reply.status == 200
    return reply.body


def open_files(container: Ivorn) -> int:
    """How often this process has a content's file open."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found += container.fragment in str(each.readlink())
    return found


def test_it_is_opened_once(manager: CallingManager, store: RunningFileStore, client: RawClient) -> None:
    container = manager.stored(store.address, CONTENT)
    url = manager.get_url(store.address, container)
    assert get(client, store, url) == CONTENT
    descriptor = store.server.store.open_files.find(container.fragment)
    assert descriptor is not None
    descriptor.close()
    with RawClient(store.port) as other:
        assert [get(each, store, url) == CONTENT for each in (client, other, client)] == [True] * 3
    ranged = requests.get(url, headers={"Range": "bytes=1000-1009"}, timeout=30)
    assert (ranged.status_code, ranged.content) == (206, CONTENT[1000:1010])
    wait_until(lambda: open_files(container) == 1, "nobody else has it open")


def test_deleted_it_is_gone_at_once(manager: CallingManager, store: RunningFileStore, client: RawClient) -> None:
    container = manager.stored(store.address, CONTENT)
    url = manager.get_url(store.address, container)
    assert get(client, store, url) == CONTENT
    manager.port(store.address).delete(DeleteContainer(container))
    assert requests.get(url, timeout=30).status_code == 404
    wait_until(lambda: not open_files(container), "its room is free")


def test_a_store_that_has_stopped_has_none_open(
    manager: CallingManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "another"
    folder.mkdir()
    with running_filestore(folder, [manager]) as store:
        monkeypatch.setattr(store.server.store.open_files, "_elapsed", lambda: 0.0)
        container = manager.stored(store.address, CONTENT)
        with RawClient(store.port) as client:
            assert get(client, store, manager.get_url(store.address, container)) == CONTENT
        wait_until(lambda: open_files(container) == 1, "it stays open")
    assert not open_files(container)


def test_who_has_begun_gets_all_of_what_is_deleted(
    manager: CallingManager, store: RunningFileStore, client: RawClient
) -> None:
    container = manager.stored(store.address, CONTENT)
    url = manager.get_url(store.address, container)
    assert get(client, store, url) == CONTENT
    with RawClient(store.port, receive_buffer=4096) as slow:
        slow.send(f"GET {url.removeprefix(store.address)} HTTP/1.1\nHost: h\n\n")
        slow.socket.recv(1, socket.MSG_PEEK)
        manager.port(store.address).delete(DeleteContainer(container))
        assert slow.reply().body == CONTENT
    wait_until(lambda: not open_files(container), "its room is free")


@pytest.mark.parametrize("cut", [False, True], ids=["flipped", "cut"])
def test_what_rots_while_it_is_open_is_never_given_to_its_end(
    manager: CallingManager, store: RunningFileStore, client: RawClient, *, cut: bool
) -> None:
    container = manager.stored(store.address, CONTENT)
    url = manager.get_url(store.address, container)
    assert [get(client, store, url) == CONTENT for _ in range(2)] == [True, True]
    seen = store.server.store.health.damaged
    rewrite(store.server, container, (lambda content: content[:-1]) if cut else flipped)
    with pytest.raises((Gone, ConnectionError)):
        get(client, store, url)
    wait_until(lambda: store.server.store.health.damaged == seen + 1, "it is counted")
    wait_until(lambda: requests.head(url, timeout=30).status_code == 500, "it is known")
    wait_until(lambda: not open_files(container), "it is set aside")
