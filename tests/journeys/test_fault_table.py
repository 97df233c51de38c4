"""What goes wrong, and what must be seen then: each fault made for real, against real processes.

    FileManager killed at commit  test_killed_around_a_commit
    … around each commit          test_killed_at_each_step.py::test_killed
    store down at importInit      test_a_store_that_is_down
    … and somebody uses another   test_long_work.py::test_a_store_that_hangs_delays_nobody_who_uses_another
    client dies in a PUT          test_a_client_that_dies_in_a_put
    PUT repeated after a lost 2xx test_a_put_again
    … the store being killed      test_killed_at_each_step.py::test_killed
    two PUTs on one URL at once   test_two_puts_at_once
    two transfers on one node     test_two_transfers_on_one_node
    … each if nothing has changed test_two_transfers_with_a_condition
    slow client                   test_slow_clients
    … many of them                ../filestore/test_process.py::test_slow_clients_hold_no_thread
    kill -9, of everything        test_crashes.py::test_everything_killed_at_once_loses_nothing_that_was_acknowledged
    … in a system call            ../faults/test_system_calls.py::test_killed_in_a_call
    … anywhere (in one process)   ../faults/test_crash.py::test_stopped_anywhere
    power loss (a model of disks) ../faults/test_powerloss.py::test_power_lost_anywhere
    disk full, a store's          test_full_disk.py::test_a_store_on_a_full_disk
    … a FileManager's             test_full_disk.py::test_a_filemanager_on_a_full_disk
    I/O error                     ../faults/test_system_calls.py::test_a_call_on_the_disk_fails
    … in the catalogue            ../faults/test_system_calls.py::test_a_call_on_the_catalogue_fails
    callback lost, twice, late    test_killed_at_each_step.py::test_killed
    … out of order                test_callbacks_out_of_order
    … with the FileManager down   test_crashes.py::test_a_filemanager_killed_between_put_and_callback
    … after delete                test_a_callback_after_the_delete
    importData: source dies, lies test_a_source_that_dies_or_lies
    database busy                 test_a_busy_database
    bit rot                       test_damage.py::test_a_bit_that_turned
    … before anybody has read     test_damage.py::test_a_bit_that_turned_before_anybody_read
    … with the same bytes else-   test_repair.py::test_rot_is_found_and_put_right_by_itself
      where (in one process)
    dangling node                 test_damage.py::test_bytes_that_are_gone
    … unknown to its store        ../checker/test_commands.py::test_a_missing_container_is_marked_while_the_service_runs
    orphan container              test_damage.py::test_bytes_of_nobody

Rule: a row names the test that makes its fault, with real processes unless it says otherwise; that test must be there.
"""

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.support.faultgates import ANSWER, REQUEST
from tests.support.faultstation import PASSWORD, Station, running_station
from tests.support.filestore import FileStoreProcess, calling_manager
from tests.support.journey import PATIENCE, Shell
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from tests.support.sources import ok, scripted_source
from vofiles.contract import (
    AddNode,
    Delete,
    GetTransfer,
    ImportData,
    ImportInit,
    ListChildren,
    NodeKind,
    Property,
    Transfer,
    TransferState,
)
from vofiles.errors import (
    DuplicateNode,
    NodeNotFound,
    ServiceBusy,
    ServiceUnreachable,
    StoreUnreachable,
)
from vofiles.filemanager_port import FileManagerPort

OLD = b"what was there before"
NEW = b"what comes in its place" * 50_000
HALF = len(NEW) // 2


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    terms = "[transfers]\npull_interval = 0.01\npull_timeout = 5.0\nstore_timeout = 1.0"
    with running_station(tmp_path_factory.mktemp("station"), manager=terms) as station:
        yield station
        # After all that was done here.
        station.require_clean()


@pytest.fixture
def station(own: Station) -> Station:
    """Both up whatever the test before did."""
    for service in (own.store, own.manager):
        if not service.is_running:
            service.start()
    return own


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of a file that no other test uses."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name)


