"""importInit and the PUT that follows."""

import hashlib
import threading
from dataclasses import replace

import pytest

from filestore.backends.memory import MemoryBackend
from filestore.domain.terms import Terms
from filestore.domain.ticket import Tickets
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import Records
from filestore.services.containers import delete_container
from filestore.services.imports import Sent, begin_import, open_upload
from filestore.services.sweep import sweep
from filestore.services.uploads import Stored
from tests.support.downloads import open_download
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core, make_core
from vofiles.contract import DeleteContainer, Digest, StoreImportInit
from vofiles.errors import (
    Busy,
    ChecksumMismatch,
    Conflict,
    Incomplete,
    InvalidArgument,
    PermissionDenied,
    StoreFull,
    StoreReadOnly,
    TicketExpired,
    TicketUnknown,
    TicketUsed,
    TooLarge,
    VofilesError,
    WrongMethod,
)
from vofiles.instant import SECOND

DATA = b"SIMPLE  =                    T" * 100
SHA = Digest("sha-256", hashlib.sha256(DATA).hexdigest())


def test_an_offer_has_a_place_to_put_to(core: Core) -> None:
    offer = core.offer("t1", size=len(DATA))
    (endpoint,) = offer.endpoints
    assert (endpoint.protocol, endpoint.method) == ("HTTP", "PUT")
    assert (offer.transfer, offer.direction, offer.state, offer.bytes_done) == ("t1", "importInit", "OFFERED", 0)
    assert offer.container is not None
    assert offer.expiry == core.clock.now + core.store.terms.ticket_lifetime
    assert core.container_state(offer.container) == "EMPTY"


def test_what_was_put_is_stored_receipted_and_readable(core: Core) -> None:
    offer = core.offer("t1", content_type="image/fits")
    stored = core.put(core.token(offer), DATA)
    receipt = stored.receipt
    assert not stored.repeated
    assert (receipt.transfer, receipt.container, receipt.size) == ("t1", offer.container, len(DATA))
    assert receipt.content_type == "image/fits"
    assert receipt.created == core.clock.now
    assert SHA in receipt.digests
    assert {digest.algorithm for digest in receipt.digests} == {"sha-256", "xxh3-128"}
    assert core.get(receipt.container) == DATA
    after = core.transfer("t1")
    assert (after.state, after.receipt, after.bytes_done, after.endpoints) == ("STORED", receipt, len(DATA), ())
    assert core.wakes


def test_without_the_setting_there_is_no_sha256_unless_announced() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(), terms=Terms(reserve=0, sha256=False))
    assert [digest.algorithm for digest in core.stored(DATA).receipt.digests] == ["xxh3-128"]
    announced = core.put(core.token(core.offer(digests=(SHA,))), DATA).receipt
    assert SHA in announced.digests


def test_an_empty_file_is_one(core: Core) -> None:
    receipt = core.put(core.token(core.offer(size=0)), b"").receipt
    assert receipt.size == 0
    assert core.get(receipt.container) == b""


def test_the_senders_type_counts_where_the_file_manager_has_none(core: Core) -> None:
    sent = Sent(len(DATA), "image/fits")
    assert core.put(core.token(core.offer()), DATA, sent=sent).receipt.content_type == "image/fits"
    assert core.put(core.token(core.offer(content_type="a/b")), DATA, sent=sent).receipt.content_type == "a/b"


def test_a_repeated_request_has_the_same_answer(core: Core) -> None:
    offer = core.offer("t1", size=3)
    core.clock.move(SECOND)
    assert core.offer("t1", size=3) == offer
    core.put(core.token(offer), b"abc")
    assert core.offer("t1", size=3).state == "STORED"


def test_the_same_id_with_other_arguments_is_a_conflict(core: Core) -> None:
    core.offer("t1", size=3)
    with pytest.raises(Conflict):
        core.offer("t1", size=4)


def test_another_file_managers_id_is_a_conflict(core: Core) -> None:
    core.offer("t1", size=3)
    with pytest.raises(Conflict):
        begin_import(core.store, OTHER_MANAGER, StoreImportInit("t1", OTHER_MANAGER, NODE, DAVE, size=3))


def test_nobody_else_is_called_back(core: Core) -> None:
    with pytest.raises(PermissionDenied):
        begin_import(core.store, OTHER_MANAGER, core.request())


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (StoreImportInit("t.1", MANAGER, NODE, DAVE), InvalidArgument),
        (StoreImportInit("t1", MANAGER, NODE, DAVE, size=-1), InvalidArgument),
        (StoreImportInit("t1", MANAGER, NODE, DAVE, maximum_size=-1), InvalidArgument),
        (StoreImportInit("t1", MANAGER, NODE, DAVE, size=3, maximum_size=2), TooLarge),
        (StoreImportInit("t1", MANAGER, NODE, DAVE, size=10**7), TooLarge),
        (StoreImportInit("t1", MANAGER, NODE, DAVE, digests=(Digest("crc", "0"),)), InvalidArgument),
    ],
)
def test_what_cannot_be_is_refused(request_: StoreImportInit, error: type[VofilesError]) -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(), terms=Terms(reserve=0, maximum_size=10**6))
    with pytest.raises(error):
        begin_import(core.store, MANAGER, request_)


