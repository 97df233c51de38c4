"""Small bodies that have come wholly: the same answers as by the usual way, several in one go, each for itself."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import pytest

from filestore.backends.memory import MemoryBackend
from filestore.domain.terms import Terms
from filestore.domain.transfer import Transfer as Row
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import Catalogue, Records, StorageFailure
from filestore.services import containers
from filestore.services.exports import begin_export
from filestore.services.imports import Sent, open_upload
from filestore.services.small import Outcome, SmallBody, Unusual, store_small
from filestore.services.sweep import sweep
from filestore.services.uploads import Stored
from tests.support.filestore_core import MANAGER, Core, make_core
from vofiles.contract import (
    ContainerState,
    Digest,
    DigestAlgorithm,
    StoreCancelTransfer,
    StoreExportInit,
    Transfer,
    TransferState,
)
from vofiles.errors import (
    Busy,
    ChecksumMismatch,
    Incomplete,
    ServiceBusy,
    StoreFull,
    StoreReadOnly,
    TicketExpired,
    TicketUnknown,
    TooLarge,
    TransferEnded,
    WrongMethod,
)
from vofiles.instant import SECOND

R = TypeVar("R")
DATA = b"RA,DEC\n1.5,2.5\n" * 100


@pytest.fixture
def small() -> Core:
    return make_core(MemoryCatalogue(), MemoryBackend())


def backend_of(core: Core) -> MemoryBackend:
    assert isinstance(core.store.backend, MemoryBackend)
    return core.store.backend


def send(core: Core, *bodies: tuple[Transfer, bytes], sent: Sent | None = None) -> list[Outcome]:
    named = [SmallBody(core.token(offer), sent or Sent(len(data)), data) for offer, data in bodies]
    return store_small(core.store, backend_of(core), named)


def send_one(core: Core, offer: Transfer, data: bytes = DATA, sent: Sent | None = None) -> Outcome:
    (outcome,) = send(core, (offer, data), sent=sent)
    return outcome


def nothing_is_kept(core: Core, offer: Transfer) -> None:
    """As if it had not been sent: the same address takes the bytes."""
    assert list(core.store.backend.numbers()) == []
    assert core.transfer(offer.transfer).state == TransferState.OFFERED
    assert isinstance(send_one(core, offer), Stored)


def row_of(core: Core, offer: Transfer) -> Row:
    found = core.store.catalogue.read(lambda records: records.find_transfer(offer.transfer))
    assert found is not None
    return found


def test_what_is_stored_is_what_an_upload_would_have_stored(small: Core) -> None:
    first, second = small.offer(content_type="text/csv"), small.offer(content_type="text/csv")
    outcome, usual = send_one(small, first), small.put(small.token(second), DATA)
    assert isinstance(outcome, Stored)
    same = replace(outcome.receipt, transfer=usual.receipt.transfer, container=usual.receipt.container)
    assert same == usual.receipt
    assert small.get(outcome.receipt.container) == DATA
    assert small.container_state(outcome.receipt.container) == ContainerState.COMPLETE
    one, other = (row_of(small, each) for each in (first, second))
    assert replace(one, transfer="", container="", fingerprint="", receipt=None) == replace(
        other, transfer="", container="", fingerprint="", receipt=None
    )
    told = small.store.catalogue.read(lambda records: [records.has_outgoing(each.transfer) for each in (first, second)])
    assert told == [True, True]
    assert small.wakes


def test_several_at_once_are_one_transaction_and_each_has_its_own_outcome(small: Core) -> None:
    writes: list[None] = []
    catalogue = small.store.catalogue

    class Counting:
        read = catalogue.read

        def write(self, fn: Callable[[Records], object]) -> object:
            writes.append(None)
            return catalogue.write(fn)

    core = replace(small, store=replace(small.store, catalogue=Counting()))  # type: ignore[arg-type]
    offers = [small.offer(size=len(DATA)) for _ in range(5)]
    other = small.offer(size=3)
    outcomes = send(core, *((offer, DATA) for offer in offers), (other, DATA))
    assert [type(each) for each in outcomes] == [*[Stored] * 5, TooLarge]
    assert len(writes) == 1
    assert len({each.receipt.container for each in outcomes if isinstance(each, Stored)}) == 5
    assert core.transfer(other.transfer).state == TransferState.OFFERED


SHA = Digest(DigestAlgorithm.SHA256, "0" * 64)


@pytest.mark.parametrize(
    ("told", "data", "sent", "error"),
    [
        ({"size": 10}, b"x" * 11, None, TooLarge),
        ({"size": 10}, b"x" * 9, None, Incomplete),
        ({"maximum_size": 10}, b"x" * 11, None, TooLarge),
        ({"digests": (SHA,)}, DATA, None, ChecksumMismatch),
        ({}, DATA, Sent(len(DATA), digests=(SHA,)), ChecksumMismatch),
    ],
)
def test_a_promise_that_is_broken(
    small: Core, told: dict[str, object], data: bytes, sent: Sent | None, error: type[Exception]
) -> None:
    offer = small.offer(**told)  # type: ignore[arg-type]
    assert isinstance(send_one(small, offer, data, sent), error)
    assert list(small.store.backend.numbers()) == []
    assert small.transfer(offer.transfer).state == TransferState.OFFERED


def test_tickets_that_are_good_for_nothing(small: Core) -> None:
    offer, gone = small.offer(), small.offer()
    containers.cancel_transfer(small.store, MANAGER, StoreCancelTransfer(gone.transfer))
    unknown = SmallBody("none", Sent(1), b"x")
    assert isinstance(store_small(small.store, backend_of(small), [unknown])[0], TicketUnknown)
    assert isinstance(send_one(small, gone), TransferEnded)
    small.clock.move(small.store.terms.ticket_lifetime + SECOND)
    assert isinstance(send_one(small, offer), TicketExpired)


def test_a_ticket_of_the_other_method(small: Core) -> None:
    stored = small.stored(DATA)
    small.get(stored.receipt.container)
    request = StoreExportInit("out", MANAGER, stored.receipt.container)
    offer = begin_export(small.store, MANAGER, request).transfer
    assert isinstance(send_one(small, offer), WrongMethod)


def test_what_is_not_so_simple_goes_the_usual_way(small: Core) -> None:
    stored = small.stored(DATA)
    offer = small.offer()
    assert isinstance(send_one(small, offer), Stored)
    # Again, and behind another one.
    assert isinstance(send_one(small, offer), Unusual)
    assert isinstance(send_one(small, small.append(stored.receipt.container)), Unusual)


def test_of_two_at_once_one_is_taken(small: Core) -> None:
    offer, later = small.offer(), small.offer()
    first, second = send(small, (offer, DATA), (offer, DATA))
    assert (type(first), type(second)) == (Stored, Busy)
    # While bytes come the usual way, and the other way round.
    upload = open_upload(small.store, small.token(later), Sent(len(DATA)))
    assert isinstance(send_one(small, later), Busy)
    upload.abort()
    assert small.store.flows.claim(later.transfer)
    with pytest.raises(Busy):
        open_upload(small.store, small.token(later), Sent(len(DATA)))
    assert isinstance(send_one(small, later), Busy)
    small.store.flows.release(later.transfer)
    assert isinstance(send_one(small, later), Stored)


def test_of_many_threads_exactly_one_is_taken(small: Core) -> None:
    offer = small.offer()
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(send_one(small, offer))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = [type(each) for each in outcomes]
    assert kinds.count(Stored) == 1
    assert set(kinds) <= {Stored, Busy, Unusual}


def test_no_room_is_told_to_those_whom_it_concerns() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(capacity=len(DATA) + 10), terms=Terms(reserve=0))
    first, second, third = (core.offer() for _ in range(3))
    outcomes = send(core, (first, DATA), (second, DATA), (third, b"small"))
    assert isinstance(outcomes[0], Stored)
    assert isinstance(outcomes[1], StoreFull)
    assert core.transfer(second.transfer).state == TransferState.OFFERED


def test_a_failing_medium_fails_all_and_ends_writing(small: Core) -> None:
    class Failing(MemoryBackend):
        def add_all(self, *given: object) -> set[str]:
            raise StorageFailure("EIO")

    failing = Failing()
    core = replace(small, store=replace(small.store, backend=failing))
    outcomes = send(core, (core.offer(), DATA), (core.offer(), DATA))
    assert [type(each) for each in outcomes] == [StorageFailure, StorageFailure]
    assert core.store.health.failure is not None
    kept = replace(core, store=replace(core.store, backend=small.store.backend))
    with pytest.raises(StoreReadOnly):
        kept.offer()


class Breaking:
    """A catalogue whose next write goes wrong, done or not; then only who holds a row learns how it ended: who reads it
    does not wait for a commit that is still under way.
    """

    def __init__(self, inner: Catalogue, error: Exception, *, done: bool) -> None:
        self._inner, self._error, self._done = inner, error, done
        self._broken = False
        self.read = inner.read

    def write(self, fn: Callable[[Records], object]) -> object:
        if self._broken:
            return self._inner.write(fn)
        self._broken = True
        self.read = self._read_too_early
        if self._done:
            self._inner.write(fn)
        raise self._error

    def _read_too_early(self, fn: Callable[[Records], R]) -> R:
        raise AssertionError("it is not known yet")


@pytest.mark.parametrize("done", [False, True])
def test_a_database_that_stops_answering(small: Core, *, done: bool) -> None:
    """It may have committed all the same: then the bytes are there, else they are not."""
    offer = small.offer()
    breaking = Breaking(small.store.catalogue, ServiceBusy("gone"), done=done)
    core = replace(small, store=replace(small.store, catalogue=breaking))  # type: ignore[arg-type]
    outcome = send_one(core, offer)
    if done:
        assert isinstance(outcome, Stored)
        assert small.get(outcome.receipt.container) == DATA
    else:
        assert isinstance(outcome, ServiceBusy)
        nothing_is_kept(small, offer)


class Lost(Breaking):
    """Once it has gone wrong nothing is answered any more; until `near` it works."""

    def __init__(self, inner: Catalogue, *, done: bool) -> None:
        super().__init__(inner, ServiceBusy("gone"), done=done)
        self.near = self._gone = False
        self.read = self._read

    def _read(self, fn: Callable[[Records], R]) -> R:
        if self._gone:
            raise OSError("disk I/O error")
        return self._inner.read(fn)

    def write(self, fn: Callable[[Records], object]) -> object:
        if not self.near:
            return self._inner.write(fn)
        if self._gone:
            raise OSError("disk I/O error")
        self._gone = True
        return super().write(fn)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("done", [False, True])
def test_a_database_that_cannot_say_whether_it_has_committed(small: Core, *, done: bool, together: bool) -> None:
    """The bytes stay, for they may count; the next start knows."""
    offer, lost = small.offer(), Lost(small.store.catalogue, done=done)
    core = replace(small, store=replace(small.store, catalogue=lost))  # type: ignore[arg-type]
    if together:
        lost.near = True
        assert isinstance(send_one(core, offer), ServiceBusy)
    else:
        upload = open_upload(core.store, core.token(offer), Sent(len(DATA)))
        upload.write(DATA)
        lost.near = True
        with pytest.raises(ServiceBusy):
            upload.complete()
        # As whoever brings the bytes does then, and has logged what the database says to it.
        with suppress(OSError):
            upload.abort()
    assert len(list(small.store.backend.numbers())) == 1
    after = small.restarted()
    swept = sweep(after.store)
    assert (swept.dropped, swept.missing) == (int(not done), 0)
    assert (after.transfer(offer.transfer).receipt is not None) is done


@pytest.mark.parametrize("done", [False, True])
def test_a_commit_of_which_nobody_knows_whether_it_holds(small: Core, *, done: bool) -> None:
    """The bytes stay until the next start, which knows."""
    offer = small.offer()
    breaking = Breaking(small.store.catalogue, RuntimeError("fsync"), done=done)
    core = replace(small, store=replace(small.store, catalogue=breaking))  # type: ignore[arg-type]
    assert isinstance(send_one(core, offer), StorageFailure)
    assert core.store.health.failure is not None
    after = small.restarted()
    swept = sweep(after.store)
    assert (swept.dropped, swept.missing) == (int(not done), 0)
    assert len(list(after.store.backend.numbers())) == int(done)


def test_what_changed_meanwhile_takes_the_bytes_back(small: Core) -> None:
    offer = small.offer()

    class Cancelling(MemoryBackend):
        def add_all(self, *given: object) -> set[str]:
            containers.cancel_transfer(small.store, MANAGER, StoreCancelTransfer(offer.transfer))
            return set(super().add_all(*given))  # type: ignore[arg-type]

    core = replace(small, store=replace(small.store, backend=Cancelling()))
    assert isinstance(send_one(core, offer), TransferEnded)
    assert list(core.store.backend.numbers()) == []
    assert core.transfer(offer.transfer).state == TransferState.CANCELLED


def test_what_an_attempt_has_left_goes_the_usual_way(small: Core) -> None:
    offer = small.offer()
    assert offer.container is not None
    writer = small.store.backend.create(offer.container.fragment, None)
    writer.write(b"half")
    writer.keep()
    writer.close()
    assert isinstance(send_one(small, offer), Unusual)
    assert small.get(small.put(small.token(offer), DATA).receipt.container) == DATA