@pytest.fixture
def port(station: Station) -> FileManagerPort:
    return station.port()


def url_of(offer: Transfer) -> str:
    return offer.endpoints[0].url


def begin_put(url: str, content: bytes, length: int) -> RawClient:
    """A PUT of which so much has been sent."""
    client = RawClient(int(url.split("/")[2].rpartition(":")[2]))
    path = "/" + url.split("/", 3)[3]
    client.send(f"PUT {path} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\nContent-Length: {length}\r\n\r\n".encode())
    client.send(content)
    return client


def await_state(port: FileManagerPort, offer: Transfer, state: str) -> None:
    wait_until(lambda: port.get_transfer(GetTransfer(offer.transfer)).transfer.state == state, state)


# --- the FileManager and its database ---------------------------------------------------------------------------------


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_killed_around_a_commit(station: Station, port: FileManagerPort, name: str, *, committed: bool) -> None:
    """The node is wholly there or not at all; doing it again with its key is doing it once, without it exists."""
    wanted = (Property("a", "x"), Property("b", "y"))
    request = AddNode(station.home_node(port), name, NodeKind.FOLDER, wanted, idempotency_key=name)
    held = station.manager.gate.hold(ANSWER if committed else REQUEST, b"addNode", name.encode())
    with closing(sqlite3.connect(station.database, isolation_level=None, timeout=30)) as other:
        with ThreadPoolExecutor(1) as caller:
            adding = caller.submit(port.add_node, request)
            held.await_there()
            if not committed:
                # From here on nothing is committed; who asks later is served by those who only read.
                other.execute("BEGIN IMMEDIATE")
                held.release()
                station.home_node(station.port())
            station.manager.kill()
            held.drop()
            with pytest.raises(ServiceUnreachable):
                adding.result()
    station.manager.start()
    there = [each for each in port.list_children(ListChildren(station.home_node(port))).nodes if each.name == name]
    assert len(there) == committed
    added = port.add_node(request).node
    assert [added.identifier] == [each.identifier for each in there or [added]]
    with pytest.raises(DuplicateNode):
        port.add_node(replace(request, idempotency_key=None))
    (node,) = [each for each in port.list_children(ListChildren(station.home_node(port))).nodes if each.name == name]
    assert {each.key: each.value for each in node.properties if each.key in {"a", "b"}} == {"a": "x", "b": "y"}


def test_a_busy_database(station: Station, port: FileManagerPort, name: str) -> None:
    """Somebody else writes, and writes: who asks is told to come again, and nothing has changed."""
    station.put(name, OLD)
    file = station.file(port, name)
    url = url_of(station.offered(port, file))
    databases = [station.database, station.catalogue]
    others = [sqlite3.connect(path, isolation_level=None, timeout=30) for path in databases]
    try:
        for other in others:
            other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(2) as callers:
            adding = callers.submit(port.add_node, AddNode(station.home_node(port), f"{name}-2", NodeKind.FOLDER))
            sending = callers.submit(requests.put, url, data=NEW, timeout=60)
            assert isinstance(adding.exception(), ServiceBusy)
            refused = sending.result()
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
    finally:
        for other in others:
            other.close()
    station.require_content(name, OLD, 1)
    assert requests.put(url, data=NEW, timeout=60).status_code == 201
    port.add_node(AddNode(station.home_node(port), f"{name}-2", NodeKind.FOLDER))
    station.require_content(name, NEW, 2)


# --- the store and who sends to it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [False, True], ids=["killed", "silent"])
def test_a_store_that_is_down(station: Station, port: FileManagerPort, name: str, *, silent: bool) -> None:
    station.put(name, OLD)
    file = station.file(port, name)
    if silent:
        station.store.freeze()
    else:
        station.store.kill()
    with pytest.raises(StoreUnreachable):
        port.import_init(ImportInit(file))
    assert (station.node(port, file).version, station.node(port, file).size) == (1, len(OLD))
    if silent:
        station.store.thaw()
    else:
        station.store.start()
    station.require_content(name, OLD, 1)
    station.put(name, NEW)
    station.require_content(name, NEW, 2)


