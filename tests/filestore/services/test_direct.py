"""Contents that clients send past the store: offered, completed, taken and collected, on memory."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from filestore.backends.memory import MemoryBackend
from filestore.domain.staging import MIB, PART
from filestore.persistence.memory import MemoryCatalogue
from filestore.services.completions import complete_transfer
from filestore.services.containers import cancel_transfer, delete_container
from filestore.services.expiry import expire_due
from filestore.services.staging import collect
from filestore.services.sweep import sweep
from tests.support.filestore_core import MANAGER, OTHER_MANAGER, make_core
from tests.support.sentpast import TERMS, Direct
from vofiles.contract import (
    DeleteContainer,
    Digest,
    StoreCancelTransfer,
    StoreCompleteTransfer,
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import (
    ChecksumMismatch,
    Incomplete,
    InvalidArgument,
    ServiceBusy,
    TicketExpired,
    TicketUnknown,
    TransferNotFound,
)
from vofiles.instant import SECOND

DATA = bytes(range(256)) * 10
BIG = 2 * PART + 7
SHA = Digest("sha-256", hashlib.sha256(DATA).hexdigest())


@pytest.fixture
def direct() -> Direct:
    return Direct()


def properties(transfer: Transfer) -> dict[str, str]:
    return {each.key: each.value for each in transfer.properties}


def test_a_content_goes_past_the_store(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA), digests=(SHA,))
    assert properties(offer) == {"transfer.complete": "required"}
    assert [endpoint.method for endpoint in offer.endpoints] == ["PUT"]
    direct.send(offer, DATA)
    begun = direct.complete(offer, SHA)
    assert (begun.state, begun.endpoints, begun.properties) == ("RECEIVING", (), ())
    assert direct.lane.waiting == 1
    assert direct.take() == 1
    done = direct.complete(offer)
    assert (done.state, done.bytes_done) == ("STORED", len(DATA))
    assert done.receipt is not None
    assert SHA in done.receipt.digests
    assert direct.core.get(done.receipt.container) == DATA
    assert [message.receipt for message in direct.told() if isinstance(message, TransferCompleted)] == [done.receipt]
    sidecar = direct.core.store.backend.find_sidecar(done.receipt.container.fragment)
    assert sidecar is not None
    assert sidecar.content.digests == done.receipt.digests
    assert (direct.staged, direct.take(), collect(direct.core.store)) == ([], 0, 0)


def test_a_large_one_goes_in_parts(direct: Direct) -> None:
    data = b"12345678" * (BIG // 8) + b"1234567"
    offer = direct.core.offer("t1", size=BIG)
    lengths = [int(endpoint.headers[0].value) for endpoint in offer.endpoints]
    assert lengths == [PART, PART, 7]
    assert offer.expiry == direct.core.clock() + TERMS.longest_transfer
    direct.send(offer, data, without=2)
    with pytest.raises(Incomplete, match=r"part 2 of 3, the 67108864 bytes from byte 67108864 on.*has not come"):
        direct.complete(offer)
    again = direct.core.offer("t1", size=BIG)
    assert (again.state, direct.asked("t1").bytes_done) == ("OFFERED", PART)
    direct.send(again, data)
    direct.complete(offer)
    direct.take()
    receipt = direct.core.transfer("t1").receipt
    assert receipt is not None
    assert receipt.size == BIG
    assert Digest("sha-256", hashlib.sha256(data).hexdigest()) in receipt.digests
    assert direct.staged == []


def test_a_medium_that_does_not_answer_hides_how_far_it_is(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=BIG)
    direct.send(offer, bytes(BIG), without=3)
    assert direct.asked("t1").bytes_done == 2 * PART

    def busy(*arguments: Any) -> Any:
        raise ServiceBusy("it does not answer")

    direct.staging.received = busy  # type: ignore[method-assign,assignment]
    told = direct.asked("t1")
    assert (told.bytes_done, len(told.endpoints)) == (0, 3)


def test_an_empty_content_does(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=0)
    with pytest.raises(Incomplete, match="has not come"):
        direct.complete(offer)
    direct.send(offer, b"")
    direct.complete(offer)
    direct.take()
    assert direct.core.transfer("t1").state == "STORED"


@pytest.mark.parametrize("told", [{}, {"maximum_size": 10}, {"size": (5 << 40) + 1}])
def test_what_cannot_go_past_comes_by_ticket(direct: Direct, told: dict[str, Any]) -> None:
    offer = direct.core.offer("t1", **told)
    assert (offer.properties, direct.staged) == ((), [])
    assert direct.core.token(offer)


def test_a_store_that_takes_bytes_itself_is_asked_in_vain() -> None:
    direct = Direct(make_core(MemoryCatalogue(), MemoryBackend()))
    offer = direct.core.offer("t1", size=3)
    assert direct.complete(offer, SHA) == offer
    direct.core.put(direct.core.token(offer), b"abc")
    assert direct.complete(offer).state == "STORED"
    assert (direct.lane.waiting, collect(direct.core.store)) == (0, 0)


def test_others_transfers_are_absent_and_digests_have_a_form(direct: Direct) -> None:
    direct.core.offer("t1", size=3)
    for caller, name in ((OTHER_MANAGER, "t1"), (MANAGER, "t2")):
        with pytest.raises(TransferNotFound):
            complete_transfer(direct.core.store, direct.lane, caller, StoreCompleteTransfer(name))
    with pytest.raises(InvalidArgument):
        complete_transfer(direct.core.store, direct.lane, MANAGER, StoreCompleteTransfer("t1", (Digest("x", "y"),)))


def test_another_length_or_other_bytes_are_refused_at_the_address(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA), digests=(SHA,))
    with pytest.raises(Incomplete):
        direct.staging.put(offer.endpoints[0].url, DATA[:-1], direct.core.clock())
    with pytest.raises(ChecksumMismatch):
        direct.staging.put(offer.endpoints[0].url, DATA[::-1], direct.core.clock())
    with pytest.raises(Incomplete):
        direct.complete(offer)


def test_other_bytes_than_told_in_the_end(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA))
    direct.send(offer, DATA[::-1])
    direct.complete(offer, SHA)
    direct.take()
    ended = direct.core.transfer("t1")
    assert (ended.state, ended.failure and ended.failure.name) == ("FAILED", "ChecksumMismatch")
    assert [type(message) for message in direct.told()] == [TransferFailed]
    assert direct.core.container_state(offer.container) == "DELETED"  # type: ignore[arg-type]
    assert (collect(direct.core.store), direct.staged) == (1, [])


def test_two_words_that_contradict_each_other_leave_it_open(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA), digests=(SHA,))
    direct.send(offer, DATA)
    with pytest.raises(ChecksumMismatch):
        direct.complete(offer, Digest("sha-256", "0" * 64))
    assert direct.complete(offer, SHA).state == "RECEIVING"


def test_said_twice_it_is_done_once(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA))
    direct.send(offer, DATA)
    assert direct.complete(offer) == direct.complete(offer)
    assert direct.lane.waiting == 1
    direct.take()
    assert direct.complete(offer).state == "STORED"
    assert (len(direct.told()), direct.lane.waiting) == (1, 1)


def test_a_ticket_beside_it_is_as_good(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=3)
    found = direct.core.store.catalogue.read(lambda records: records.find_transfer("t1"))
    assert found is not None
    by_ticket = replace(direct.core.store, staging=None).transfer_as_it_stands(found)
    direct.core.put(direct.core.token(by_ticket), b"abc")
    assert direct.complete(offer).state == "STORED"


def test_a_whole_of_which_nobody_says_that_it_is_there_is_taken(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA), digests=(SHA,))
    assert collect(direct.core.store) == 0
    assert direct.core.transfer("t1").state == "OFFERED"
    direct.send(offer, DATA)
    assert collect(direct.core.store) == 0
    assert direct.core.transfer("t1").state == "RECEIVING"
    direct.take()
    assert direct.complete(offer).state == "STORED"


def test_nobody_completes_parts(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=BIG)
    last = offer.endpoints[-1]
    direct.staging.put(last.url, bytes(7), direct.core.clock())
    assert collect(direct.core.store) == 0
    direct.core.clock.move(TERMS.longest_transfer + 1)
    with pytest.raises(TicketExpired):
        direct.complete(offer)
    with pytest.raises(TicketExpired):
        direct.staging.put(last.url, bytes(7), direct.core.clock())
    expire_due(direct.core.store)
    assert direct.complete(offer).state == "EXPIRED"
    assert (collect(direct.core.store), direct.staged) == (1, [])


@pytest.mark.parametrize("size", [len(DATA), BIG])
def test_what_was_cancelled_or_deleted_is_collected(direct: Direct, size: int) -> None:
    first, second = direct.core.offer("t1", size=size), direct.core.offer("t2", size=size)
    for offer in (first, second):
        endpoint = offer.endpoints[-1]
        direct.staging.put(endpoint.url, bytes(int(endpoint.headers[0].value)), direct.core.clock())
    cancel_transfer(direct.core.store, MANAGER, StoreCancelTransfer("t1"))
    assert second.container is not None
    delete_container(direct.core.store, MANAGER, DeleteContainer(second.container))
    assert len(direct.staged) == 2
    assert (collect(direct.core.store), direct.staged) == (2, [])
    assert [direct.complete(offer).state for offer in (first, second)] == ["CANCELLED", "CANCELLED"]
    if size == BIG:
        with pytest.raises(TicketUnknown):
            direct.staging.put(first.endpoints[0].url, bytes(PART), direct.core.clock())


def test_what_comes_after_the_end_is_collected_too(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA))
    direct.send(offer, DATA)
    direct.complete(offer)
    direct.take()
    direct.send(offer, DATA[::-1])
    assert (collect(direct.core.store), direct.staged) == (1, [])
    receipt = direct.core.transfer("t1").receipt
    assert receipt is not None
    assert direct.core.get(receipt.container) == DATA


def test_what_nobody_knows_is_left_alone_for_the_grace_period(direct: Direct) -> None:
    direct.staging.begin("unknown")
    for _ in range(2):
        assert collect(direct.core.store) == 0
        direct.core.clock.move(TERMS.grace // 2 + SECOND)
    assert (collect(direct.core.store), direct.staged) == (1, [])


def test_cancelled_while_it_is_taken(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA))
    direct.send(offer, DATA)
    direct.complete(offer)
    pieces = direct.staging.open

    def cancelled(*arguments: Any) -> Any:
        cancel_transfer(direct.core.store, MANAGER, StoreCancelTransfer("t1"))
        return pieces(*arguments)

    direct.staging.open = cancelled  # type: ignore[method-assign,assignment]
    direct.take()
    assert direct.core.transfer("t1").state == "CANCELLED"
    assert list(direct.core.store.backend.numbers()) == []
    assert (collect(direct.core.store), direct.staged) == (1, [])


def test_a_medium_that_does_not_answer_is_asked_again(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA))
    direct.send(offer, DATA)
    direct.complete(offer)
    opened = direct.staging.open

    def busy(*arguments: Any) -> Any:
        raise ServiceBusy("it does not answer")

    direct.staging.open = busy  # type: ignore[method-assign,assignment]
    direct.take()
    assert direct.core.transfer("t1").state == "RECEIVING"
    direct.staging.open = opened  # type: ignore[method-assign]
    direct.take()
    assert direct.core.transfer("t1").state == "STORED"


def test_other_bytes_sent_meanwhile_change_nothing(direct: Direct) -> None:
    offer = direct.core.offer("t1", size=len(DATA))
    direct.send(offer, DATA)
    direct.complete(offer)
    opened = direct.staging.open

    def sent_anew(*arguments: Any) -> Any:
        whole = opened(*arguments)
        direct.send(offer, DATA[::-1])
        return whole

    direct.staging.open = sent_anew  # type: ignore[method-assign,assignment]
    direct.take()
    receipt = direct.core.transfer("t1").receipt
    assert receipt is not None
    assert SHA in receipt.digests
    assert direct.core.get(receipt.container) == DATA
    assert (collect(direct.core.store), direct.staged) == (0, [])


def test_a_crash_at_each_step_of_taking_costs_nothing(direct: Direct) -> None:
    """The process is gone after so many effects on the medium; the next one goes on by itself."""
    size = 3 * MIB
    data = bytes(range(256)) * (size // 256)
    for step in ("open", "before take", "take", "drop"):
        offer = direct.core.offer(f"t-{step[:2]}", size=size)
        direct.send(offer, data)
        direct.complete(offer)
        _kill_at(direct, step)
        direct.restarted()
        sweep(direct.core.store)
        direct.take()
        collect(direct.core.store)
        done = direct.core.transfer(f"t-{step[:2]}")
        assert (done.state, direct.staged) == ("STORED", []), step
        assert done.receipt is not None
        assert direct.core.get(done.receipt.container) == data
    assert len(direct.told()) == 4


class Killed(BaseException):
    """The process is gone."""


def _kill_at(direct: Direct, step: str) -> None:
    staging, name = direct.staging, step.removeprefix("before ")
    call = getattr(staging, name)

    def die(*arguments: Any) -> Any:
        if step == name:
            call(*arguments)
        raise Killed

    setattr(staging, name, die)
    try:
        with pytest.raises(Killed):
            direct.take()
    finally:
        delattr(staging, name)
