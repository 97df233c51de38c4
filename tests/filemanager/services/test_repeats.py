"""Idempotency keys: a call made again is answered as the first one was, and nothing is done twice."""

from dataclasses import replace

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, World, below, store_of
from tests.support.repeating import call, dave, file, transfers, world
from vofiles.contract import (
    AddAccount,
    AddNode,
    ExportData,
    Header,
    ImportData,
    ImportInit,
    Move,
    NodeKind,
    Property,
    SetAccountProperties,
    SetProperties,
    Transfer,
    TransferState,
)
from vofiles.errors import (
    DuplicateNode,
    InvalidArgument,
    KeyReused,
    NodeNotFound,
    StoreUnreachable,
    VersionConflict,
)
from vofiles.ivorn import Ivorn, LongIdentifier

__all__ = ["dave", "file", "world"]


DAY = 86_400


# --- the tree ---


def test_a_node_is_added_once(world: World, dave: Caller) -> None:
    request = AddNode(world.home(dave), "a", NodeKind.FILE, (Property("colour", "blue"),), idempotency_key="k1")
    added = call(world, dave, request)
    world.watch.seconds += 10
    assert call(world, dave, request) == added
    assert world.changes().count("addNode") == 1
    with pytest.raises(DuplicateNode):
        call(world, dave, replace(request, idempotency_key="k2"))
    with pytest.raises(DuplicateNode):
        call(world, dave, replace(request, idempotency_key=None))


def test_the_answer_is_the_first_ones_whatever_has_come_since(world: World, dave: Caller) -> None:
    request = AddNode(world.home(dave), "a", NodeKind.FILE, idempotency_key="k")
    added = call(world, dave, request)
    node = LongIdentifier(added.identifier)
    world.desk.moves.move(dave, Move(node, name="b"))
    assert call(world, dave, request) == added
    assert world.node(dave, node).name == "b"
    with pytest.raises(NodeNotFound):
        world.node(dave, below(world.home(dave), "a"))


def test_every_change_of_the_tree_is_made_once(world: World, dave: Caller, file: LongIdentifier) -> None:
    folder = world.add_folder(dave, "f")
    requests = (
        SetProperties(file, (Property("colour", "blue"),), if_generation=1, idempotency_key="p"),
        Move(file, folder, "b", if_generation=2, idempotency_key="m"),
        SetAccountProperties(properties=(Property("x", "y"),), idempotency_key="a"),
    )
    answers = [call(world, dave, request) for request in requests]
    changes = world.changes()
    assert [call(world, dave, request) for request in requests] == answers
    assert world.changes() == changes


def test_an_account_is_added_once(world: World) -> None:
    request = AddAccount(Ivorn.parse(f"{COMMUNITY}/eve"), idempotency_key="k")
    assert call(world, OPERATOR, request) == call(world, OPERATOR, request)


def test_a_key_is_good_for_one_request(world: World, dave: Caller, file: LongIdentifier) -> None:
    call(world, dave, Move(file, name="b", idempotency_key="k"))
    with pytest.raises(KeyReused, match=r"k: that move asked for something else"):
        call(world, dave, Move(file, name="c", idempotency_key="k"))
    with pytest.raises(KeyReused, match=r"k: it was used for move"):
        call(world, dave, AddNode(world.home(dave), "b", NodeKind.FILE, idempotency_key="k"))
    with pytest.raises(KeyReused):
        call(world, dave, ImportInit(file, idempotency_key="k"))
    assert world.node(dave, file).name == "b"
    assert transfers(world) == []


def test_how_long_one_waits_is_not_what_one_asks_for(world: World, dave: Caller, file: LongIdentifier) -> None:
    first = call(world, dave, Move(file, name="b", wait=5, idempotency_key="k"))
    assert call(world, dave, Move(file, name="b", idempotency_key="k")) == first


def test_everybody_has_keys_of_their_own(world: World, dave: Caller) -> None:
    eve = world.add_account("eve")
    for caller in (dave, eve):
        call(world, caller, AddNode(world.home(caller), "a", NodeKind.FILE, idempotency_key="k"))
        assert world.node(caller, below(world.home(caller), "a")).owner == caller.account


