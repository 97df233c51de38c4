"""What time alone ends."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from filestore.ports import Records
from filestore.services import callbacks, expiry
from filestore.services.containers import delete_container
from filestore.services.copies import duplicate
from filestore.services.endings import take_back
from filestore.services.expiry import Expired, expire_due
from filestore.services.exports import begin_export
from filestore.services.imports import Sent, open_upload
from filestore.services.lane import Lane
from filestore.services.moves import import_data
from filestore.services.uploads import Upload
from tests.support.filestore_core import DAVE, MANAGER, NODE, Core, MemoryWeb
from vofiles.contract import DeleteContainer, Duplicate, StoreExportInit, StoreImportData, TransferFailed
from vofiles.errors import ServiceBusy, TicketExpired, TransferNotFound

DATA = b"abc" * 100
R = TypeVar("R")


def outgoing(core: Core) -> list[str]:
    return [row.transfer for row in callbacks.list_due(core.store, core.clock.now, 200)]


def acknowledge_all(core: Core) -> None:
    for row in callbacks.list_due(core.store, core.clock.now, 1000):
        callbacks.acknowledge(core.store, row.id)


def test_an_offer_nobody_took_expires_and_is_called_back(core: Core) -> None:
    offer = core.offer("t1")
    core.clock.move(core.store.terms.ticket_lifetime)
    assert expire_due(core.store) == Expired()
    core.clock.move(1)
    assert expire_due(core.store) == Expired(transfers=1)
    assert core.transfer("t1").state == "EXPIRED"
    assert offer.container is not None
    assert core.container_state(offer.container) == "DELETED"
    message = callbacks.message_of(core.store, "t1")
    assert isinstance(message, TransferFailed)
    assert (message.state, message.failure.name, outgoing(core)) == ("EXPIRED", "TicketExpired", ["t1"])
    with pytest.raises(TicketExpired):
        open_upload(core.store, core.token(offer), Sent())
    assert expire_due(core.store) == Expired()


def test_more_than_a_page_expires_at_once(core: Core) -> None:
    for number in range(205):
        core.offer(f"t{number}")
    core.clock.move(core.store.terms.ticket_lifetime + 1)
    assert expire_due(core.store).transfers == 205


def test_an_export_ends_silently(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    begin_export(core.store, MANAGER, StoreExportInit("x1", MANAGER, receipt.container))
    acknowledge_all(core)
    core.clock.move(core.store.terms.ticket_lifetime + 1)
    assert expire_due(core.store).transfers == 1
    assert core.transfer("x1").state == "EXPIRED"
    assert outgoing(core) == []
    assert core.get(receipt.container) == DATA


def test_a_request_that_was_never_run_expires(core: Core) -> None:
    lane = Lane(lambda transfer: None)
    request = StoreImportData("m1", MANAGER, NODE, DAVE, "http://x.example/")
    import_data(core.store, MemoryWeb(), lane, MANAGER, request)
    lane.close()
    core.clock.move(core.store.terms.longest_transfer + 1)
    assert expire_due(core.store).transfers == 1
    assert core.transfer("m1").state == "EXPIRED"
    assert outgoing(core) == ["m1"]


def test_an_upload_beyond_the_hard_cap_stops_and_its_offer_expires(core: Core) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    core.clock.move(core.store.terms.ticket_lifetime + 1)
    assert expire_due(core.store) == Expired()
    core.clock.move(core.store.terms.longest_transfer)
    assert expire_due(core.store) == Expired()
    with pytest.raises(TicketExpired):
        upload.write(b"abc")
    upload.abort()
    assert expire_due(core.store).transfers == 1
    assert core.transfer("t1").state == "EXPIRED"


def test_a_lease_of_another_process_that_died_is_taken_back_at_the_hard_cap(core: Core) -> None:
    open_upload(core.restarted().store, core.token(core.offer("t1")), Sent())
    core.clock.move(core.store.terms.longest_transfer + 1)
    done = expire_due(core.store)
    assert (done.leases, done.transfers) == (1, 1)
    assert core.transfer("t1").state == "EXPIRED"


def test_a_lease_that_could_not_be_given_back_is_later(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(b"abc")

    def busy(fn: Callable[[Records], R]) -> R:
        raise ServiceBusy("locked")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.catalogue, "write", busy)
        upload.abort()
        with pytest.raises(ServiceBusy):
            expire_due(core.store)
    assert core.transfer("t1").state == "RECEIVING"
    assert expire_due(core.store).leases == 1
    assert core.put(core.token(offer), DATA).receipt.size == len(DATA)


def test_whatever_fails_the_lease_is_given_back_later(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())

    def broken(fn: Callable[[Records], R]) -> R:
        raise RuntimeError("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.catalogue, "write", broken)
        with pytest.raises(RuntimeError):
            upload.abort()
    assert core.transfer("t1").state == "RECEIVING"
    assert expire_due(core.store).leases == 1
    assert core.put(core.token(offer), DATA).receipt.size == len(DATA)


def test_a_lease_that_never_can_be_given_back_holds_up_nothing_else(
    core: Core, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Something is wrong with the first one's row: the others of that turn are given back, what is due expires."""
    for transfer in ("t0", "t1", "t2"):
        upload = open_upload(core.store, core.token(core.offer(transfer)), Sent())
        assert isinstance(upload, Upload)
        core.store.flows.add_stuck(upload.lease, transfer)
    core.offer("t3")
    core.clock.move(core.store.terms.ticket_lifetime + 1)

    def fail(records: Records, transfer: str, *rest: Any) -> object:
        if transfer == "t0":
            raise RuntimeError("what no code expects")
        return take_back(records, transfer, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(expiry, "take_back", fail)
        for done in (Expired(leases=2, transfers=3), Expired()):
            assert expire_due(core.store) == done
            assert [core.transfer(f"t{number}").state for number in range(4)] == ["RECEIVING"] + ["EXPIRED"] * 3
    assert len([each for each in caplog.records if "t0" in each.getMessage()]) == 2
    # Kept, so that it goes as soon as it can.
    assert expire_due(core.store) == Expired(leases=1, transfers=1)


def test_bytes_that_cannot_be_dropped_do_not_keep_the_lease(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = open_upload(core.store, core.token(core.offer("t1")), Sent())
    assert isinstance(upload, Upload)

    def broken(writer: object) -> None:
        raise OSError(5, "the test's disk")

    with monkeypatch.context() as patch:
        patch.setattr(type(upload._writer), "abort", broken)
        with pytest.raises(OSError, match="the test's disk"):
            upload.abort()
    assert core.transfer("t1").state == "OFFERED"
    assert core.store.flows.find(upload.lease) is None


def test_a_busy_database_at_the_end_of_an_upload_loses_nothing(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(DATA)
    write = core.store.catalogue.write

    def committed_but_silent(fn: Callable[[Records], R]) -> R:
        patch.undo()
        write(fn)
        raise ServiceBusy("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.catalogue, "write", committed_but_silent)
        stored = upload.complete()
    assert core.get(stored.receipt.container) == DATA


def test_a_busy_database_at_the_end_of_an_upload_gives_the_lease_back(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(DATA)

    def busy(fn: Callable[[Records], R]) -> R:
        raise ServiceBusy("locked")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.catalogue, "write", busy)
        with pytest.raises(ServiceBusy):
            upload.complete()
    assert expire_due(core.store).leases == 1
    assert core.put(core.token(offer), DATA).receipt.size == len(DATA)


def test_when_nobody_can_tell_the_bytes_stay(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = open_upload(core.store, core.token(core.offer("t1")), Sent())
    upload.write(DATA)
    write = core.store.catalogue.write

    def committed_but_silent(fn: Callable[[Records], R]) -> R:
        write(fn)
        raise ServiceBusy("no answer")

    def silent(fn: Callable[[Records], R]) -> R:
        raise ServiceBusy("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.catalogue, "write", committed_but_silent)
        patch.setattr(core.store.catalogue, "read", silent)
        with pytest.raises(ServiceBusy):
            upload.complete()
    expire_due(core.store)
    receipt = core.transfer("t1").receipt
    assert receipt is not None
    assert core.get(receipt.container) == DATA


def test_what_ended_is_forgotten_after_the_grace_period_and_the_bytes_stay(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    core.offer("t1")
    core.clock.move(core.store.terms.ticket_lifetime + 1)
    expire_due(core.store)
    core.clock.move(core.store.terms.grace)
    assert expire_due(core.store).forgotten == 0
    core.clock.move(1)
    # What the FileManager has not been told yet is remembered; only the empty container of `t1` goes.
    assert expire_due(core.store).forgotten == 1
    assert core.transfer("t1").state == "EXPIRED"
    acknowledge_all(core)
    core.clock.move(core.store.terms.grace + 1)
    assert expire_due(core.store).forgotten == 2
    for name in ("t1", receipt.transfer):
        with pytest.raises(TransferNotFound):
            callbacks.message_of(core.store, name)
    assert core.get(receipt.container) == DATA


def test_a_deleted_container_is_forgotten_and_its_bytes_gone(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = core.stored(DATA).receipt
    with monkeypatch.context() as patch:
        # As if killed between the commit and the removal of the bytes.
        patch.setattr(core.store.backend, "delete", lambda number: None)
        delete_container(core.store, MANAGER, DeleteContainer(receipt.container))
    assert core.store.backend.has(receipt.container.fragment)
    core.clock.move(core.store.terms.grace + 1)
    expire_due(core.store)
    assert not core.store.backend.has(receipt.container.fragment)
    assert core.container_state(receipt.container) is None


def test_a_duplicate_that_was_broken_off_expires_silently(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = core.stored(DATA).receipt

    def failing(*arguments: object) -> None:
        raise ServiceBusy("x")

    with monkeypatch.context() as patch:
        patch.setattr(core.store.backend, "duplicate", failing)
        with pytest.raises(ServiceBusy):
            duplicate(core.store, MANAGER, Duplicate("d1", MANAGER, receipt.container, NODE, DAVE))
    acknowledge_all(core)
    core.clock.move(core.store.terms.ticket_lifetime + 1)
    assert expire_due(core.store).transfers == 1
    assert core.transfer("d1").state == "EXPIRED"
    assert outgoing(core) == []