def test_there_must_be_room() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(capacity=1000), terms=Terms(reserve=100))
    with pytest.raises(StoreFull):
        core.offer(size=901)
    assert core.stored(bytes(900)).receipt.size == 900
    with pytest.raises(StoreFull):
        core.offer(size=1)


def test_a_store_that_fills_up_meanwhile_drops_what_came() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(capacity=1000))
    offer = core.offer("t1")
    with pytest.raises(StoreFull):
        core.put(core.token(offer), bytes(3000), sent=Sent())
    assert list(core.store.backend.numbers()) == []
    assert core.transfer("t1").state == "OFFERED"
    assert core.put(core.token(offer), bytes(10)).receipt.size == 10


def test_what_nobody_knows_the_size_of_leaves_the_reserve_alone() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(capacity=3000), terms=Terms(reserve=1000))
    with pytest.raises(StoreFull):
        core.put(core.token(core.offer()), bytes(2001), sent=Sent())
    assert core.store.left() == 2000
    assert core.put(core.token(core.offer()), bytes(2000), sent=Sent()).receipt.size == 2000


@pytest.mark.parametrize("length", [2, 4])
def test_a_length_that_differs_from_the_announced_is_refused_before_a_byte(core: Core, length: int) -> None:
    offer = core.offer("t1", size=3)
    with pytest.raises(TooLarge if length > 3 else Incomplete):
        open_upload(core.store, core.token(offer), Sent(length))
    assert core.transfer("t1").state == "OFFERED"


@pytest.mark.parametrize("data", [b"ab", b"abcd"])
def test_chunks_that_differ_from_the_announced_size_are_dropped(core: Core, data: bytes) -> None:
    offer = core.offer("t1", size=3)
    with pytest.raises((TooLarge, Incomplete)):
        core.put(core.token(offer), data, sent=Sent())
    assert list(core.store.backend.numbers()) == []
    assert core.put(core.token(offer), b"abc").receipt.size == 3


def test_more_than_the_maximum_is_refused(core: Core) -> None:
    offer = core.offer(maximum_size=3)
    with pytest.raises(TooLarge):
        core.put(core.token(offer), b"abcd", sent=Sent())
    with pytest.raises(TooLarge):
        open_upload(core.store, core.token(offer), Sent(4))
    assert core.put(core.token(offer), b"ab").receipt.size == 2


def test_fewer_bytes_than_the_sender_announced_are_incomplete(core: Core) -> None:
    with pytest.raises(Incomplete):
        core.put(core.token(core.offer()), b"ab", sent=Sent(3))


@pytest.mark.parametrize("by_sender", [False, True])
def test_a_digest_that_does_not_match_drops_the_bytes(core: Core, by_sender: bool) -> None:
    offer = core.offer("t1", digests=() if by_sender else (SHA,))
    sent = Sent(len(DATA), digests=(SHA,) if by_sender else ())
    with pytest.raises(ChecksumMismatch):
        core.put(core.token(offer), DATA[:-1] + b"!", sent=sent)
    assert core.transfer("t1").state == "OFFERED"
    assert offer.container is not None
    assert core.container_state(offer.container) == "EMPTY"
    assert list(core.store.backend.numbers()) == []
    assert core.put(core.token(offer), DATA, sent=sent).receipt.size == len(DATA)


def test_a_broken_connection_gives_the_lease_back(core: Core) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent(10))
    upload.write(b"abc")
    half = core.transfer("t1")
    assert (half.state, half.bytes_done) == ("RECEIVING", 3)
    assert offer.container is not None
    assert core.container_state(offer.container) == "RECEIVING"
    upload.abort()
    upload.abort()
    assert core.transfer("t1").state == "OFFERED"
    assert core.container_state(offer.container) == "EMPTY"
    assert core.put(core.token(offer), DATA).receipt.size == len(DATA)


def test_of_two_at_once_one_is_busy(core: Core) -> None:
    token = core.token(core.offer())
    first = open_upload(core.store, token, Sent())
    with pytest.raises(Busy):
        open_upload(core.store, token, Sent())
    first.write(b"abc")
    assert first.complete().receipt.size == 3


def test_of_many_at_once_exactly_one_is_taken(core: Core) -> None:
    token = core.token(core.offer("t1"))
    ready, outcomes = threading.Barrier(8), list[str]()

    def put() -> None:
        ready.wait()
        try:
            upload = open_upload(core.store, token, Sent())
        except Busy:
            outcomes.append("busy")
        else:
            outcomes.append(str(upload.size))

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["0", *["busy"] * 7]