def test_what_failed_is_not_remembered(world: World, dave: Caller, file: LongIdentifier) -> None:
    request = Move(file, name="b", idempotency_key="k")
    other = world.add_file(dave, "b")
    with pytest.raises(DuplicateNode):
        call(world, dave, request)
    call(world, dave, Move(other, name="c"))
    assert call(world, dave, request).node.name == "b"


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_keys_have_a_length(world: World, dave: Caller, file: LongIdentifier, key: str) -> None:
    for request in (Move(file, name="b", idempotency_key=key), ImportInit(file, idempotency_key=key)):
        with pytest.raises(InvalidArgument, match="idempotencyKey"):
            call(world, dave, request)
    assert world.node(dave, file).name == "a"
    assert call(world, dave, Move(file, name="b", idempotency_key="é" * 255)).node.name == "b"


def test_keys_are_kept_for_their_time(dave: Caller) -> None:
    world = World(terms=Terms(keep_keys=7 * DAY))
    dave = world.add_account("dave")
    for number in range(3):
        call(world, dave, AddNode(world.home(dave), f"a{number}", NodeKind.FILE, idempotency_key=f"k{number}"))
        world.watch.seconds += DAY
    world.watch.seconds += 4 * DAY
    assert world.desk.once.prune() == 0
    world.watch.seconds += 1
    assert world.desk.once.prune() == 1
    with pytest.raises(DuplicateNode):
        call(world, dave, AddNode(world.home(dave), "a0", NodeKind.FILE, idempotency_key="k0"))
    call(world, dave, AddNode(world.home(dave), "a1", NodeKind.FILE, idempotency_key="k1"))
    world.watch.seconds += 7 * DAY
    assert world.desk.once.prune() == 2
    assert world.desk.once.prune() == 0


# --- transfers ---


def test_a_repeated_import_is_the_same_transfer_and_endpoint(world: World, dave: Caller, file: LongIdentifier) -> None:
    request = ImportInit(file, size=3, idempotency_key="k")
    offer: Transfer = call(world, dave, request)
    again: Transfer = call(world, dave, request)
    assert again == offer
    assert again.endpoints
    assert transfers(world) == [offer.transfer]
    world.send(again, b"abc")
    assert call(world, dave, request).state in {TransferState.STORED, TransferState.COMPLETED}
    world.stores.deliver(world.desk)
    ended = call(world, dave, request)
    assert (ended.transfer, ended.state, ended.endpoints) == (offer.transfer, TransferState.COMPLETED, ())
    assert ended.receipt is not None
    assert transfers(world) == [offer.transfer]


def test_a_rename_between_does_not_matter(world: World, dave: Caller, file: LongIdentifier) -> None:
    request = ImportInit(file, if_version=0, idempotency_key="k")
    offer = call(world, dave, request)
    call(world, dave, Move(file, name="b"))
    call(world, dave, SetProperties(file, (Property("content.type", "text/plain"),)))
    assert call(world, dave, request) == offer
    world.put(dave, file, b"somebody else's")
    assert call(world, dave, request) == offer
    world.send(offer, b"late")
    world.stores.deliver(world.desk)
    assert call(world, dave, request).failure.name == "VersionConflict"
    with pytest.raises(VersionConflict):
        call(world, dave, replace(request, idempotency_key="k2"))


def test_a_store_fetches_and_sends_once(world: World, dave: Caller, file: LongIdentifier) -> None:
    web = world.stores[CAMBRIDGE].web
    web.pages["http://source/a"] = b"fetched"
    fetch = ImportData(file, "http://source/a", headers=(Header("Authorization", "secret"),), idempotency_key="f")
    begun = call(world, dave, fetch)
    assert call(world, dave, fetch).transfer == begun.transfer
    world.stores.move()
    world.stores.deliver(world.desk)
    assert call(world, dave, fetch).state == TransferState.COMPLETED
    send = ExportData(file, "http://sink/a", idempotency_key="s")
    sent = call(world, dave, send).transfer
    assert call(world, dave, send).transfer.transfer == sent.transfer
    world.stores.move()
    world.stores.deliver(world.desk)
    assert call(world, dave, send).transfer.state == TransferState.COMPLETED
    assert web.pages["http://sink/a"] == b"fetched"
    assert sorted(transfers(world)) == sorted([begun.transfer, sent.transfer])
    with pytest.raises(KeyReused):
        call(world, dave, replace(fetch, headers=()))


