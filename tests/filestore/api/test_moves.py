"""importData and exportData over the wire: what the store moves itself, and why it refuses or fails to."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from filestore.ports import Records
from tests.support.filestore import OWNER, CallingManager, RunningFileStore, running_filestore
from tests.support.sources import Source, ok, redirect, scripted_source
from vofiles.contract import (
    Digest,
    Header,
    StoreExportData,
    StoreImportData,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import (
    AddressRefused,
    InvalidArgument,
    ServiceBusy,
)
from vofiles.ivorn import new_number

CONTENT = b"RA,DEC\n1.5,2.5\n" * 10_000
R = TypeVar("R")


def import_data(manager: CallingManager, url: str, **told: Any) -> StoreImportData:
    return StoreImportData(new_number(), manager.identifier, manager.new_node(), OWNER, url, **told)


def failed(manager: CallingManager, store: RunningFileStore, request: StoreImportData | StoreExportData) -> str:
    """How a movement ended badly: the error's name."""
    port = manager.port(store.address)
    port.import_data(request) if isinstance(request, StoreImportData) else port.export_data(request)
    message = manager.await_callback(request.transfer)
    assert isinstance(message, TransferFailed), message
    assert message.state == "FAILED"
    return message.failure.name


# --- importData -------------------------------------------------------------------------------------------------------


def test_import_data(manager: CallingManager, store: RunningFileStore) -> None:
    with scripted_source(ok(CONTENT, "Content-Type: text/csv")) as source:
        request = import_data(manager, source.url(), headers=(Header("X-Survey", "north"),))
        begun = manager.port(store.address).import_data(request).transfer
        message = manager.await_callback(request.transfer)
    assert isinstance(message, TransferCompleted), message
    assert (message.receipt.size, message.receipt.content_type) == (len(CONTENT), "text/csv")
    assert message.receipt.container == begun.container
    assert source.requests[0].headers["x-survey"] == "north"
    assert "signature" not in source.requests[0].headers
    assert begun.container is not None
    assert requests.get(manager.get_url(store.address, begun.container), timeout=30).content == CONTENT


def test_import_data_is_done_once(manager: CallingManager, store: RunningFileStore) -> None:
    with scripted_source(ok(CONTENT)) as source:
        request = import_data(manager, source.url())
        for _ in range(3):
            manager.port(store.address).import_data(request)
        manager.await_callback(request.transfer)
        manager.port(store.address).import_data(request)
        assert source.connections == 1


def test_what_a_busy_database_held_up_is_moved_at_the_next_turn(
    manager: CallingManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        scripted_source(ok(CONTENT)) as source,
        running_filestore(tmp_path, [manager], "[tickets]\nlifetime = 1") as store,
    ):
        catalogue, held_up = store.server.store.catalogue, threading.Event()
        write = catalogue.write

        def busy_in_the_lane(fn: Callable[[Records], R]) -> R:
            if threading.current_thread().name.startswith("lane-") and not held_up.is_set():
                held_up.set()
                raise ServiceBusy("locked")
            return write(fn)

        monkeypatch.setattr(catalogue, "write", busy_in_the_lane)
        request = import_data(manager, source.url())
        manager.port(store.address).import_data(request)
        message = manager.await_callback(request.transfer)
        assert isinstance(message, TransferCompleted), message
        assert held_up.is_set()


@pytest.mark.parametrize(
    ("answer", "told", "name"),
    [
        pytest.param(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", {}, "SourceUnreachable", id="404"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", {}, "Incomplete", id="dies"),
        pytest.param(ok(CONTENT), {"size": 10}, "TooLarge", id="more than announced"),
        pytest.param(ok(CONTENT), {"maximum_size": 10}, "TooLarge", id="more than allowed"),
        pytest.param(ok(CONTENT), {"size": len(CONTENT) + 1}, "Incomplete", id="less than announced"),
        pytest.param(ok(CONTENT), {"digests": (Digest("sha-256", "0" * 64),)}, "ChecksumMismatch", id="other bytes"),
        pytest.param(redirect("http://[::1]:1/"), {}, "AddressRefused", id="redirected inside"),
        pytest.param(redirect("/again"), {}, "SourceUnreachable", id="redirected for ever"),
    ],
)
def test_an_import_that_fails_says_why(
    manager: CallingManager, store: RunningFileStore, answer: bytes, told: dict[str, Any], name: str
) -> None:
    with scripted_source(answer) as source:
        assert failed(manager, store, import_data(manager, source.url(), **told)) == name


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://127.1:{port}/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://user:secret@127.0.0.1:{port}/",
        "http://127.0.0.2:{port}/",
    ],
)
def test_inside_addresses_are_refused_at_once(manager: CallingManager, store: RunningFileStore, url: str) -> None:
    container = manager.stored(store.address, b"x")
    with scripted_source(ok(b"inside")) as source:
        address = url.format(port=source.port)
        port = manager.port(store.address)
        with pytest.raises(AddressRefused):
            port.import_data(import_data(manager, address))
        with pytest.raises(AddressRefused):
            port.export_data(StoreExportData(new_number(), manager.identifier, container, address))
        assert source.connections == 0


@pytest.mark.parametrize(
    "told",
    [
        {"protocol": "FTP"},
        {"method": "DELETE"},
        {"headers": (Header("Host", "inside"),)},
        {"headers": (Header("Transfer-Encoding", "chunked"),)},
        {"headers": (Header("X", "a\nHost: inside"),)},
    ],
)
def test_what_is_not_spoken_is_refused_at_once(
    manager: CallingManager, store: RunningFileStore, told: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        manager.port(store.address).import_data(import_data(manager, "http://127.0.0.1:1/", **told))


# --- exportData -------------------------------------------------------------------------------------------------------


@pytest.fixture
def sink() -> Any:
    with scripted_source(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n") as source:
        yield source


@pytest.mark.parametrize("method", [None, "PUT", "POST"])
def test_export_data(manager: CallingManager, store: RunningFileStore, sink: Source, method: str | None) -> None:
    container = manager.stored(store.address, CONTENT, content_type="text/csv")
    request = StoreExportData(new_number(), manager.identifier, container, sink.url("/in"), method=method)
    manager.port(store.address).export_data(request)
    message = manager.await_callback(request.transfer)
    assert isinstance(message, TransferCompleted), message
    (received,) = sink.requests
    assert (received.method, received.target, received.body) == (method or "PUT", "/in", CONTENT)
    assert received.headers["content-type"] == "text/csv"
    assert "signature" not in received.headers


def test_an_export_that_fails_says_why(manager: CallingManager, store: RunningFileStore) -> None:
    container = manager.stored(store.address, CONTENT)
    with scripted_source(b"HTTP/1.1 507 Full\r\nContent-Length: 0\r\n\r\n") as source:
        request = StoreExportData(new_number(), manager.identifier, container, source.url())
        assert failed(manager, store, request) == "SourceUnreachable"
