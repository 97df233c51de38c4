"""StoreControl and errands against a real file store on loopback."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.store import Store
from filemanager.persistence.memory.database import MemoryDatabase
from filemanager.remote.errands import ErrandTable, carry, errand_outbox
from filemanager.remote.peer import FAILURES
from filemanager.remote.stores import SoapStoreControl
from filestore.assembly import clock
from tests.support.certificate import make_pair
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
from vofiles.contract import Duplicate, StoreAppendInit, StoreExportInit, TransferState
from vofiles.errors import ContainerNotFound, StoreNotFound, StoreUnreachable, TransferNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.serving.keyring import Keyring, Peer
from vofiles.serving.letters import Later

WITHIN = 5.0


class SystemClock:
    """The time of day, and a watch that stands still."""

    def now(self) -> Instant:
        return clock()

    def elapsed(self) -> float:
        return 0.0


@pytest.fixture
def manager() -> Iterator[CallingManager]:
    with calling_manager() as calling:
        yield calling


@pytest.fixture
def store(manager: CallingManager, tmp_path: Path) -> Iterator[RunningFileStore]:
    with running_filestore(tmp_path, [manager]) as running:
        yield running


def control_of(manager: CallingManager, address: str) -> SoapStoreControl:
    return SoapStoreControl({STORE: f"{address}/filestore"}, Keyring([Peer(STORE, (manager.key,))]), SystemClock())


def test_a_file_s_way_through_a_store(manager: CallingManager, store: RunningFileStore) -> None:
    control = control_of(manager, store.address)
    offered = control.import_init(STORE, manager.import_request(), WITHIN)
    assert offered.state == TransferState.OFFERED
    assert requests.put(url_of(offered), data=b"bytes", timeout=30).status_code == 201
    manager.await_callback(offered.transfer)
    assert control.get_transfer(STORE, offered.transfer, WITHIN).receipt is not None
    assert offered.container is not None
    out = control.export_init(STORE, StoreExportInit(new_number(), manager.identifier, offered.container), WITHIN)
    assert requests.get(url_of(out), timeout=30).content == b"bytes"
    control.delete_container(STORE, offered.container, WITHIN)
    control.delete_container(STORE, offered.container, WITHIN)
    with pytest.raises(ContainerNotFound):
        control.export_init(STORE, StoreExportInit(new_number(), manager.identifier, offered.container), WITHIN)
    control.close()


def test_an_offer_is_withdrawn(manager: CallingManager, store: RunningFileStore) -> None:
    control = control_of(manager, store.address)
    offered = control.import_init(STORE, manager.import_request(), WITHIN)
    control.cancel_transfer(STORE, offered.transfer, WITHIN)
    assert requests.put(url_of(offered), data=b"bytes", timeout=30).status_code in {403, 404, 409}
    with pytest.raises(TransferNotFound):
        control.get_transfer(STORE, new_number(), WITHIN)
    control.close()


def test_a_container_is_duplicated_and_counted(manager: CallingManager, store: RunningFileStore) -> None:
    control = control_of(manager, store.address)
    first = manager.stored(store.address, b"bytes")
    before = control.get_status(STORE, WITHIN)
    request = Duplicate(new_number(), manager.identifier, first, manager.new_node(), OWNER)
    done = control.duplicate(STORE, request, WITHIN)
    assert (done.state, done.receipt and done.receipt.size) == (TransferState.COMPLETED, 5)
    assert control.duplicate(STORE, request, WITHIN) == done
    after = control.get_status(STORE, WITHIN)
    assert (after.state, after.containers - before.containers, after.size - before.size) == ("ACTIVE", 1, 5)
    assert after.free is not None
    assert after.free > 0
    control.close()


def test_a_container_is_added_to(manager: CallingManager, store: RunningFileStore) -> None:
    control = control_of(manager, store.address)
    first = manager.stored(store.address, b"bytes")
    request = StoreAppendInit(new_number(), manager.identifier, first, manager.new_node(), OWNER)
    offered = control.append_init(STORE, request, WITHIN)
    assert requests.put(url_of(offered), data=b", more", timeout=30).status_code == 201
    after = control.get_transfer(STORE, offered.transfer, WITHIN)
    assert (after.receipt and after.receipt.size, after.bytes_done) == (11, 6)
    with pytest.raises(ContainerNotFound):
        control.append_init(STORE, replace(request, transfer="t", container=STORE.with_fragment("gone")), WITHIN)
    control.close()


def test_a_store_that_is_not_there_is_said_to_be_down(manager: CallingManager) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    control = control_of(manager, f"http://127.0.0.1:{port}")
    assert not control.is_down(STORE)
    for _ in range(FAILURES):
        with pytest.raises(StoreUnreachable, match=str(STORE)):
            control.import_init(STORE, manager.import_request(), WITHIN)
    assert control.is_down(STORE)


def test_a_store_with_a_certificate_of_ones_own_authority(manager: CallingManager, tmp_path: Path) -> None:
    chain, key = make_pair(tmp_path, "store")
    key.chmod(0o600)
    with running_filestore(tmp_path, [manager], f'[listen]\nport = 0\ncertificate = "{chain}"\nkey = "{key}"') as store:
        assert store.address.startswith("https://")
        addresses, keys = {STORE: f"{store.address}/filestore"}, Keyring([Peer(STORE, (manager.key,))])
        told = SoapStoreControl(addresses, keys, SystemClock(), authorities=chain)
        assert told.get_status(STORE, WITHIN).free is not None
        not_told = SoapStoreControl(addresses, keys, SystemClock())
        with pytest.raises(StoreUnreachable, match="certificate"):
            not_told.get_status(STORE, WITHIN)
        told.close()
        not_told.close()


def test_a_store_that_hangs_is_given_up_in_time(manager: CallingManager) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        control = control_of(manager, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(StoreUnreachable, match="in time"):
            control.import_init(STORE, manager.import_request(), 0.1)


def test_an_unknown_store_is_named(manager: CallingManager) -> None:
    other = Ivorn.parse("ivo://elsewhere.test/filestore")
    control = control_of(manager, "http://127.0.0.1:1")
    assert control.is_down(other)
    with pytest.raises(StoreNotFound, match="elsewhere"):
        control.import_init(other, manager.import_request(), WITHIN)


def errand(verb: str, subject: str, created: Instant | None = None) -> Errand:
    now = created or clock()
    return Errand(STORE, verb, subject, now, now)


def test_errands_are_carried_and_forgotten(manager: CallingManager, store: RunningFileStore) -> None:
    control = control_of(manager, store.address)
    container = manager.stored(store.address, b"bytes")
    offered = control.import_init(STORE, manager.import_request(), WITHIN)
    database = MemoryDatabase()
    database.write(lambda tx: tx.stores.put_store(Store(STORE, store.address)))
    for verb, subject in (
        (ErrandVerb.DELETE_CONTAINER, str(container)),
        (ErrandVerb.CANCEL_TRANSFER, offered.transfer),
        (ErrandVerb.CANCEL_TRANSFER, new_number()),
    ):
        todo = errand(verb, subject)
        database.write(lambda tx, todo=todo: tx.errands.add_errand(todo))  # type: ignore[misc]
    outbox = errand_outbox(database, control, SystemClock(), WITHIN)
    outbox.start()
    try:
        wait_until(lambda: not database.read(lambda tx: tx.errands.due_errands(clock(), 9)), "the errands are done")
    finally:
        outbox.stop()
    with pytest.raises(ContainerNotFound):
        control.export_init(STORE, StoreExportInit(new_number(), manager.identifier, container), WITHIN)
    assert control.get_transfer(STORE, offered.transfer, WITHIN).state == TransferState.CANCELLED
    control.close()


def test_an_errand_to_a_dead_store_waits() -> None:
    database = MemoryDatabase()
    database.write(lambda tx: tx.stores.put_store(Store(STORE, "http://127.0.0.1:1")))
    added = database.write(lambda tx: tx.errands.add_errand(errand(ErrandVerb.CANCEL_TRANSFER, "x")))
    table = ErrandTable(database)
    (letter,) = table.due(clock(), 10, ())
    assert letter.peer == str(STORE)
    later = Instant(clock() + 60_000_000)
    table.retry([Later(letter, later, "nobody answered")])
    assert not table.due(clock(), 10, ())
    (again,) = table.due(later, 10, ())
    assert again.body == replace(added, due=later, attempts=1, error="nobody answered")
    assert not table.due(later, 10, [str(STORE)])
    table.give_up(letter, "too old")
    assert not table.due(later, 10, ())


def test_an_errand_to_a_store_that_was_taken_out_of_the_configuration_is_not_taken_for_done(
    manager: CallingManager,
) -> None:
    control = control_of(manager, "http://127.0.0.1:1")
    todo = replace(errand(ErrandVerb.CANCEL_TRANSFER, "x"), store=Ivorn.parse("ivo://ast.cam.ac.uk/elsewhere"))
    with pytest.raises(StoreUnreachable, match="not in this service's configuration any more"):
        carry(control, todo, WITHIN)


def test_a_verb_of_a_newer_version_is_not_taken_for_done(manager: CallingManager) -> None:
    control = control_of(manager, "http://127.0.0.1:1")
    with pytest.raises(Exception, match="frobnicate is not known"):
        carry(control, errand("frobnicate", "x"), WITHIN)