def test_when_nobody_agreed_a_repeat_begins_anew(world: World, dave: Caller, file: LongIdentifier) -> None:
    request = ImportInit(file, idempotency_key="k")
    for store in world.stores.stores.values():
        store.down = True
    with pytest.raises(StoreUnreachable):
        call(world, dave, request)
    failed = transfers(world)
    assert len(failed) == 2
    for store in world.stores.stores.values():
        store.down = False
    offer = call(world, dave, request)
    assert offer.state == TransferState.OFFERED
    assert len(transfers(world)) == 3
    assert call(world, dave, request) == offer
    with pytest.raises(KeyReused):
        call(world, dave, replace(request, size=1))


def test_another_stores_offer_is_the_one_that_is_repeated(world: World, dave: Caller, file: LongIdentifier) -> None:
    world.stores[CAMBRIDGE].down = True
    request = ImportInit(file, idempotency_key="k")
    offer = call(world, dave, request)
    assert store_of(offer) == LEICESTER
    world.stores[CAMBRIDGE].down = False
    assert call(world, dave, request) == offer


def test_a_process_that_ended_between_intent_and_offer_leaves_a_call_that_can_be_repeated(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    class Killed(BaseException):
        pass

    def kill(_operation: str) -> None:
        raise Killed

    request = ImportInit(file, idempotency_key="k")
    for moment in ("before", "after"):
        setattr(world.stores, moment, kill)
        with pytest.raises(Killed):
            call(world, dave, replace(request, idempotency_key=moment))
        setattr(world.stores, moment, lambda _operation: None)
        world.desk = world.make_desk()
        offer = call(world, dave, replace(request, idempotency_key=moment))
        assert offer.state == TransferState.OFFERED
        assert call(world, dave, replace(request, idempotency_key=moment)) == offer
    assert len(transfers(world)) == 2


def test_a_call_repeated_while_its_store_is_asked_gets_the_same_offer(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    request = ImportInit(file, idempotency_key="k")
    offers: list[Transfer] = []

    def repeat(operation: str) -> None:
        if operation == "importInit" and not offers:
            world.stores.before = lambda _operation: None
            offers.append(call(world, dave, request))

    world.stores.before = repeat
    offers.append(call(world, dave, request))
    assert offers[0] == offers[1]
    assert transfers(world) == [offers[0].transfer]


def test_a_first_call_that_hears_nothing_does_not_take_the_repeats_offer_away(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    request = ImportInit(file, store=CAMBRIDGE, idempotency_key="k")
    offers: list[Transfer] = []

    def repeat_and_fail(operation: str) -> None:
        if operation == "importInit" and not offers:
            world.stores.before = lambda _operation: None
            offers.append(call(world, dave, request))
            raise StoreUnreachable(CAMBRIDGE)

    world.stores.before = repeat_and_fail
    with pytest.raises(StoreUnreachable):
        call(world, dave, request)
    assert call(world, dave, request) == offers[0]
    world.send(offers[0], b"bytes")
    world.stores.deliver(world.desk)
    assert world.get(dave, file) == b"bytes"


def test_a_transfer_that_was_cancelled_is_answered_as_that(world: World, dave: Caller, file: LongIdentifier) -> None:
    request = ImportInit(file, idempotency_key="k")
    offer = call(world, dave, request)
    world.desk.transfers.cancel_transfer(dave, offer.transfer)
    assert call(world, dave, request).state == TransferState.CANCELLED
    assert transfers(world) == [offer.transfer]
