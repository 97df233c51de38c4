"""A FileManager and a FileStore, each killed with SIGKILL at each step of a first write and of a rewrite.

    intent      the FileManager has written down what it is about to ask; the store has not heard of it
    call        the store has made a container; the FileManager has not heard of it
    offer       the FileManager has written the offer down; the client has not heard of it
    receiving   half of the bytes have come
    durable     all bytes are on the disk, and the catalogue does not know
    published   the catalogue says COMPLETE; neither the client nor the FileManager has heard of it
    callback sent      the client has its 201; the callback is on its way
    callback applied   the node has the new version; the store has not heard that it was told

Real processes; gates between them hold the message at which a step is over, so that each step is reached every time, by
a first write and by a rewrite at once. After the restart the old content is there or the new one, as the step says;
whatever was acknowledged is there, the same address takes the same bytes again, the same work succeeds, and who checks
everything finds nothing.
"""

import http.client
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.faultgates import ANSWER, REQUEST
from tests.support.faultstation import Service, Station, running_station, when_reachable
from tests.support.serving import wait_until
from vofiles.contract import GetTransfer, ImportInit, Transfer, TransferState
from vofiles.errors import ContentNotFound, ServiceUnreachable, VofilesError
from vofiles.ivorn import LongIdentifier
from vofiles.tree import Home

OLD: Final = b"what was there before"
NEW: Final = bytes(range(256)) * 8192
HALF: Final = len(NEW) // 2
AGAIN: Final = b"what comes after everything"


class Write:
    """One file that is written, step by step, until somebody is killed."""

    def __init__(self, station: Station, victim: Service, name: str, old: bytes | None) -> None:
        self.station, self.victim, self.name, self.old = station, victim, name, old
        self.port = station.port()
        self.file: LongIdentifier = station.new_file(self.port, name)
        if old is not None:
            station.put(name, old)
        self.offer: Transfer | None = None
        self.acknowledged = False
        self._client = ThreadPoolExecutor(1)
        self._sending: http.client.HTTPConnection | None = None

    @property
    def kills_store(self) -> bool:
        return self.victim is self.station.store

    def begin(self) -> None:
        """importInit and half of the bytes."""
        when_reachable(self._require_offer)
        self._sending = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        self._sending.putrequest("PUT", urlsplit(self.url).path)
        self._sending.putheader("Content-Length", str(len(NEW)))
        self._sending.endheaders(NEW[:HALF])
        wait_until(self._receives, "bytes have come")

    def _require_offer(self) -> None:
        self.offer = self.port.import_init(ImportInit(self.file, size=len(NEW))).transfer

    def ask(self) -> "Future[None]":
        """importInit, under way."""

        def ask() -> None:
            with suppress(VofilesError):
                self._require_offer()

        return self._client.submit(ask)

    def finish(self) -> "Future[None]":
        """The other half of the bytes, and the wait for the answer."""

        def finish() -> None:
            assert self._sending is not None
            with suppress(OSError, http.client.HTTPException):
                self._sending.send(NEW[HALF:])
                self.acknowledged = self._sending.getresponse().status == 201

        return self._client.submit(finish)

    @property
    def number(self) -> str:
        """The transfer's."""
        assert self.offer is not None
        return self.offer.transfer

    @property
    def url(self) -> str:
        assert self.offer is not None
        return self.offer.endpoints[0].url

    @property
    def container(self) -> str:
        assert self.offer is not None
        assert self.offer.container is not None
        return self.offer.container.fragment

    def _receives(self) -> bool:
        seen = self.port.get_transfer(GetTransfer(self.number)).transfer
        return seen.state == TransferState.RECEIVING and seen.bytes_done > 0

    def close(self) -> None:
        self._client.shutdown()
        if self._sending is not None:
            self._sending.close()


# --- the steps: each up to where somebody is killed, and what is left of it then --------------------------------------

Step = Callable[[Write], Iterator[None]]


def intent(write: Write) -> Iterator[None]:
    held = write.station.store.gate.hold(REQUEST, b"importInit", write.name.encode())
    asking = write.ask()
    held.await_there()
    yield
    held.drop()
    asking.result()


def call(write: Write) -> Iterator[None]:
    held = write.station.store.gate.hold(ANSWER, b"importInit", write.name.encode())
    asking = write.ask()
    held.await_there()
    yield
    held.release()
    asking.result()


def offer(write: Write) -> Iterator[None]:
    held = write.station.manager.gate.hold(ANSWER, b"importInit", str(write.file).encode())
    asking = write.ask()
    held.await_there()
    yield
    if write.kills_store:
        held.release()
    else:
        held.drop()
    asking.result()


def receiving(write: Write) -> Iterator[None]:
    yield
    write.finish().result()


def durable(write: Write) -> Iterator[None]:
    """Nobody can write to the store's catalogue just now, so that it cannot go on from here."""
    finishing = write.finish()
    sidecar = write.station.contents / write.container[:2] / f"{write.container}.json"
    wait_until(lambda: sidecar.exists() and sidecar.stat().st_size, "the sidecar is written")
    yield
    finishing.result()


def published(write: Write) -> Iterator[None]:
    answer = write.station.store.gate.hold(ANSWER, urlsplit(write.url).path.encode())
    callback = write.station.manager.gate.hold(REQUEST, b"transferCompleted", write.number.encode())
    finishing = write.finish()
    answer.await_there()
    callback.await_there()
    yield
    callback.drop()
    if write.kills_store:
        answer.drop()
    else:
        answer.release()
    finishing.result()