def test_a_client_that_dies_in_a_put(station: Station, name: str, tmp_path: Path) -> None:
    """`vofiles put`, killed while its bytes flow."""
    station.put(name, OLD)
    shell = Shell(tmp_path)
    shell.require("login", station.manager.gate.url, "--user", "dave", "--password-stdin", input=PASSWORD + "\n")
    os.mkfifo(shell.folder / "slow")
    process = shell.begin("put", "slow", f"home:{name}", out=subprocess.DEVNULL, err=subprocess.DEVNULL)
    with (shell.folder / "slow").open("wb", buffering=0) as pipe:
        # Written means read: what goes into the pipe, but for its last bytes, is on its way to the store.
        pipe.write(NEW[:HALF])
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    station.require_content(name, OLD, 1)
    (shell.folder / "whole").write_bytes(NEW)
    shell.require("put", "whole", f"home:{name}")
    station.require_content(name, NEW, 2)


def test_a_put_again(station: Station, port: FileManagerPort, name: str) -> None:
    """The answer was lost: the same bytes get the same answer, other ones a refusal, and nothing changes."""
    offer = station.offered(port, station.new_file(port, name))
    lost = station.store.gate.hold(ANSWER, b"PUT /content/")
    with ThreadPoolExecutor(1) as client:
        sending = client.submit(requests.put, url_of(offer), data=NEW, timeout=60)
        lost.await_there()
        lost.drop()
        assert isinstance(sending.exception(), requests.ConnectionError)
    again, once_more = [requests.put(url_of(offer), data=NEW, timeout=60) for _ in range(2)]
    assert (again.status_code, again.json()) == (once_more.status_code, once_more.json()) == (201, once_more.json())
    other = requests.put(url_of(offer), data=NEW[::-1], timeout=60)
    assert (other.status_code, other.json()["name"]) == (409, "TicketUsed")
    station.require_content(name, NEW, 1)


def test_two_puts_at_once(station: Station, port: FileManagerPort, name: str) -> None:
    offer = station.offered(port, station.new_file(port, name))
    first = begin_put(url_of(offer), NEW[:HALF], len(NEW))
    await_state(port, offer, TransferState.RECEIVING)
    second = requests.put(url_of(offer), data=NEW, timeout=60)
    assert (second.status_code, second.json()["name"]) == (409, "Busy")
    first.send(NEW[HALF:])
    assert first.reply().status == 201
    first.close()
    station.require_content(name, NEW, 1)


def test_two_transfers_on_one_node(station: Station, port: FileManagerPort, name: str) -> None:
    """Both become versions, the later one current."""
    file = station.new_file(port, name)
    offers = [station.offered(port, file) for _ in range(2)]
    clients = [begin_put(url_of(offer), OLD[:5], len(OLD)) for offer in offers]
    for version, number in enumerate((1, 0), 1):
        clients[number].send(OLD[5:-1] + str(number).encode())
        assert clients[number].reply().status == 201
        clients[number].close()
        await_state(port, offers[number], TransferState.COMPLETED)
        station.require_content(name, OLD[:-1] + str(number).encode(), version)


def test_two_transfers_with_a_condition(station: Station, port: FileManagerPort, name: str) -> None:
    """Both are for the file as it is now: the later one fails with a conflict, and its bytes go."""
    station.put(name, OLD)
    request = ImportInit(station.file(port, name), if_version=1)
    first, second = [port.import_init(request).transfer for _ in range(2)]
    for offer, content in ((second, NEW), (first, OLD)):
        assert requests.put(url_of(offer), data=content, timeout=60).status_code == 201
        state = TransferState.COMPLETED if offer is second else TransferState.FAILED
        await_state(port, offer, state)
    failed = port.get_transfer(GetTransfer(first.transfer)).transfer
    assert failed.failure is not None
    assert failed.failure.name == "VersionConflict"
    station.require_content(name, NEW, 2)


