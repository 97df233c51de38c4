"""Transfers under way: the pull, cancelling, waiting, and what becomes of those that nobody ends."""

from collections.abc import Callable

import pytest

from filemanager.config import JobTerms, Terms
from filemanager.domain.caller import Caller
from filemanager.domain.transfer import Transfer
from filemanager.services.settlement import Settlements
from filestore.services.expiry import expire_due
from tests.support.filemanager import CAMBRIDGE, World, store_of
from vofiles.contract import BundleHints, Delete, ExportInit, GetNode, ImportData, ListChildren, TransferState
from vofiles.errors import StoreUnreachable, TransferEnded, TransferNotFound, VofilesError
from vofiles.instant import Instant

DAY = 86_400


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def kept(world: World, number: str) -> Transfer:
    found = world.database.read(lambda tx: tx.transfers.find_transfer(number))
    assert found is not None
    return found


def asked(world: World) -> int:
    return world.stores.asked.count(("getProperties", CAMBRIDGE))


# --- the pull ---


def test_who_reads_the_node_after_a_put_sees_what_was_put(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.send(offer, b"no callback came")
    assert world.node(dave, file).size == 16
    assert world.get(dave, file) == b"no callback came"
    assert world.stores.deliver(world.desk) == 1
    assert world.node(dave, file).version == 1
    assert world.changes().count("import") == 1


def test_who_reads_the_transfer_does_too(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.send(offer, b"no callback came")
    answer = world.desk.transfers.get_transfer(dave, offer.transfer)
    assert answer.transfer.state == TransferState.COMPLETED
    assert answer.transfer.receipt is not None
    assert answer.node is not None
    assert (answer.transfer.receipt.size, answer.node.version) == (16, 1)


def test_a_transfer_that_has_ended_is_looked_up_once(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.desk.outcomes.complete(store_of(offer), world.send(offer, b"here"))
    reads, read = 0, world.database.read

    def counted(fn: Callable[..., object]) -> object:
        nonlocal reads
        reads += 1
        return read(fn)

    monkeypatch.setattr(world.database, "read", counted)
    answer = world.desk.transfers.get_transfer(dave, offer.transfer)
    assert (answer.transfer.state, answer.node is not None) == (TransferState.COMPLETED, True)
    assert reads == 1


def test_a_store_is_asked_shortly_and_once_a_second_at_most(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    for _ in range(5):
        world.node(dave, file)
        world.desk.transfers.get_transfer(dave, offer.transfer)
    assert asked(world) == 1
    assert world.stores.patience[-1] == world.terms.pull_timeout == 0.25
    world.watch.seconds += 0.99
    world.node(dave, file)
    assert asked(world) == 1
    world.watch.seconds += 0.02
    world.node(dave, file)
    assert asked(world) == 2


def test_listings_ask_nobody(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.offer(dave, file)
    world.desk.nodes.list_children(dave, ListChildren(world.home(dave)))
    world.desk.nodes.get_node(dave, GetNode(world.home(dave), BundleHints(depth=-1)))
    assert asked(world) == 0


def test_a_store_that_does_not_answer_hinders_no_reader(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.stores[CAMBRIDGE].down = True
    assert world.node(dave, file).version == 0
    world.watch.seconds += 2
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.state == TransferState.OFFERED


def test_progress_and_address_are_told_while_bytes_flow(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    web = world.stores[CAMBRIDGE].web
    web.pages["http://source/a"] = b"x" * 1000
    seen: list[tuple[str, int]] = []

    def look(piece: int) -> None:
        world.watch.seconds += 2
        now = world.desk.transfers.get_transfer(dave, transfer.transfer).transfer
        seen.append((now.state, now.bytes_done))

    web.on_piece = look
    transfer = world.desk.imports.import_data(dave, ImportData(file, "http://source/a"))
    world.stores.move()
    assert seen[0] == (TransferState.RECEIVING, 0)
    assert seen[5] == (TransferState.RECEIVING, 500)
    offer = world.offer(dave, file)
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.endpoints == offer.endpoints


def test_what_a_store_has_said_is_not_taken_back_by_asking_too_soon(world: World, dave: Caller) -> None:
    """Two who watch, or a store that is late: nobody sees bytes that flow become a mere request again."""
    file = world.add_file(dave, "a")
    web = world.stores[CAMBRIDGE].web
    web.pages["http://source/a"] = b"x" * 1000
    seen: list[tuple[str, int]] = []

    def look() -> None:
        now = world.desk.transfers.get_transfer(dave, transfer.transfer).transfer
        seen.append((now.state, now.bytes_done))

    def watch(piece: int) -> None:
        if piece != 5:
            return
        for wait, down in ((2, False), (0, False), (0, True), (2, True)):
            world.watch.seconds += wait
            world.stores[CAMBRIDGE].down = down
            look()
        world.stores[CAMBRIDGE].down = False

    web.on_piece = watch
    transfer = world.desk.imports.import_data(dave, ImportData(file, "http://source/a"))
    world.stores.move()
    assert seen == [(TransferState.RECEIVING, 500)] * 4
    world.stores.deliver(world.desk)
    look()
    assert seen[-1] == (TransferState.COMPLETED, 1000)


# --- cancelling ---


def test_a_cancelled_transfers_address_is_worth_nothing(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    answer = world.desk.transfers.cancel_transfer(dave, offer.transfer)
    assert answer.transfer.state == TransferState.CANCELLED
    with pytest.raises(TransferEnded):
        world.send(offer, b"too late")
    assert world.desk.transfers.cancel_transfer(dave, offer.transfer).transfer.state == TransferState.CANCELLED
    assert world.stores.deliver(world.desk) <= 1
    assert world.node(dave, file).version == 0


def test_what_has_ended_cannot_be_cancelled(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.put(dave, file, b"done")
    with pytest.raises(TransferEnded, match="COMPLETED"):
        world.desk.transfers.cancel_transfer(dave, offer.transfer)


def test_a_store_that_has_all_bytes_knows_better(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.send(offer, b"no callback came")
    with pytest.raises(TransferEnded):
        world.desk.transfers.cancel_transfer(dave, offer.transfer)
    assert kept(world, offer.transfer).state == TransferState.COMPLETED
    assert world.get(dave, file) == b"no callback came"


def test_nothing_is_cancelled_before_its_store_has_said_so(world: World, dave: Caller) -> None:
    offer = world.offer(dave, world.add_file(dave, "a"))
    world.stores[CAMBRIDGE].down = True
    with pytest.raises(StoreUnreachable):
        world.desk.transfers.cancel_transfer(dave, offer.transfer)
    assert kept(world, offer.transfer).state == TransferState.OFFERED
    with pytest.raises(TransferNotFound):
        world.desk.transfers.cancel_transfer(dave, "0" * 26)


# --- waiting ---


def test_who_waits_is_woken_by_the_end(world: World, dave: Caller) -> None:
    offer = world.offer(dave, world.add_file(dave, "a"))
    wakes: list[str] = []
    unsubscribe = world.desk.transfers.subscribe(offer.transfer, lambda: wakes.append("first"))
    forget = world.desk.transfers.subscribe(offer.transfer, lambda: wakes.append("second"))
    forget()
    assert wakes == []
    world.send(offer, b"bytes")
    world.stores.deliver(world.desk)
    assert wakes == ["first"]
    unsubscribe()
    assert world.desk.transfers.settlements.is_quiet
    unsubscribe()


def test_who_comes_after_the_end_is_woken_at_once(world: World, dave: Caller) -> None:
    offer = world.put(dave, world.add_file(dave, "a"), b"bytes")
    wakes: list[int] = []
    world.desk.transfers.subscribe(offer.transfer, lambda: wakes.append(1))()
    assert wakes == [1]


def test_cancelling_and_deleting_wake_too(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    wakes: list[str] = []
    first, second = world.offer(dave, file), world.offer(dave, file)
    world.desk.transfers.subscribe(first.transfer, lambda: wakes.append("first"))
    world.desk.transfers.subscribe(second.transfer, lambda: wakes.append("second"))
    world.desk.transfers.cancel_transfer(dave, first.transfer)
    assert wakes == ["first"]
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    assert wakes == ["first", "second"]
    with pytest.raises(VofilesError, match="deleted"):
        world.desk.transfers.get_outcome(dave, second.transfer)


def test_a_wake_may_take_its_own_wish_back() -> None:
    settlements = Settlements()
    wakes: list[int] = []
    unsubscribers: list[Callable[[], None]] = []

    def wake() -> None:
        wakes.append(1)
        unsubscribers.pop()()

    unsubscribers.append(settlements.subscribe("x", wake))
    settlements.publish("x")
    settlements.publish("x")
    assert wakes == [1]
    assert settlements.is_quiet


# --- looking after ---


def test_an_offer_that_nobody_used_expires_by_its_stores_word(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    assert world.desk.transfers.sweep() == 0
    world.watch.seconds = world.terms.transfer_lifetime
    assert world.desk.transfers.sweep() == 1
    assert kept(world, offer.transfer).state == TransferState.OFFERED, "its store has not said that it is over"
    assert world.desk.transfers.sweep() == 0
    expire_due(world.stores[store_of(offer)].store)
    world.watch.seconds += 61
    assert world.desk.transfers.sweep() == 1
    assert kept(world, offer.transfer).state == TransferState.EXPIRED
    world.stores.deliver(world.desk)
    assert kept(world, offer.transfer).state == TransferState.EXPIRED


def test_bytes_whose_callback_was_lost_for_good_are_found(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.send(offer, b"bytes")
    world.watch.seconds = world.terms.transfer_lifetime
    assert world.desk.transfers.sweep() == 1
    assert kept(world, offer.transfer).state == TransferState.COMPLETED
    assert world.get(dave, file) == b"bytes"


def test_a_transfer_that_ended_is_kept_for_its_time_and_as_long_as_keys_and_jobs_speak_of_it() -> None:
    world = World(terms=Terms(keep_transfers=DAY, keep_keys=3 * DAY), jobs=JobTerms(keep=2 * DAY))
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    done = world.put(dave, file, b"bytes").transfer
    opened = world.offer(dave, file)
    world.watch.seconds = world.terms.transfer_lifetime + 3 * DAY
    assert world.desk.transfers.prune() == 0
    world.watch.seconds += 1
    assert world.desk.transfers.prune() == 1
    with pytest.raises(TransferNotFound):
        world.desk.transfers.get_transfer(dave, done)
    assert world.get(dave, file) == b"bytes"
    assert not kept(world, opened.transfer).has_ended


def test_exports_end_silently(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"bytes")
    export = world.desk.exports.export_init(dave, ExportInit(file)).transfer
    world.watch.seconds = world.terms.transfer_lifetime
    world.stores.asked.clear()
    assert world.desk.transfers.sweep() == 1
    assert kept(world, export.transfer).state == TransferState.EXPIRED
    assert world.stores.asked == []


class Killed(BaseException):
    """The process ends here."""


def test_a_service_killed_while_it_asked_a_store_leaves_nothing_behind(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")

    def die(operation: str) -> None:
        raise Killed

    for moment in ("before", "after"):
        setattr(world.stores, moment, die)
        with pytest.raises(Killed):
            world.offer(dave, file)
        setattr(world.stores, moment, lambda operation: None)
    first, second = world.database.read(lambda tx: tx.transfers.due_transfers(Instant(1 << 62), 10))
    assert {first.state, second.state} == {TransferState.REQUESTED}
    world.desk = world.make_desk()
    world.watch.seconds = 61
    assert world.desk.transfers.sweep() == 2
    assert kept(world, first.number).state == TransferState.EXPIRED, "the store has never heard of it"
    assert kept(world, second.number).state == TransferState.FAILED, "nobody was given its address"
    assert world.run_errands() == [("cancelTransfer", second.number)]
    assert world.desk.transfers.sweep() == 0


def test_a_store_that_is_down_is_asked_again_later(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.send(offer, b"bytes")
    world.stores[CAMBRIDGE].down = True
    world.watch.seconds = world.terms.transfer_lifetime
    assert [world.desk.transfers.sweep() for _ in range(2)] == [1, 0]
    world.stores[CAMBRIDGE].down = False
    world.watch.seconds += 60
    assert world.desk.transfers.sweep() == 1
    assert kept(world, offer.transfer).state == TransferState.COMPLETED
