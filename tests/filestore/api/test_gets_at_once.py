"""GETs that are answered from memory: what the catalogue says counts all the same, at each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filestore.api.atonce import AtOnce
from filestore.backends.memory import MemoryBackend
from filestore.persistence.catalogue import open_catalogue
from filestore.services.exports import begin_export
from filestore.services.shelf import Shelf
from tests.support.filestore import CallingManager, RunningFileStore, running_filestore
from tests.support.filestore_core import MANAGER, make_core
from tests.support.rawclient import RawClient, Reply
from tests.support.serving import wait_until
from vofiles.contract import DeleteContainer, StoreCancelTransfer, StoreExportInit
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import new_number

CONTENT = b"a short content" * 20


@pytest.fixture
def client(store: RunningFileStore) -> Iterator[RawClient]:
    with RawClient(store.port) as client:
        yield client


def get(client: RawClient, store: RunningFileStore, url: str) -> Reply:
    return client.ask(f"GET {url.removeprefix(store.address)} HTTP/1.1\nHost: h\n\n")


def warm(client: RawClient, store: RunningFileStore, url: str) -> None:
    """Have it given often enough that it is given from memory."""
    for _ in range(4):
        reply = get(client, store, url)
        assert (reply.status, reply.body) == (200, CONTENT)


def test_deleted(manager: CallingManager, store: RunningFileStore, client: RawClient) -> None:
    container = manager.stored(store.address, CONTENT)
    url = manager.get_url(store.address, container)
    warm(client, store, url)
    manager.port(store.address).delete(DeleteContainer(container))
    assert get(client, store, url).status == 404


def test_cancelled(manager: CallingManager, store: RunningFileStore, client: RawClient) -> None:
    port, container = manager.port(store.address), manager.stored(store.address, CONTENT)
    transfer = port.export_init(StoreExportInit(new_number(), manager.identifier, container)).transfer
    other = manager.get_url(store.address, container)
    for url in (transfer.endpoints[0].url, other):
        warm(client, store, url)
    port.cancel_transfer(StoreCancelTransfer(transfer.transfer))
    assert get(client, store, transfer.endpoints[0].url).status == 409
    assert get(client, store, other).body == CONTENT


def test_expired(manager: CallingManager, tmp_path: Path) -> None:
    with running_filestore(tmp_path, [manager], "[tickets]\nlifetime = 2") as store, RawClient(store.port) as client:
        url = manager.get_url(store.address, manager.stored(store.address, CONTENT))
        wait_until(lambda: get(client, store, url).status != 200, "the ticket expires")
        assert get(client, store, url).status == 403


def test_the_wrong_ticket_is_no_ticket(manager: CallingManager, store: RunningFileStore, client: RawClient) -> None:
    url = manager.get_url(store.address, manager.stored(store.address, CONTENT))
    warm(client, store, url)
    last = "a" if url[-1] != "a" else "b"
    assert get(client, store, url[:-1] + last).status == 404


def test_every_one_is_in_the_log(manager: CallingManager, store: RunningFileStore, client: RawClient) -> None:
    url = manager.get_url(store.address, manager.stored(store.address, CONTENT))
    path = url.removeprefix(store.address)
    warm(client, store, url)
    wait_until(lambda: [record.path for record in store.accesses].count(path) == 4, "four records")
    ids = {record.request_id for record in store.accesses if record.path == path}
    assert len(ids) == 4


def test_what_another_process_commits_is_noticed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    ours, theirs = open_catalogue(url), open_catalogue(url)
    try:
        core = make_core(ours, MemoryBackend())
        container = core.stored(CONTENT).receipt.container
        token = core.token(begin_export(core.store, MANAGER, StoreExportInit("e", MANAGER, container)).transfer)
        ready = ours.at_once()
        assert ready is not None
        at_once = AtOnce(core.store, ready)
        wait_until(lambda: at_once.find(token, "GET"), "nobody is in the way")
        found = at_once.find(token, "GET")
        assert found is not None
        assert found.holds()
        ended = core.store.catalogue.read(lambda records: records.find_transfer("e"))
        assert ended is not None
        theirs.write(lambda records: records.set_transfer(ended.step("cancel", core.clock())))
        wait_until(lambda: not found.holds(), "the other's commit is noticed")
        assert at_once.find(token, "GET") is None
    finally:
        theirs.close()
        ours.close()


def test_the_clock_is_asked_each_time(tmp_path: Path) -> None:
    ours = open_catalogue(f"sqlite:///{tmp_path / 'catalogue.db'}")
    try:
        core = make_core(ours, MemoryBackend())
        container = core.stored(CONTENT).receipt.container
        transfer = begin_export(core.store, MANAGER, StoreExportInit("e", MANAGER, container)).transfer
        ready = ours.at_once()
        assert ready is not None
        at_once = AtOnce(core.store, ready)
        wait_until(lambda: at_once.find(core.token(transfer), "GET"), "nobody is in the way")
        found = at_once.find(core.token(transfer), "GET")
        assert found is not None
        assert transfer.expiry is not None
        core.clock.now = Instant(transfer.expiry + SECOND)
        assert not found.holds()
        assert at_once.find(core.token(transfer), "GET") is None
    finally:
        ours.close()


def test_the_shelf_is_bounded_and_keeps_what_is_asked_for() -> None:
    shelf = Shelf(room=100, longest=40)
    shelf.put("long", bytes(41))
    for name in ("a", "b"):
        shelf.put(name, bytes(40))
    assert shelf.find("a") == bytes(40)
    shelf.put("c", bytes(40))
    assert [shelf.find(name) is not None for name in ("long", "a", "b", "c")] == [False, True, False, True]
    shelf.put("a", bytes(10))
    assert shelf.held == 50
