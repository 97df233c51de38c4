"""completeTransfer: bytes that were sent past a store become content when their sender says that all are there."""

from dataclasses import replace

import pytest

from filemanager.domain.caller import Caller
from filestore.backends.memorystaging import MemoryStaging
from tests.support.filemanager import CAMBRIDGE, World
from vofiles.contract import CompleteTransfer, Digest, ImportInit, Transfer, TransferAnswer, TransferState
from vofiles.errors import Incomplete, InvalidArgument, StoreUnreachable
from vofiles.ivorn import LongIdentifier

DATA = b"past the store"


@pytest.fixture
def world() -> World:
    """One whose store has clients send past it."""
    world = World()
    local = world.stores[CAMBRIDGE]
    object.__setattr__(local.store, "staging", MemoryStaging(local.backend))
    object.__setattr__(local.store, "terms", replace(local.store.terms, direct=True))
    return world


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def file(world: World, dave: Caller) -> LongIdentifier:
    return world.add_file(dave, "a")


def offered(world: World, dave: Caller, file: LongIdentifier) -> Transfer:
    return world.desk.imports.import_init(dave, ImportInit(file, CAMBRIDGE, len(DATA)))


def send(world: World, offer: Transfer) -> None:
    staging = world.stores[CAMBRIDGE].store.staging
    assert isinstance(staging, MemoryStaging)
    staging.put(offer.endpoints[0].url, DATA, world.watch.now())


def complete(world: World, dave: Caller, offer: Transfer, *digests: Digest) -> TransferAnswer:
    return world.desk.transfers.complete_transfer(dave, CompleteTransfer(offer.transfer, digests=digests))


def asked(world: World) -> int:
    return world.stores.asked.count(("completeTransfer", CAMBRIDGE))


def test_what_the_store_offers_is_handed_on(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = offered(world, dave, file)
    assert [(each.key, each.value) for each in offer.properties] == [("transfer.complete", "required")]
    (endpoint,) = offer.endpoints
    assert [(header.name, header.value) for header in endpoint.headers] == [("Content-Length", str(len(DATA)))]
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.properties == offer.properties


def test_all_has_been_sent(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = offered(world, dave, file)
    with pytest.raises(Incomplete, match="part 1 of 1"):
        complete(world, dave, offer)
    send(world, offer)
    begun = complete(world, dave, offer).transfer
    assert (begun.state, begun.endpoints, begun.properties) == (TransferState.RECEIVING, (), ())
    world.stores.move()
    # Its callback is still under way.
    answer = complete(world, dave, offer)
    assert answer.transfer.state == TransferState.COMPLETED
    assert answer.node is not None
    assert answer.node.size == len(DATA)
    assert world.get(dave, file) == DATA
    assert world.stores.deliver(world.desk) == 1
    assert world.node(dave, file).version == 1


def test_what_has_ended_is_answered_without_its_store(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = offered(world, dave, file)
    send(world, offer)
    complete(world, dave, offer)
    world.stores.move()
    world.stores.deliver(world.desk)
    before = asked(world)
    world.stores[CAMBRIDGE].down = True
    assert complete(world, dave, offer).transfer.state == TransferState.COMPLETED
    assert asked(world) == before


def test_other_bytes_than_said_are_no_content(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = offered(world, dave, file)
    send(world, offer)
    complete(world, dave, offer, Digest("SHA-256", "0" * 64))
    world.stores.move()
    ended = complete(world, dave, offer).transfer
    assert (ended.state, ended.failure and ended.failure.name) == (TransferState.FAILED, "ChecksumMismatch")
    assert world.node(dave, file).version == 0


def test_a_store_that_is_down_is_asked_again_by_the_caller(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = offered(world, dave, file)
    send(world, offer)
    world.stores[CAMBRIDGE].down = True
    with pytest.raises(StoreUnreachable):
        complete(world, dave, offer)
    world.stores[CAMBRIDGE].down = False
    complete(world, dave, offer)
    world.stores.move()
    world.stores.deliver(world.desk)
    assert world.node(dave, file).version == 1


def test_digests_have_a_form(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = offered(world, dave, file)
    with pytest.raises(InvalidArgument):
        complete(world, dave, offer, Digest("sha-256", "0"))
    assert asked(world) == 0
