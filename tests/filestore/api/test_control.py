"""The control plane over the wire: who may call, what a FileManager can see, and what the store moves itself."""

import dataclasses
from typing import Any

import pytest
import requests

from filestore.assembly import clock
from tests.support.filestore import OWNER, STORE, CallingManager, RunningFileStore, url_of
from tests.support.serving import wait_until
from tests.support.sources import Source, ok, redirect, scripted_source
from vofiles.contract import (
    ContainerState,
    DeleteContainer,
    Digest,
    Duplicate,
    GetIdentifier,
    GetProperties,
    Header,
    StoreCancelTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import (
    AddressRefused,
    Conflict,
    ContainerNotFound,
    InvalidArgument,
    NotAuthenticated,
    PermissionDenied,
    ServiceUnreachable,
    TooLarge,
    TransferEnded,
    TransferNotFound,
    VofilesError,
)
from vofiles.filestore_port import FileStorePort
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.signatures import WINDOW, SignedAuth

CONTENT = b"RA,DEC\n1.5,2.5\n" * 10_000


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


# --- who may call -----------------------------------------------------------------------------------------------------


def test_a_signed_call_is_answered(manager: CallingManager, store: RunningFileStore) -> None:
    assert manager.port(store.address).get_identifier(GetIdentifier()).identifier == STORE


def signed_by(identifier: Ivorn, key: Key, address: str, late: int = 0) -> FileStorePort:
    keyring = Keyring([Peer(STORE, (key,))])
    auth = SignedAuth(keyring, STORE, lambda: Instant(clock() + late * SECOND))
    return FileStorePort(f"{address}/filestore", auth=auth)


def test_other_signatures_are_refused(manager: CallingManager, store: RunningFileStore) -> None:
    other = Key(manager.key.id, b"x" * 32)
    stranger = Key("stranger", manager.key.secret)
    ports = [
        FileStorePort(f"{store.address}/filestore"),
        FileStorePort(f"{store.address}/filestore", auth=("dave", "secret")),
        FileStorePort(f"{store.address}/filestore", auth="token"),
        signed_by(manager.identifier, other, store.address),
        signed_by(manager.identifier, stranger, store.address),
        signed_by(manager.identifier, manager.key, store.address, late=WINDOW + 60),
        signed_by(manager.identifier, manager.key, store.address, late=-WINDOW - 60),
    ]
    for port in ports:
        with pytest.raises(NotAuthenticated):
            port.get_identifier(GetIdentifier())
        with pytest.raises(NotAuthenticated):
            port.import_init(manager.import_request())


class Recording(SignedAuth):
    """Keeps what it signed."""

    sent: requests.PreparedRequest

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self.sent = super().__call__(request)
        return self.sent


def test_a_replayed_call_is_refused(manager: CallingManager, store: RunningFileStore) -> None:
    auth = Recording(Keyring([Peer(STORE, (manager.key,))]), STORE, clock)
    FileStorePort(f"{store.address}/filestore", auth=auth).get_identifier(GetIdentifier())
    with requests.Session() as session:
        response = session.send(auth.sent, timeout=30)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Signature ")
    assert b"NotAuthenticated" in response.content


def test_a_signature_for_another_body_is_refused(manager: CallingManager, store: RunningFileStore) -> None:
    auth = Recording(Keyring([Peer(STORE, (manager.key,))]), STORE, clock)
    FileStorePort(f"{store.address}/filestore", auth=auth).get_identifier(GetIdentifier())
    stolen, body = auth.sent.copy(), auth.sent.body
    stolen.headers.update(auth(requests.Request("POST", stolen.url or "", data=b"<a/>").prepare()).headers)
    stolen.prepare_body(body, None)
    with requests.Session() as session:
        assert session.send(stolen, timeout=30).status_code == 401


def test_the_contract_and_health_are_for_anybody(store: RunningFileStore) -> None:
    contract = requests.get(f"{store.address}/filestore?wsdl", timeout=30)
    assert contract.status_code == 200
    assert f"{store.address}/filestore".encode() in contract.content
    health = requests.get(f"{store.address}/healthz", timeout=30)
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert requests.get(f"{store.address}/filestore", timeout=30).status_code == 401


def test_only_the_signer_can_be_called_back(
    manager: CallingManager, other: CallingManager, store: RunningFileStore
) -> None:
    request = dataclasses.replace(manager.import_request(), callback=other.identifier)
    with pytest.raises(PermissionDenied):
        manager.port(store.address).import_init(request)


# --- what a FileManager can see ---------------------------------------------------------------------------------------


def test_another_managers_container_looks_absent(
    manager: CallingManager, other: CallingManager, store: RunningFileStore
) -> None:
    container = manager.stored(store.address, CONTENT)
    absent = STORE.with_fragment(new_number())
    port = other.port(store.address)
    me = other.identifier

    def outcomes(target: Ivorn) -> list[str]:
        told = []
        for call in (
            lambda: port.get_properties(GetProperties(container=target)),
            lambda: port.export_init(StoreExportInit(new_number(), me, target)),
            lambda: port.export_data(StoreExportData(new_number(), me, target, "http://127.0.0.1:1/")),
            lambda: port.duplicate(Duplicate(new_number(), me, target, other.new_node(), OWNER)),
        ):
            with pytest.raises(VofilesError) as refusal:
                call()
            told.append(f"{refusal.value.name} {refusal.value.message}".replace(target.fragment, "…"))
        return told

    assert outcomes(container) == outcomes(absent)
    port.delete(DeleteContainer(container))
    assert requests.get(manager.get_url(store.address, container), timeout=30).content == CONTENT


def test_another_managers_transfer_looks_absent(
    manager: CallingManager, other: CallingManager, store: RunningFileStore
) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    port = other.port(store.address)
    with pytest.raises(TransferNotFound):
        port.get_properties(GetProperties(transfer=transfer.transfer))
    with pytest.raises(TransferNotFound):
        port.cancel_transfer(StoreCancelTransfer(transfer.transfer))
    assert requests.put(url_of(transfer), data=b"x", timeout=30).status_code == 201


def test_a_repeated_import_has_the_same_address(manager: CallingManager, store: RunningFileStore) -> None:
    port, request = manager.port(store.address), manager.import_request(size=3)
    first, second = port.import_init(request).transfer, port.import_init(request).transfer
    assert (first.container, url_of(first)) == (second.container, url_of(second))
    with pytest.raises(Conflict):
        port.import_init(dataclasses.replace(request, size=4))


def test_more_than_the_store_takes(manager: CallingManager, store: RunningFileStore) -> None:
    with pytest.raises(TooLarge):
        manager.port(store.address).import_init(manager.import_request(size=1_000_000_001))
    with pytest.raises(InvalidArgument):
        manager.port(store.address).import_init(manager.import_request(size=-1))


def test_properties_of_container_and_transfer(manager: CallingManager, store: RunningFileStore) -> None:
    port = manager.port(store.address)
    transfer = port.import_init(manager.import_request(content_type="text/csv")).transfer
    assert transfer.container is not None
    empty = port.get_properties(GetProperties(transfer.container)).container
    assert empty is not None
    assert empty.state == ContainerState.EMPTY
    requests.put(url_of(transfer), data=CONTENT, timeout=30)
    manager.await_callback(transfer.transfer)
    wait_until(
        lambda: (
            getattr(port.get_properties(GetProperties(transfer=transfer.transfer)).transfer, "state", "") == "COMPLETED"
        ),
        "the acknowledged transfer is COMPLETED",
    )
    answer = port.get_properties(GetProperties(transfer.container, transfer.transfer))
    assert answer.container is not None
    assert answer.transfer is not None
    assert (answer.container.state, answer.container.size, answer.container.content_type) == (
        ContainerState.COMPLETE,
        len(CONTENT),
        "text/csv",
    )
    assert answer.transfer.receipt is not None
    assert answer.transfer.endpoints == ()


def test_deleting_twice(manager: CallingManager, store: RunningFileStore) -> None:
    port, container = manager.port(store.address), manager.stored(store.address, CONTENT)
    port.delete(DeleteContainer(container))
    port.delete(DeleteContainer(container))
    with pytest.raises(ContainerNotFound):
        port.get_properties(GetProperties(container))


def test_duplicating(manager: CallingManager, store: RunningFileStore) -> None:
    port, container = manager.port(store.address), manager.stored(store.address, CONTENT)
    request = Duplicate(new_number(), manager.identifier, container, manager.new_node(), OWNER)
    copy = port.duplicate(request).transfer
    assert (copy.state, copy.container != container) == ("COMPLETED", True)
    assert port.duplicate(request).transfer == copy
    port.delete(DeleteContainer(container))
    assert copy.container is not None
    assert requests.get(manager.get_url(store.address, copy.container), timeout=30).content == CONTENT


def test_a_cancelled_transfer_cannot_be_cancelled_in_another_way(
    manager: CallingManager, store: RunningFileStore
) -> None:
    port, request = manager.port(store.address), manager.import_request()
    transfer = port.import_init(request).transfer
    assert port.cancel_transfer(StoreCancelTransfer(request.transfer)).transfer.state == "CANCELLED"
    assert port.cancel_transfer(StoreCancelTransfer(request.transfer)).transfer.state == "CANCELLED"
    done = manager.import_request()
    requests.put(url_of(port.import_init(done).transfer), data=b"x", timeout=30)
    with pytest.raises(TransferEnded):
        port.cancel_transfer(StoreCancelTransfer(done.transfer))
    assert requests.put(url_of(transfer), data=b"x", timeout=30).status_code == 409


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


# --- callbacks --------------------------------------------------------------------------------------------------------


def test_a_callback_is_repeated_until_it_is_taken(manager: CallingManager, store: RunningFileStore) -> None:
    """The FileManager does not answer twice; the third time it does."""
    refusals = iter([ServiceUnreachable("a database"), ServiceUnreachable("a database")])

    def answer() -> None:
        refusal = next(refusals, None)
        if refusal is not None:
            raise refusal

    manager.answer = answer
    try:
        request = manager.import_request()
        requests.put(url_of(manager.port(store.address).import_init(request).transfer), data=b"x", timeout=30)
        assert isinstance(manager.await_callback(request.transfer), TransferCompleted)
    finally:
        manager.answer = lambda: None
    assert next(refusals, None) is None
