"""importData and exportData, run by the lane."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from filestore.ports import Records
from filestore.services import callbacks
from filestore.services.containers import cancel_transfer
from filestore.services.expiry import expire_due
from filestore.services.lane import Lane
from filestore.services.moves import export_data, import_data, resume, run
from filestore.services.sweep import sweep
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core, MemoryWeb
from vofiles.contract import Digest, StoreCancelTransfer, StoreExportData, StoreImportData, Transfer
from vofiles.errors import (
    AddressRefused,
    Conflict,
    ContainerNotFound,
    InvalidArgument,
    PermissionDenied,
    ServiceBusy,
    StoreReadOnly,
)
from vofiles.ivorn import Ivorn

URL = "http://archive.example/m31.fits"
DATA = bytes(range(256)) * 4
R = TypeVar("R")


@contextmanager
def laned(core: Core, web: MemoryWeb) -> Iterator[Lane]:
    """A lane that ends, with all that was put, before the test goes on."""
    lane = Lane(lambda transfer: run(core.store, web, transfer), threads=2)
    try:
        yield lane
    finally:
        lane.drain()
        lane.close()


def fetch(core: Core, web: MemoryWeb, request: StoreImportData) -> Transfer:
    with laned(core, web) as lane:
        answer = import_data(core.store, web, lane, MANAGER, request).transfer
        assert answer.direction == "importData"
    return core.transfer(request.transfer)


def request(
    url: str = URL, transfer: str = "m1", size: int | None = None, digests: tuple[Digest, ...] = ()
) -> StoreImportData:
    return StoreImportData(transfer, MANAGER, NODE, DAVE, url, size=size, digests=digests)


def push(core: Core, web: MemoryWeb, container: Ivorn, transfer: str = "p1") -> Transfer:
    with laned(core, web) as lane:
        export_data(core.store, web, lane, MANAGER, StoreExportData(transfer, MANAGER, container, URL))
    return core.transfer(transfer)


def test_the_store_fetches_the_bytes_itself(core: Core) -> None:
    done = fetch(core, MemoryWeb({URL: DATA}), request(size=len(DATA)))
    assert (done.state, done.bytes_done, done.endpoints) == ("STORED", len(DATA), ())
    assert done.receipt is not None
    assert (done.receipt.size, done.receipt.content_type) == (len(DATA), "image/fits")
    assert core.get(done.receipt.container) == DATA
    assert [row.transfer for row in callbacks.list_due(core.store, core.clock.now, 9)] == ["m1"]


def test_the_store_sends_the_bytes_itself(core: Core) -> None:
    web = MemoryWeb()
    container = core.stored(DATA).receipt.container
    done = push(core, web, container)
    assert web.pages[URL] == DATA
    assert (done.state, done.bytes_done) == ("STORED", len(DATA))
    assert done.receipt is not None
    assert (done.receipt.container, done.receipt.transfer) == (container, "p1")
    assert "p1" in [row.transfer for row in callbacks.list_due(core.store, core.clock.now, 9)]


def test_an_empty_container_can_be_sent(core: Core) -> None:
    web = MemoryWeb()
    assert push(core, web, core.stored(b"").receipt.container).state == "STORED"
    assert web.pages[URL] == b""


@pytest.mark.parametrize(
    ("web", "request_", "name"),
    [
        (MemoryWeb(), request(), "SourceUnreachable"),
        (MemoryWeb({URL: DATA}, {URL: len(DATA) + 1}), request(), "Incomplete"),
        (MemoryWeb({URL: DATA}, {URL: len(DATA) - 1}), request(), "TooLarge"),
        (MemoryWeb({URL: DATA}), request(size=len(DATA) - 1), "TooLarge"),
        (MemoryWeb({URL: DATA}), request(size=len(DATA) + 1), "Incomplete"),
        (MemoryWeb({URL: DATA}), request(digests=(Digest("md5", "0" * 32),)), "ChecksumMismatch"),
    ],
)
def test_a_source_that_fails_or_lies_fails_the_transfer(
    core: Core, web: MemoryWeb, request_: StoreImportData, name: str
) -> None:
    done = fetch(core, web, request_)
    assert done.state == "FAILED"
    assert done.failure is not None
    assert done.failure.name == name
    assert done.failure.message
    assert done.container is not None
    assert core.container_state(done.container) == "DELETED"
    assert list(core.store.backend.numbers()) == []
    assert [row.transfer for row in callbacks.list_due(core.store, core.clock.now, 9)] == ["m1"]


def test_a_fault_of_ours_fails_the_transfer_too(core: Core) -> None:
    def broken(number: int) -> None:
        raise RuntimeError("a bug")

    done = fetch(core, MemoryWeb({URL: DATA}, on_piece=broken), request())
    assert done.state == "FAILED"
    assert done.failure is not None
    assert done.failure.name == "Unexpected"
    assert "a bug" not in done.failure.message


@pytest.mark.parametrize("source", ["ivo://star.le.ac.uk/filestore#abcd", "ivo://roe.ac.uk/filestore"])
def test_a_source_is_a_container_of_another_store(core: Core, source: str) -> None:
    web, asked = MemoryWeb({URL: DATA}), replace(request(), source=Ivorn.parse(source))
    with laned(core, web) as lane, pytest.raises(InvalidArgument, match="source"):
        import_data(core.store, web, lane, MANAGER, asked)


def test_what_it_is_an_offer_of_is_kept_for_the_next_start(core: Core) -> None:
    source = Ivorn.parse("ivo://roe.ac.uk/filestore#abcd")
    done = fetch(core, MemoryWeb({URL: DATA}), replace(request(), source=source))
    kept = core.store.catalogue.read(lambda records: records.find_transfer("m1"))
    assert done.state == "STORED"
    assert kept is not None
    assert kept.remote is not None
    assert kept.remote.source == source


def test_a_repeat_answers_the_transfer_as_it_stands(core: Core) -> None:
    web = MemoryWeb({URL: DATA})
    first = fetch(core, web, request())
    web.pages.clear()
    assert fetch(core, web, request()) == first
    with pytest.raises(Conflict):
        fetch(core, web, request(size=1))


def test_what_is_refused_leaves_nothing(core: Core) -> None:
    web = MemoryWeb({URL: DATA})
    container = core.stored(DATA).receipt.container
    with laned(core, web) as lane:
        with pytest.raises(AddressRefused):
            import_data(core.store, web, lane, MANAGER, request("file:///etc/passwd"))
        with pytest.raises(AddressRefused):
            export_data(core.store, web, lane, MANAGER, StoreExportData("p1", MANAGER, container, "ftp://x/"))
        with pytest.raises(PermissionDenied):
            import_data(core.store, web, lane, OTHER_MANAGER, request())
        foreign = StoreExportData("p2", OTHER_MANAGER, container, URL)
        with pytest.raises(ContainerNotFound):
            export_data(core.store, web, lane, OTHER_MANAGER, foreign)
        core.store.health.fail("EIO")
        with pytest.raises(StoreReadOnly):
            import_data(core.store, web, lane, MANAGER, request())
    for transfer in ("m1", "p1", "p2"):
        assert core.store.catalogue.read(lambda records, name=transfer: records.find_transfer(name)) is None  # type: ignore[misc]


@pytest.mark.parametrize("direction", ["importData", "exportData"])
def test_progress_is_seen_and_cancelling_stops_it(core: Core, direction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.services.moves.PIECE", 100)
    reached, go_on = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if number == 3:
            reached.set()
            assert go_on.wait(30)

    web = MemoryWeb({URL: DATA if direction == "importData" else b"old"}, on_piece=hold)
    container = core.stored(DATA).receipt.container
    with laned(core, web) as lane:
        if direction == "importData":
            import_data(core.store, web, lane, MANAGER, request(transfer="c1"))
        else:
            export_data(core.store, web, lane, MANAGER, StoreExportData("c1", MANAGER, container, URL))
        assert reached.wait(30)
        half = core.transfer("c1")
        assert (half.state, half.bytes_done) == ("RECEIVING", 300)
        assert cancel_transfer(core.store, MANAGER, StoreCancelTransfer("c1")).transfer.state == "CANCELLED"
        go_on.set()
    assert core.transfer("c1").state == "CANCELLED"
    assert list(core.store.backend.numbers()) == [container.fragment]
    assert web.pages[URL] == (DATA if direction == "importData" else b"old")


def test_a_cancelled_request_is_not_begun(core: Core) -> None:
    web = MemoryWeb({URL: DATA})
    lane = Lane(lambda transfer: None)
    import_data(core.store, web, lane, MANAGER, request())
    lane.drain()
    lane.close()
    cancel_transfer(core.store, MANAGER, StoreCancelTransfer("m1"))
    run(core.store, web, "m1")
    assert core.transfer("m1").state == "CANCELLED"


@pytest.mark.parametrize("killed_at", [0, 5])
def test_what_a_crash_broke_off_is_run_again(core: Core, killed_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(number: int) -> None:
        if number == killed_at:
            raise Killed

    lane = Lane(lambda transfer: None)
    import_data(core.store, MemoryWeb({URL: DATA}), lane, MANAGER, request())
    export = StoreExportData("p1", MANAGER, core.stored(DATA).receipt.container, "http://other.example/")
    export_data(core.store, MemoryWeb(), lane, MANAGER, export)
    lane.close()
    with monkeypatch.context() as patch:
        # Nothing after the kill runs.
        patch.setattr("filestore.services.uploads.Upload.abort", lambda upload: None)
        with pytest.raises(Killed):
            run(core.store, MemoryWeb({URL: DATA}, on_piece=kill), "m1")
    assert core.transfer("m1").state == "RECEIVING"

    after, web = core.restarted(), MemoryWeb({URL: DATA})
    assert sweep(after.store).leases == 1
    with laned(after, web) as lane:
        assert resume(after.store, lane) == 2
    done = after.transfer("m1")
    assert done.state == "STORED"
    assert done.receipt is not None
    assert after.get(done.receipt.container) == DATA
    assert (after.transfer("p1").state, web.pages["http://other.example/"]) == ("STORED", DATA)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("writes", [1, 2])
def test_a_database_too_busy_for_a_movement_only_delays_it(
    core: Core, writes: int, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write fails, taking the lease or noting the failure, and whether it was done all the same."""
    lane, write, calls = Lane(lambda transfer: None), core.store.catalogue.write, itertools.count(1)
    import_data(core.store, MemoryWeb(), lane, MANAGER, request())
    lane.drain()
    lane.close()

    def busy(fn: Callable[[Records], R]) -> R:
        last = next(calls) == writes
        if last and not committed:
            raise ServiceBusy("locked")
        answer = write(fn)
        if last:
            raise ServiceBusy("no answer")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(core.store.catalogue, "write", busy)
        with pytest.raises(ServiceBusy):
            run(core.store, MemoryWeb(), "m1")
    expire_due(core.store)
    with laned(core, MemoryWeb({URL: DATA})) as again:
        resume(core.store, again)
    failed_before = writes == 2 and committed
    assert core.transfer("m1").state == ("FAILED" if failed_before else "STORED")
    assert core.store.flows.take_stuck() == []


def test_all_that_waits_is_resumed_however_much(core: Core, tmp_path: Path) -> None:
    done = list[str]()
    idle = Lane(lambda transfer: None)
    for number in range(250):
        import_data(core.store, MemoryWeb(), idle, MANAGER, request(transfer=f"m{number}"))
    idle.close()
    lane = Lane(done.append, threads=2)
    assert resume(core.store, lane) == 250
    lane.drain()
    lane.close()
    assert sorted(done) == sorted(f"m{number}" for number in range(250))