def callback_sent(write: Write) -> Iterator[None]:
    """Where the store is killed its callback arrives all the same, and comes again after the restart."""
    callback = write.station.manager.gate.hold(REQUEST, b"transferCompleted", write.number.encode())
    write.finish().result()
    callback.await_there()
    yield
    callback.release()


def callback_applied(write: Write) -> Iterator[None]:
    callback = write.station.manager.gate.hold(ANSWER, b"transferCompleted", write.number.encode())
    write.finish().result()
    callback.await_there()
    yield
    callback.drop()


BEGINNINGS: Final = (intent, call, offer)


@dataclass(frozen=True)
class Expected:
    """What must be true after the restart."""

    step: Step
    victim: str
    offered: bool
    """Whether the client has an address."""
    acknowledged: bool
    new: bool
    """Whether the new content is there before anything is repeated."""

    def __str__(self) -> str:
        return f"{self.step.__name__.replace('_', ' ')}-{self.victim}"


MANAGER, STORE = "filemanager", "filestore"
TABLE: Final = (
    Expected(intent, MANAGER, offered=False, acknowledged=False, new=False),
    Expected(call, MANAGER, offered=False, acknowledged=False, new=False),
    Expected(offer, MANAGER, offered=False, acknowledged=False, new=False),
    Expected(receiving, MANAGER, offered=True, acknowledged=True, new=True),
    Expected(durable, MANAGER, offered=True, acknowledged=True, new=True),
    Expected(published, MANAGER, offered=True, acknowledged=True, new=True),
    Expected(callback_sent, MANAGER, offered=True, acknowledged=True, new=True),
    Expected(callback_applied, MANAGER, offered=True, acknowledged=True, new=True),
    Expected(intent, STORE, offered=False, acknowledged=False, new=False),
    Expected(call, STORE, offered=True, acknowledged=False, new=False),
    Expected(offer, STORE, offered=True, acknowledged=False, new=False),
    Expected(receiving, STORE, offered=True, acknowledged=False, new=False),
    Expected(durable, STORE, offered=True, acknowledged=False, new=False),
    Expected(published, STORE, offered=True, acknowledged=False, new=True),
    Expected(callback_sent, STORE, offered=True, acknowledged=True, new=True),
    Expected(callback_applied, STORE, offered=True, acknowledged=True, new=True),
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with running_station(tmp_path_factory.mktemp("station")) as station:
        yield station


@pytest.fixture
def station(own: Station) -> Station:
    """It, up again whatever the test before did."""
    for service in (own.store, own.manager):
        if not service.is_running:
            service.start()
    return own


@pytest.mark.parametrize("expected", TABLE, ids=str)
def test_killed(station: Station, expected: Expected) -> None:
    victim = station.store if expected.victim == STORE else station.manager
    name = str(expected).replace(" ", "-")
    writes = [Write(station, victim, f"{name}-first", None), Write(station, victim, f"{name}-again", OLD)]
    try:
        run(writes, expected.step)
        victim.start()
        for write in writes:
            assert (write.offer is not None, write.acknowledged) == (expected.offered, expected.acknowledged)
            with station.home() as home:
                require_seen(home, write, NEW if expected.new else write.old)
                require_repeatable(home, write)
    finally:
        for write in writes:
            write.close()
    station.require_clean()


def run(writes: list[Write], step: Step) -> None:
    """All of them to that step, where their victim is killed, and however far they come then."""
    if step not in BEGINNINGS:
        for write in writes:
            write.begin()
    station = writes[0].station
    catalogue = sqlite3.connect(station.catalogue, isolation_level=None, timeout=30)
    if step is durable:
        catalogue.execute("BEGIN IMMEDIATE")
    running = [step(write) for write in writes]
    for each in running:
        next(each)
    writes[0].victim.kill()
    if step is durable:
        catalogue.execute("ROLLBACK")
    catalogue.close()
    for each in running:
        assert next(each, "ended") == "ended"


def require_seen(home: Home, write: Write, content: bytes | None) -> None:
    """The node has this content, whole, or none."""
    node = home / write.name
    info = node.info()
    versions = (write.old is not None) + (content is NEW)
    assert (info.version, info.size) == (versions, None if content is None else len(content))
    if content is not None:
        assert node.read_bytes() == content
        return
    with pytest.raises(ContentNotFound):
        node.read_bytes()


def require_repeatable(home: Home, write: Write) -> None:
    """The client does again what it did: to the same address, if it has one, and from the beginning."""
    if write.offer is not None:
        again = requests.put(write.url, data=NEW, timeout=60)
        assert (again.status_code, again.json()["size"]) == (201, len(NEW))
        require_seen(home, write, NEW)
    node = home / write.name
    before = node.info().version
    assert when_reachable(lambda: node.put(AGAIN)).version == before + 1
    assert node.read_bytes() == AGAIN


def test_a_dead_service_is_told_as_such(station: Station) -> None:
    """The gates hide nothing: who asks a service that was killed hears that there is none."""
    port = station.port()
    station.manager.kill()
    with pytest.raises(ServiceUnreachable):
        station.new_file(port, "never")
