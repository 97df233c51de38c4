"""Long work stays off the control plane: stores move bytes as slowly as they like, and everybody else is served.

Real services over loopback; sources that stand still until the test lets their bytes flow. Nothing is timed: what must
not be delayed is answered while what is slow has not moved.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from tests.support.sources import ok, scripted_source
from tests.support.taps import running_tap
from vofiles.contract import (
    AddNode,
    CancelTransfer,
    ExportData,
    GetNode,
    GetTransfer,
    ImportData,
    ImportInit,
    Node,
    NodeKind,
    Transfer,
    TransferAnswer,
    TransferState,
)
from vofiles.errors import ServiceBusy, StoreUnreachable, TransferEnded, VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import parse_name

QUICK_LOOKS = "[transfers]\npull_interval = 0.01\npull_timeout = 5.0"
PATIENT = ("idle = 3600",)
"""So that nothing but a halt can end a movement that stands still."""
MANY = 50
FIRST = STORES[0]


class Person:
    """Dave and his programs."""

    def __init__(self, services: RunningServices) -> None:
        self.services = services
        self.user: User = services.add_account("dave")
        self.port: FileManagerPort = services.port(self.user)
        self.home: LongIdentifier = services.home(self.user)

    def new_file(self, name: str) -> LongIdentifier:
        node = self.port.add_node(AddNode(self.home, name, NodeKind.FILE)).node
        return LongIdentifier(node.identifier)

    def begin_import(self, name: str, url: str) -> Transfer:
        """importData that does not wait for the end."""
        return self.port.import_data(ImportData(self.new_file(name), url, store=FIRST, wait=0)).transfer

    def insist(self, request: ImportData) -> TransferAnswer:
        """The answer, however often the service says that it has too much to do."""
        while True:
            try:
                return self.port.import_data(request)
            except ServiceBusy:
                continue

    def put(self, name: str, content: bytes, store: int = 0) -> LongIdentifier:
        """A file whose bytes are in and called back."""
        node = self.new_file(name)
        begun = self.port.import_init(ImportInit(node, store=STORES[store])).transfer
        requests.put(begun.endpoints[0].url, data=content, timeout=30).raise_for_status()
        wait_until(lambda: self.transfer(begun).state == TransferState.COMPLETED, "the callback of a PUT")
        return node

    def transfer(self, begun: Transfer | str) -> Transfer:
        number = begun if isinstance(begun, str) else begun.transfer
        return self.port.get_transfer(GetTransfer(number)).transfer

    def receiving(self) -> list[str]:
        """The transfers that bytes flow for, or stand still for, in the first store."""
        catalogue = self.services.stores[FIRST].store.catalogue
        found = catalogue.read(lambda records: records.list_transfers(TransferState.RECEIVING, "", 1000))
        return [transfer.transfer for transfer in found]

    def node(self, node: LongIdentifier) -> Node:
        return self.port.get_node(GetNode(node)).nodes[0]

    def await_bytes(self, begun: Transfer | str, number: int) -> None:
        def have_come() -> bool:
            seen = self.transfer(begun)
            return (seen.state, seen.bytes_done) == (TransferState.RECEIVING, number)

        wait_until(have_come, f"{number} bytes done")


@contextmanager
def running(folder: Path, *sections: str, outbound: tuple[str, ...] = PATIENT) -> Iterator[Person]:
    with running_services(folder, *(sections or (QUICK_LOOKS,)), outbound=outbound) as services:
        yield Person(services)


# --- progress ---------------------------------------------------------------------------------------------------------


def test_a_slow_import_can_be_watched(tmp_path: Path) -> None:
    with running(tmp_path) as dave, running_tap(3000) as tap:
        begun = dave.begin_import("m31.fits", tap.url)
        tap.await_connections(1)
        for upto in (0, 1000, 2500):
            tap.flow(upto)
            dave.await_bytes(begun, upto)
        tap.flow(3000)
        wait_until(lambda: dave.transfer(begun).state == TransferState.COMPLETED, "the end")
        assert dave.transfer(begun).bytes_done == 3000


# --- cancelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", [True, False], ids=["in the body", "before the head"])
def test_cancelling_ends_an_import_that_stands_still(tmp_path: Path, *, speaks: bool) -> None:
    """The connection to the source is closed, the node is as it was, and the lane's only place is free again."""
    with running(tmp_path, outbound=(*PATIENT, "threads = 1")) as dave, running_tap(3000, speaks=speaks) as tap:
        begun = dave.begin_import("m31.fits", tap.url)
        tap.await_connections(1)
        if speaks:
            tap.flow(1000)
            dave.await_bytes(begun, 1000)
        assert dave.port.cancel_transfer(CancelTransfer(begun.transfer)).transfer.state == TransferState.CANCELLED
        tap.await_left(1)
        assert dave.node(dave.home.child(parse_name("m31.fits"))).version == 0
        with scripted_source(ok(b"quick")) as source:
            after = dave.begin_import("quick.fits", source.url())
            wait_until(lambda: dave.transfer(after).state == TransferState.COMPLETED, "the next in the lane")
        assert dave.transfer(begun).state == TransferState.CANCELLED