def test_the_same_bytes_again_have_the_same_receipt(core: Core) -> None:
    token = core.token(core.offer("t1", size=len(DATA)))
    first = core.put(token, DATA)
    core.clock.move(SECOND)
    assert core.put(token, DATA, piece=7) == Stored(first.receipt, repeated=True)
    assert core.put(token, DATA, sent=Sent()) == Stored(first.receipt, repeated=True)
    assert core.transfer("t1").state == "STORED"


@pytest.mark.parametrize("other", [DATA[:-1] + b"!", DATA[:-1], DATA + b"!", b""])
@pytest.mark.parametrize("told", [False, True])
def test_other_bytes_on_a_used_ticket_are_refused(core: Core, other: bytes, told: bool) -> None:
    token = core.token(core.offer("t1"))
    first = core.put(token, DATA).receipt
    with pytest.raises(TicketUsed):
        core.put(token, other, sent=Sent(len(other) if told else None))
    assert core.get(first.container) == DATA


@pytest.mark.parametrize("opened_before", [False, True])
def test_bytes_that_were_deleted_are_not_acknowledged_again(core: Core, opened_before: bool) -> None:
    token = core.token(core.offer("t1"))
    container = core.put(token, DATA).receipt.container
    if opened_before:
        again = open_upload(core.store, token, Sent())
        again.write(DATA)
        delete_container(core.store, MANAGER, DeleteContainer(container))
        with pytest.raises(TicketUnknown):
            again.complete()
    else:
        delete_container(core.store, MANAGER, DeleteContainer(container))
        with pytest.raises(TicketUnknown):
            open_upload(core.store, token, Sent())


def test_an_abort_that_comes_late_leaves_the_next_lease_alone(core: Core) -> None:
    token = core.token(core.offer("t1"))
    first = open_upload(core.store, token, Sent())
    after = core.restarted()
    sweep(after.store)
    second = open_upload(after.store, token, Sent())
    first.abort()
    assert core.transfer("t1").state == "RECEIVING"
    second.write(DATA)
    assert after.get(second.complete().receipt.container) == DATA


def test_a_ticket_expires_for_the_start_only(core: Core) -> None:
    token, late = core.token(core.offer()), core.token(core.offer("late"))
    upload = open_upload(core.store, token, Sent())
    core.clock.move(core.store.terms.ticket_lifetime + 1)
    upload.write(b"abc")
    assert upload.complete().receipt.size == 3
    with pytest.raises(TicketExpired):
        open_upload(core.store, late, Sent())


def test_the_hard_cap_ends_an_upload(core: Core) -> None:
    token = core.token(core.offer("t1"))
    upload = open_upload(core.store, token, Sent())
    upload.write(b"abc")
    core.clock.move(core.store.terms.longest_transfer + 1)
    with pytest.raises(TicketExpired):
        upload.write(b"def")
    with pytest.raises(TicketExpired):
        upload.complete()
    assert core.transfer("t1").state == "OFFERED"
    assert list(core.store.backend.numbers()) == []


def test_repeats_end_with_the_hard_cap(core: Core) -> None:
    token = core.token(core.offer())
    core.put(token, DATA)
    core.clock.move(core.store.terms.longest_transfer)
    assert core.put(token, DATA).repeated
    core.clock.move(1)
    with pytest.raises(TicketExpired):
        core.put(token, DATA)


def test_unknown_tickets_and_those_of_another_method(core: Core) -> None:
    token = core.token(core.offer("t1"))
    other = replace(core.store, tickets=Tickets(b"another secret of at least 32 bytes"))
    with pytest.raises(TicketUnknown):
        open_upload(other, token, Sent())
    with pytest.raises(TicketUnknown):
        open_upload(core.store, token.replace("t1", "t2"), Sent())
    with pytest.raises(WrongMethod):
        open_download(core.store, token)


def test_a_ticket_of_an_older_epoch_is_worth_nothing(core: Core) -> None:
    token = core.token(core.offer("t1"))
    core.store.catalogue.write(_next_epoch)
    with pytest.raises(TicketUnknown):
        open_upload(core.store, token, Sent())


def _next_epoch(records: Records) -> None:
    transfer = records.hold_transfer("t1")
    assert transfer is not None
    records.set_transfer(replace(transfer, epoch=2))


def test_a_store_whose_disk_failed_takes_nothing_new(core: Core) -> None:
    token = core.token(core.offer("t1"))
    kept = core.stored(DATA).receipt
    core.store.health.fail("fsync: EIO")
    with pytest.raises(StoreReadOnly):
        core.offer()
    with pytest.raises(StoreReadOnly):
        open_upload(core.store, token, Sent())
    assert core.transfer("t1").state == "OFFERED"
    assert core.get(kept.container) == DATA
