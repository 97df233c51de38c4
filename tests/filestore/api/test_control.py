"""The control plane over the wire: who may call, what a FileManager can see and do, and callbacks."""

import dataclasses
import subprocess
import threading
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from filestore.assembly import clock
from tests.support.filestore import (
    OWNER,
    STORE,
    CallingManager,
    RunningFileStore,
    calling_manager,
    running_filestore,
    url_of,
)
from tests.support.serving import wait_until
from tests.support.signing import SignedAuth
from vofiles.contract import (
    ContainerState,
    DeleteContainer,
    Duplicate,
    GetIdentifier,
    GetProperties,
    ListContainers,
    StoreAppendInit,
    StoreCancelTransfer,
    StoreExportData,
    StoreExportInit,
    TransferCompleted,
)
from vofiles.errors import (
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
from vofiles.serving.nonces import WINDOW

CONTENT = b"RA,DEC\n1.5,2.5\n" * 10_000


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
    assert requests.get(f"{store.address}/filestore", timeout=30).status_code == 200


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
            lambda: port.append_init(StoreAppendInit(new_number(), me, target, other.new_node(), OWNER)),
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


def test_each_filemanager_lists_its_own_containers(
    manager: CallingManager, other: CallingManager, store: RunningFileStore
) -> None:
    containers = sorted((manager.stored(store.address, CONTENT) for _ in range(3)), key=str)
    stranger = other.stored(store.address, b"x")
    port = manager.port(store.address)
    known = {holding.container for holding in port.list_containers(ListContainers()).holdings}
    assert known.issuperset(containers)
    assert stranger not in known
    answer = port.list_containers(ListContainers(containers[0].fragment, 1))
    (holding,) = answer.holdings
    # Other tests have put containers into the same store.
    assert str(holding.container) == min(str(container) for container in known if str(container) > str(containers[0]))
    assert answer.next == holding.container.fragment
    asked = port.get_properties(GetProperties(holding.container)).container
    assert asked is not None
    assert (holding.state, holding.size) == (asked.state, asked.size)
    with pytest.raises(InvalidArgument):
        port.list_containers(ListContainers(limit=0))


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


def test_nothing_is_said_to_another_filemanager_than_the_one_meant(tmp_path: Path) -> None:
    """Another one, that answers at the registered address, would say for good that it knows no such transfer."""
    with calling_manager() as manager, running_filestore(tmp_path, [manager]) as store:
        manager.claimed = Ivorn.parse("ivo://elsewhere/filemanager")
        request = manager.import_request()
        requests.put(url_of(manager.port(store.address).import_init(request).transfer), data=b"x", timeout=30)
        wait_until(lambda: manager.times_asked >= 2, "asked who it is, again and again")
        assert manager.received == []
        manager.claimed = None
        assert isinstance(manager.await_callback(request.transfer), TransferCompleted)
        asked = manager.times_asked
        again = manager.import_request()
        requests.put(url_of(manager.port(store.address).import_init(again).transfer), data=b"x", timeout=30)
        manager.await_callback(again.transfer)
        assert manager.times_asked == asked


def test_a_filemanager_that_does_not_answer_delays_no_others_callbacks(tmp_path: Path) -> None:
    let_go = threading.Event()

    def hang() -> None:
        assert let_go.wait(60)

    with (
        calling_manager() as slow,
        calling_manager("ivo://star.le.ac.uk/filemanager") as quick,
        running_filestore(tmp_path, [slow, quick]) as store,
    ):
        slow.answer = hang
        try:
            for manager in [slow] * 6:
                late = manager.import_request()
                requests.put(url_of(manager.port(store.address).import_init(late).transfer), data=b"x", timeout=30)
            request = quick.import_request()
            requests.put(url_of(quick.port(store.address).import_init(request).transfer), data=b"x", timeout=30)
            assert isinstance(quick.await_callback(request.transfer), TransferCompleted)
            assert slow.received == []
        finally:
            let_go.set()


# --- keys and TLS -----------------------------------------------------------------------------------------------------


def test_keys_rotate(tmp_path: Path) -> None:
    """Both live keys are taken; a key that was dropped is not."""
    with calling_manager() as manager:
        old, new = manager.key, Key("new", sha256(b"new").digest())
        manager.older_keys = [old]
        manager.key = new
        with running_filestore(tmp_path, [manager]) as store:
            for key in (old, new):
                signed_by(manager.identifier, key, store.address).get_identifier(GetIdentifier())
        manager.older_keys = []
        with running_filestore(tmp_path, [manager]) as store:
            signed_by(manager.identifier, new, store.address).get_identifier(GetIdentifier())
            with pytest.raises(NotAuthenticated):
                signed_by(manager.identifier, old, store.address).get_identifier(GetIdentifier())


def test_over_tls(manager: CallingManager, tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=store -out cert.pem -keyout key.pem"
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *name], cwd=tmp_path, check=True, capture_output=True)
    listen = '[listen]\nport = 0\ncertificate = "cert.pem"\nkey = "key.pem"'
    with running_filestore(tmp_path, [manager], listen) as store:
        assert store.address.startswith("https://127.0.0.1:")
        trusted = str(tmp_path / "cert.pem")
        port = FileStorePort(f"{store.address}/filestore", auth=manager.auth(), verify=trusted)
        transfer = port.import_init(manager.import_request()).transfer
        assert requests.put(url_of(transfer), data=CONTENT, verify=trusted, timeout=30).status_code == 201
        assert isinstance(manager.await_callback(transfer.transfer), TransferCompleted)
        assert transfer.container is not None
        request = StoreExportInit(new_number(), manager.identifier, transfer.container)
        url = url_of(port.export_init(request).transfer)
        assert requests.get(url, verify=trusted, timeout=30).content == CONTENT