def test_slow_clients(tmp_path: Path) -> None:
    """A head that does not end, and a body that stands still: 408, and meanwhile others are served."""
    impatient = "[limits]\nhead_seconds = 1.0\nbody_rate = 100000\nbody_window = 1.0"
    with calling_manager() as manager, FileStoreProcess(tmp_path, [manager], impatient) as store:
        url, port = manager.put_url(store.address), int(store.address.rpartition(":")[2])
        with RawClient(port) as head, begin_put(url, NEW[:1000], len(NEW)) as body:
            head.send(b"GET /healthz HTTP/1.1\r\nHost: ")
            container = manager.stored(store.address, NEW)
            assert [head.reply().status, body.reply().status] == [408, 408]
        answer = requests.get(manager.get_url(store.address, container), timeout=60)
        assert answer.content == NEW
        wait_until(lambda: requests.put(url, data=NEW, timeout=60).status_code == 201, "sending again works")


@pytest.mark.parametrize(
    ("answer", "told", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", None, "Incomplete"),
        (ok(b"hello"), 4, "TooLarge"),
        (ok(b"hello"), 6, "Incomplete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", None, "Incomplete"),
        (b"", None, "SourceUnreachable"),
    ],
    ids=["dies", "longer than announced", "shorter than announced", "dies in a chunk", "says nothing"],
)
def test_a_source_that_dies_or_lies(
    station: Station, port: FileManagerPort, name: str, answer: bytes, told: int | None, error: str
) -> None:
    station.put(name, OLD)
    file = station.file(port, name)
    with scripted_source(answer) as source:
        begun = port.import_data(ImportData(file, source.url(), size=told, wait=0)).transfer
        await_state(port, begun, TransferState.FAILED)
    ended = port.get_transfer(GetTransfer(begun.transfer)).transfer
    assert ended.failure is not None
    assert ended.failure.name == error
    station.require_content(name, OLD, 1)


# --- callbacks --------------------------------------------------------------------------------------------------------


def test_callbacks_out_of_order(station: Station, port: FileManagerPort, name: str) -> None:
    """The first one is late and comes last: both are versions, none is lost, and who reads asks the store meanwhile."""
    file = station.new_file(port, name)
    offers = [station.offered(port, file) for _ in range(2)]
    first = station.manager.gate.hold(REQUEST, b"transferCompleted", offers[0].transfer.encode())
    for offer, content in zip(offers, (OLD, NEW), strict=True):
        assert requests.put(url_of(offer), data=content, timeout=60).status_code == 201
    first.await_there()
    await_state(port, offers[1], TransferState.COMPLETED)
    first.release()
    await_state(port, offers[0], TransferState.COMPLETED)
    assert station.node(port, file).version == 2


def test_a_callback_after_the_delete(station: Station, port: FileManagerPort, name: str) -> None:
    """The node stays deleted, and the container goes."""
    file = station.new_file(port, name)
    offer = station.offered(port, file)
    late = station.manager.gate.hold(REQUEST, b"transferCompleted", offer.transfer.encode())
    assert requests.put(url_of(offer), data=NEW, timeout=60).status_code == 201
    late.await_there()
    port.delete(Delete(file))
    late.release()
    with pytest.raises(NodeNotFound):
        station.node(port, file)
    wait_until(lambda: requests.put(url_of(offer), data=NEW, timeout=60).status_code == 404, "the container is gone")
    with station.home() as home:
        assert name not in home.listdir()


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_row_names_tests_that_are_there() -> None:
    assert __doc__ is not None
    here = Path(__file__)
    named = re.findall(r"(?:(\S+\.py)::)?\b(test_\w+)(?![\w.])", __doc__)
    assert len(named) > 25
    for file, test in named:
        assert f"def {test}(" in ((here.parent / file) if file else here).read_text(), f"{file} {test}"
