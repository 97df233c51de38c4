"""Adding to a container, over the wire: PUT of what comes behind, while what it begins with is copied by the store."""

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from filestore.services import beginnings
from tests.filestore.api.test_put import CONTENT, MIB, put, refused
from tests.support.filestore import OWNER, CallingManager, RunningFileStore, running_filestore, url_of
from tests.support.filestore_files import SteppedFiles
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from vofiles.contract import (
    DeleteContainer,
    GetProperties,
    StoreAppendInit,
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.ivorn import Ivorn, new_number

ADDED = b"END" * 100
LARGE = CONTENT * 4
"""Too large to be kept together with others."""


def append(manager: CallingManager, address: str, base: Ivorn, size: int | None = None) -> Transfer:
    request = StoreAppendInit(new_number(), manager.identifier, base, manager.new_node(), OWNER, size)
    return manager.port(address).append_init(request).transfer


def test_what_is_put_comes_behind(manager: CallingManager, store: RunningFileStore) -> None:
    base = manager.stored(store.address, CONTENT, content_type="application/fits")
    offer = append(manager, store.address, base, len(ADDED))
    for _ in range(2):
        response = put(url_of(offer), ADDED)
        assert (response.status_code, response.json()["size"]) == (201, len(CONTENT + ADDED))
    refused(put(url_of(offer), ADDED[:-1] + b"!"), "TicketUsed", 409)
    message = manager.await_callback(offer.transfer)
    assert isinstance(message, TransferCompleted)
    assert (message.receipt.container, message.receipt.size) == (offer.container, len(CONTENT + ADDED))
    assert message.receipt.content_type == "application/fits"
    for container, content in ((base, CONTENT), (message.receipt.container, CONTENT + ADDED)):
        assert requests.get(manager.get_url(store.address, container), timeout=30).content == content


@pytest.mark.parametrize("size", [0, 1, MIB, 2 * MIB, 2 * MIB + 1])
def test_bases_around_the_stretches(
    manager: CallingManager, store: RunningFileStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(beginnings, "PIECE", MIB // 2)
    monkeypatch.setattr(beginnings, "STRETCH", MIB)
    content = (CONTENT * (size // len(CONTENT) + 1))[:size]
    base = manager.stored(store.address, content)
    offer = append(manager, store.address, base)
    assert put(url_of(offer), ADDED).status_code == 201
    assert offer.container is not None
    assert requests.get(manager.get_url(store.address, offer.container), timeout=30).content == content + ADDED


def test_a_base_that_has_gone_ends_the_transfer(manager: CallingManager, store: RunningFileStore) -> None:
    base = manager.stored(store.address, CONTENT)
    offer = append(manager, store.address, base)
    manager.port(store.address).delete(DeleteContainer(base))
    refused(put(url_of(offer), ADDED), "ContainerNotFound", 404)
    message = manager.await_callback(offer.transfer)
    assert isinstance(message, TransferFailed)
    assert (message.state, message.failure.name) == ("FAILED", "ContainerNotFound")
    refused(put(url_of(offer), ADDED), "TransferEnded", 409)


class Gate:
    """Holds every copy up while it is shut."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, method: str, argument: object) -> None:
        if method == "copy":
            self.reached.set()
            assert self.open.wait(30)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def test_who_leaves_before_the_body_is_asked_for_gives_the_lease_back(
    manager: CallingManager, tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginnings, "PIECE", 1000)
    monkeypatch.setattr(beginnings, "STRETCH", 1000)
    with running_filestore(tmp_path, [manager], files=SteppedFiles(gate)) as store:
        port = manager.port(store.address)
        offer = append(manager, store.address, manager.stored(store.address, LARGE))
        with RawClient(store.port) as client:
            path = urlsplit(url_of(offer)).path
            client.send(f"PUT {path} HTTP/1.1\nHost: s\nContent-Length: 3\nExpect: 100-continue\n\n")
            wait_until(gate.reached.is_set, "the first stretch")
            refused(put(url_of(offer), ADDED), "Busy", 409)
        gate.open.set()

        def state() -> str:
            found = port.get_properties(GetProperties(transfer=offer.transfer)).transfer
            assert found is not None
            return found.state

        wait_until(lambda: state() == "OFFERED", "the lease to be given back")
        assert put(url_of(offer), ADDED).json()["size"] == len(LARGE + ADDED)