def test_cancelling_ends_an_export_that_nobody_takes(tmp_path: Path) -> None:
    with running(tmp_path, outbound=(*PATIENT, "threads = 1")) as dave, running_tap(speaks=False) as tap:
        # More than the buffers of two sockets hold.
        node = dave.put("large.fits", bytes(32 << 20))
        begun = dave.port.export_data(ExportData(node, tap.url, wait=0)).transfer
        tap.await_connections(1)
        wait_until(lambda: dave.transfer(begun).bytes_done > 0, "some bytes are on their way")
        dave.port.cancel_transfer(CancelTransfer(begun.transfer))
        tap.await_left(1)
        assert dave.transfer(begun).state == TransferState.CANCELLED
        assert dave.node(node).size == 32 << 20


def test_who_waits_for_a_cancelled_import_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as dave, running_tap() as tap, ThreadPoolExecutor(1) as others:
        node = dave.new_file("m31.fits")
        waiting = others.submit(dave.port.import_data, ImportData(node, tap.url, store=FIRST, wait=45))
        tap.await_connections(1)
        (number,) = dave.receiving()
        dave.port.cancel_transfer(CancelTransfer(number))
        with pytest.raises(TransferEnded):
            waiting.result(30)


# --- fifty at once ----------------------------------------------------------------------------------------------------


def test_fifty_slow_imports_hold_up_nobody(tmp_path: Path) -> None:
    """Fifty callers wait for fifty imports that stand still; all else is answered before any of them has moved."""
    wide = (*PATIENT, f"threads = {MANY}", f"per_peer = {MANY}")
    with running(tmp_path, outbound=wide) as dave, running_tap(3000) as tap, ThreadPoolExecutor(MANY) as callers:
        nodes = [dave.new_file(f"slow-{number}.fits") for number in range(MANY)]
        waiting = [callers.submit(dave.insist, ImportData(node, tap.url, store=FIRST)) for node in nodes]
        tap.flow(1000)
        tap.await_connections(MANY)
        slow = dave.receiving()
        assert len(slow) == MANY
        for begun in slow:
            dave.await_bytes(begun, 1000)

        for _ in range(2):
            assert [dave.node(node).version for node in nodes] == [0] * MANY
        for store in (0, 1):
            quick = dave.put(f"quick-{store}.vot", b"RA,DEC", store)
            assert dave.node(quick).size == 6
        assert not any(each.done() for each in waiting)
        assert {each.state for each in map(dave.transfer, slow)} == {TransferState.RECEIVING}

        tap.flow(3000)
        ended = [each.result(45) for each in waiting]
        assert {answer.transfer.state for answer in ended} == {TransferState.COMPLETED}
        assert [answer.node.size for answer in ended if answer.node is not None] == [3000] * MANY


def test_one_slow_source_leaves_the_lane_to_the_others(tmp_path: Path) -> None:
    """As the lane comes: more imports than it has places, all from a source that stands still."""
    with running(tmp_path) as dave, running_tap() as tap, scripted_source(ok(b"quick")) as source:
        slow = [dave.begin_import(f"slow-{number}.fits", tap.url) for number in range(MANY)]
        tap.await_connections(1)
        quick = dave.begin_import("quick.fits", source.url())
        wait_until(lambda: dave.transfer(quick).state == TransferState.COMPLETED, "the quick one")
        expected = {TransferState.RECEIVING, TransferState.REQUESTED}
        # What the store has not said yet the FileManager cannot tell.
        wait_until(lambda: {dave.transfer(begun).state for begun in slow} == expected, "some have begun, some wait")


# --- one store that hangs ---------------------------------------------------------------------------------------------


def test_a_store_that_hangs_delays_nobody_who_uses_another(tmp_path: Path) -> None:
    """It accepts connections and never answers; a crowd asks it, and is turned away or waits alone."""
    with running_tap(speaks=False) as hanging:
        name = "ivo://hanging.example/filestore"
        entry = (
            f'[[stores]]\nidentifier = "{name}"\naddress = "http://127.0.0.1:{hanging.port}/filestore"\n'
            'keys = [{id = "hanging", secret = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"}]'
        )
        with running(tmp_path, "[transfers]\nstore_timeout = 45.0", entry) as dave, ThreadPoolExecutor(24) as crowd:
            node = dave.new_file("stuck.fits")
            store = Ivorn.parse(name)
            asking = [crowd.submit(dave.port.import_init, ImportInit(node, store=store)) for _ in range(24)]
            hanging.await_connections(8)
            wait_until(lambda: sum(each.done() for each in asking) == 16, "the rest of the crowd is turned away")
            assert all(isinstance(each.exception(), ServiceBusy) for each in asking if each.done())

            for number, used in enumerate((0, 1)):
                quick = dave.put(f"quick-{number}.vot", b"RA,DEC", used)
                assert dave.node(quick).size == 6
            assert sum(each.done() for each in asking) == 16
            for link in hanging.links:
                link.close()
            assert {type(outcome(each)) for each in asking} == {ServiceBusy, StoreUnreachable}


def outcome(future: "Future[TransferAnswer]") -> VofilesError:
    error = future.exception(60)
    assert isinstance(error, VofilesError)
    return error
