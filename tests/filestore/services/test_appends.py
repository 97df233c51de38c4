"""appendInit and the PUT of what is added."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filestore.backends.memory import MemoryBackend
from filestore.domain.terms import Terms
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import StorageFailure
from filestore.services import beginnings
from filestore.services.appends import begin_append
from filestore.services.callbacks import list_due, message_of
from filestore.services.check import check
from filestore.services.check_contents import Wish
from filestore.services.containers import cancel_transfer, delete_container
from filestore.services.expiry import expire_due
from filestore.services.imports import Sent, begin_import, open_upload
from filestore.services.manifest import manifest
from filestore.services.sweep import sweep
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core, disk_core, make_core
from tests.support.filestore_files import Failing, ShortWrites, SteppedFiles
from vofiles.contract import DeleteContainer, Digest, StoreAppendInit, StoreCancelTransfer, TransferFailed
from vofiles.errors import (
    Busy,
    ChecksumMismatch,
    Conflict,
    ContainerNotFound,
    Damaged,
    Incomplete,
    PermissionDenied,
    StoreFull,
    StoreReadOnly,
    TicketExpired,
    TicketUnknown,
    TicketUsed,
    TooLarge,
    TransferEnded,
)
from vofiles.faults import row_of
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

FIRST, MORE = b"SIMPLE  =                    T" * 100, b"END" * 50
WHOLE = FIRST + MORE
PIECES = st.lists(st.binary(max_size=300), max_size=6)
LONG_AGO = Instant(2**62)


def sha(data: bytes) -> Digest:
    return Digest("sha-256", hashlib.sha256(data).hexdigest())


@pytest.fixture
def base(core: Core) -> Ivorn:
    return core.stored(FIRST, "image/fits").receipt.container


def test_what_was_there_comes_first_and_the_receipt_is_of_the_whole(core: Core, base: Ivorn) -> None:
    offer = core.append(base, "t1", size=len(MORE))
    assert (offer.direction, offer.state, offer.endpoints[0].method) == ("appendInit", "OFFERED", "PUT")
    assert offer.container not in {None, base}
    receipt = core.put(core.token(offer), MORE).receipt
    assert (receipt.transfer, receipt.container, receipt.size) == ("t1", offer.container, len(WHOLE))
    assert receipt.content_type == "image/fits"
    assert sha(WHOLE) in receipt.digests
    assert core.get(receipt.container) == WHOLE
    assert core.get(base) == FIRST
    after = core.transfer("t1")
    # What moved is what was added.
    assert (after.state, after.receipt, after.bytes_done) == ("STORED", receipt, len(MORE))
    assert message_of(core.store, "t1").receipt == receipt  # type: ignore[union-attr]


def test_the_sidecar_the_manifest_and_the_check_know_the_whole(core: Core, base: Ivorn) -> None:
    receipt = core.put(core.token(core.append(base)), MORE).receipt
    sidecar = core.store.backend.find_sidecar(receipt.container.fragment)
    assert sidecar is not None
    assert (sidecar.content.size, sidecar.content.digests) == (len(WHOLE), receipt.digests)
    assert str(receipt.container) in {each["container"] for each in map(json.loads, manifest(core.store.backend))}
    core.clock.move(3600 * SECOND)
    pages = list(check(core.store, Wish(digests=True)))
    # Nobody has acknowledged these two; everything else is as it should be.
    assert {finding.kind for page in pages for finding in page.findings} <= {"unacknowledged"}


@settings(deadline=None)
@given(PIECES, PIECES, st.booleans())
def test_pieces_behind_pieces_make_the_whole(first: list[bytes], more: list[bytes], announced: bool) -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend())
    base, added = b"".join(first), b"".join(more)
    offer = core.append(core.stored(base).receipt.container, size=len(added) if announced else None)
    upload = open_upload(core.store, core.token(offer), Sent(digests=(sha(added),)))
    for piece in more:
        upload.write(piece)
    receipt = upload.complete().receipt
    assert core.get(receipt.container) == base + added
    assert core.stored(base + added).receipt.digests == receipt.digests
    assert core.put(core.token(offer), added, 7).repeated


def test_a_large_base_is_taken_a_stretch_at_a_time(core: Core, base: Ivorn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "PIECE", 700)
    monkeypatch.setattr(beginnings, "STRETCH", 1500)
    upload = open_upload(core.store, core.token(core.append(base)), Sent())
    assert [upload.prepare() for _ in range(4)] == [True, False, False, False]
    assert upload.size == 0
    upload.write(MORE)
    assert core.get(upload.complete().receipt.container) == WHOLE


def test_nothing_may_be_added(core: Core, base: Ivorn) -> None:
    receipt = core.put(core.token(core.append(base, size=0)), b"").receipt
    assert core.get(receipt.container) == FIRST


def test_an_appended_container_can_be_appended_to(core: Core, base: Ivorn) -> None:
    second = core.put(core.token(core.append(base)), MORE).receipt.container
    third = core.put(core.token(core.append(second)), b"!").receipt.container
    assert core.get(third) == WHOLE + b"!"


def test_what_is_announced_is_of_what_is_added(core: Core, base: Ivorn) -> None:
    offer = core.append(base, size=len(MORE))
    for wrong, error in ((MORE + b"!", TooLarge), (MORE[:-1], Incomplete)):
        with pytest.raises(error):
            core.put(core.token(offer), wrong)
        with pytest.raises(error):
            core.put(core.token(offer), wrong, sent=Sent())
    with pytest.raises(ChecksumMismatch):
        core.put(core.token(offer), MORE, sent=Sent(digests=(sha(WHOLE),)))
    assert core.transfer(offer.transfer).state == "OFFERED"
    assert core.put(core.token(offer), MORE, sent=Sent(digests=(sha(MORE),))).receipt.size == len(WHOLE)
    with pytest.raises(TooLarge):
        core.put(core.token(core.append(base, maximum_size=2)), MORE)


def test_the_largest_container_counts_what_was_there() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(), terms=Terms(reserve=0, maximum_size=len(FIRST) + 2))
    base = core.stored(FIRST).receipt.container
    with pytest.raises(TooLarge):
        core.append(base, size=3)
    with pytest.raises(TooLarge):
        core.put(core.token(core.append(base)), b"abc")
    assert core.put(core.token(core.append(base)), b"ab").receipt.size == len(FIRST) + 2


def test_room_is_needed_for_the_whole() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(2 * len(FIRST)))
    base = core.stored(FIRST).receipt.container
    with pytest.raises(StoreFull):
        core.append(base, size=1)
    assert core.put(core.token(core.append(base, size=0)), b"").receipt.size == len(FIRST)


# --- the rules of uploads ---------------------------------------------------------------------------------------------


def test_a_repeated_request_has_the_same_answer(core: Core, base: Ivorn) -> None:
    offer = core.append(base, "t1", size=3)
    assert core.append(base, "t1", size=3) == offer
    with pytest.raises(Conflict):
        core.append(base, "t1", size=4)
    with pytest.raises(Conflict):
        begin_import(core.store, MANAGER, core.request("t1", size=3))
    delete_container(core.store, MANAGER, DeleteContainer(base))
    assert core.append(base, "t1", size=3) == offer


def test_a_repeat_of_the_same_bytes_has_the_same_receipt_and_others_are_refused(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    stored = core.put(core.token(offer), MORE)
    # What it began with is not needed for that.
    delete_container(core.store, MANAGER, DeleteContainer(base))
    again = core.put(core.token(offer), MORE, sent=Sent())
    assert (again.receipt, again.repeated) == (stored.receipt, True)
    for other in (MORE[:-1], MORE + b"!", MORE[:-1] + b"!", FIRST, b""):
        for sent in (Sent(), Sent(len(other))):
            with pytest.raises(TicketUsed):
                core.put(core.token(offer), other, sent=sent)
    delete_container(core.store, MANAGER, DeleteContainer(stored.receipt.container))
    with pytest.raises(TicketUnknown):
        core.put(core.token(offer), MORE)


def test_what_is_deleted_while_it_is_compared_is_not_acknowledged(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    stored = core.put(core.token(offer), MORE)
    repeat = open_upload(core.store, core.token(offer), Sent())
    assert not repeat.prepare()
    repeat.write(MORE)
    assert repeat.size == len(MORE)
    delete_container(core.store, MANAGER, DeleteContainer(stored.receipt.container))
    with pytest.raises(TicketUnknown):
        repeat.complete()
    repeat.abort()


def test_one_at_a_time_and_a_broken_connection_gives_the_lease_back(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(MORE[:5])
    assert core.transfer(offer.transfer).bytes_done == 5
    with pytest.raises(Busy):
        open_upload(core.store, core.token(offer), Sent())
    upload.abort()
    assert core.transfer(offer.transfer).state == "OFFERED"
    assert core.get(core.put(core.token(offer), MORE).receipt.container) == WHOLE


def test_broken_off_before_all_was_there(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.abort()
    upload.abort()
    assert core.transfer(offer.transfer).state == "OFFERED"
    assert core.put(core.token(offer), MORE).receipt.size == len(WHOLE)


def test_it_expires_and_can_be_cancelled_as_any(core: Core, base: Ivorn) -> None:
    late, unwanted = core.append(base), core.append(base)
    cancel_transfer(core.store, MANAGER, StoreCancelTransfer(unwanted.transfer))
    with pytest.raises(TransferEnded):
        core.put(core.token(unwanted), MORE)
    core.clock.move(2 * 3600 * SECOND)
    with pytest.raises(TicketExpired):
        core.put(core.token(late), MORE)
    assert expire_due(core.store).transfers == 1
    assert core.transfer(late.transfer).state == "EXPIRED"
    assert {row.transfer for row in list_due(core.store, LONG_AGO, 10)} >= {late.transfer, unwanted.transfer}
    assert core.container_state(base) == "COMPLETE"


def test_cancelled_while_the_base_is_taken(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    upload = open_upload(core.store, core.token(offer), Sent())
    cancel_transfer(core.store, MANAGER, StoreCancelTransfer(offer.transfer))
    with pytest.raises(TransferEnded):
        upload.prepare()
    upload.abort()
    assert offer.container is not None
    assert not core.store.backend.has(offer.container.fragment)
    assert core.transfer(offer.transfer).state == "CANCELLED"


def test_a_crash_on_the_way_leaves_an_offer(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(MORE)
    core = core.restarted()
    swept = sweep(core.store)
    assert (swept.leases, swept.dropped, swept.missing) == (1, 1, 0)
    assert core.get(core.put(core.token(offer), MORE).receipt.container) == WHOLE


# --- the base goes, or is not what it was -----------------------------------------------------------------------------


def test_only_what_is_complete_and_ones_own_is_added_to(core: Core, base: Ivorn) -> None:
    empty = core.offer().container
    assert empty is not None
    for missing in (empty, Ivorn.parse(f"{core.store.identifier}#nothing"), Ivorn.parse("ivo://other/store#abcd")):
        with pytest.raises(ContainerNotFound):
            core.append(missing)
    request = StoreAppendInit("t1", OTHER_MANAGER, base, NODE, DAVE)
    with pytest.raises(ContainerNotFound):
        begin_append(core.store, OTHER_MANAGER, request)
    with pytest.raises(PermissionDenied):
        begin_append(core.store, MANAGER, request)


def failed(core: Core, transfer: str) -> str | None:
    """The name of what a transfer failed with, told to its FileManager too."""
    found = core.transfer(transfer)
    message = message_of(core.store, transfer)
    assert isinstance(message, TransferFailed)
    assert found.failure is not None
    assert (found.state, message.state, message.failure) == ("FAILED", "FAILED", found.failure)
    assert transfer in {row.transfer for row in list_due(core.store, LONG_AGO, 10)}
    assert found.container is not None
    assert core.container_state(found.container) == "DELETED"
    assert not core.store.backend.has(found.container.fragment)
    return found.failure.name


def test_a_base_that_went_before_the_bytes_came_ends_it(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    delete_container(core.store, MANAGER, DeleteContainer(base))
    wakes = len(core.wakes)
    with pytest.raises(ContainerNotFound):
        core.put(core.token(offer), MORE)
    assert failed(core, offer.transfer) == "ContainerNotFound"
    assert len(core.wakes) > wakes
    with pytest.raises(TransferEnded):
        core.put(core.token(offer), MORE)


def test_a_base_that_goes_meanwhile_tears_nothing(core: Core, base: Ivorn) -> None:
    upload = open_upload(core.store, core.token(core.append(base)), Sent())
    delete_container(core.store, MANAGER, DeleteContainer(base))
    upload.write(MORE)
    assert core.get(upload.complete().receipt.container) == WHOLE


def test_a_base_that_is_not_what_it_was_is_not_added_to(core: Core, base: Ivorn) -> None:
    sidecar = core.store.backend.find_sidecar(base.fragment)
    assert sidecar is not None
    for wrong in (FIRST[:-1] + b"!", FIRST[:-1], b""):
        writer = core.store.backend.create(base.fragment, None)
        writer.write(wrong)
        writer.seal(sidecar)
        writer.close()
        offer = core.append(base)
        with pytest.raises(Damaged) as refused:
            core.put(core.token(offer), MORE)
        # It is not what was sent that is wrong.
        assert row_of(refused.value).status == 500
        assert failed(core, offer.transfer) == "Damaged"


def test_a_base_whose_bytes_are_missing_ends_it(core: Core, base: Ivorn) -> None:
    offer = core.append(base)
    core.store.backend.delete(base.fragment)
    with pytest.raises(ContainerNotFound):
        core.put(core.token(offer), MORE)
    assert failed(core, offer.transfer) == "ContainerNotFound"


def test_no_room_on_the_way_is_no_end(core: Core, base: Ivorn, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = core.append(base)
    with monkeypatch.context() as patch:
        patch.setattr(core.store.backend, "free_space", lambda: 0)
        with pytest.raises(StoreFull):
            core.put(core.token(offer), MORE)
    assert core.transfer(offer.transfer).state == "OFFERED"
    assert core.put(core.token(offer), MORE).receipt.size == len(WHOLE)


# --- the file system --------------------------------------------------------------------------------------------------


def test_a_file_system_that_copies_little_at_a_time(tmp_path: Path) -> None:
    with disk_core(tmp_path, files=ShortWrites()) as core:
        base = core.stored(FIRST).receipt.container
        assert core.get(core.put(core.token(core.append(base)), MORE).receipt.container) == WHOLE


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EIO])
def test_a_file_system_that_does_not_copy_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    calls = []

    def refuse(*_: object) -> int:
        calls.append(number)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    with disk_core(tmp_path) as core:
        offer = core.append(core.stored(FIRST).receipt.container)
        if number == errno.EIO:
            with pytest.raises(StorageFailure):
                core.put(core.token(offer), MORE)
            with pytest.raises(StoreReadOnly):
                core.stored(FIRST)
        else:
            assert core.get(core.put(core.token(offer), MORE).receipt.container) == WHOLE
    assert calls


def test_a_full_disk_while_the_base_is_taken(tmp_path: Path) -> None:
    step = Failing("copy", 28)
    with disk_core(tmp_path, files=SteppedFiles(step)) as core:
        base = core.stored(FIRST).receipt.container
        offer = core.append(base)
        with pytest.raises(StoreFull):
            core.put(core.token(offer), MORE)
        assert step.failed == 1
        assert core.transfer(offer.transfer).state == "OFFERED"
        assert offer.container is not None
        assert list(core.store.backend.numbers()) == [base.fragment]
