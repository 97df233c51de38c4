"""Conditions: what is done only to a node as its caller knows it; a conflict names both sides."""

from collections.abc import Callable
from typing import Any

import pytest

from filemanager.domain.caller import Caller
from filemanager.persistence.memory import MemoryDatabase, MemoryTransaction
from tests.support.filemanager import World, store_of
from vofiles.contract import Copy, Delete, ImportData, ImportInit, Property, SetProperties, TransferState
from vofiles.errors import GenerationConflict, InvalidArgument, NodeNotFound, VersionConflict
from vofiles.ivorn import LongIdentifier


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def file(world: World, dave: Caller) -> LongIdentifier:
    return world.add_file(dave, "a")


def test_properties_are_set_on_the_generation_that_was_read(world: World, dave: Caller, file: LongIdentifier) -> None:
    def paint(colour: str, generation: int) -> int:
        request = SetProperties(file, (Property("colour", colour),), if_generation=generation)
        return world.desk.nodes.set_properties(dave, request).generation

    assert paint("blue", 1) == 2
    with pytest.raises(GenerationConflict, match="generation 1 was expected, and it has generation 2") as caught:
        paint("red", 1)
    assert caught.value.properties == (("generation.expected", "1"), ("generation.actual", "2"))
    with pytest.raises(GenerationConflict):
        paint("blue", 3)
    assert paint("red", 2) == 3


def test_a_node_is_deleted_as_it_was_read(world: World, dave: Caller, file: LongIdentifier) -> None:
    world.put(dave, file, b"1")
    for told in ({"if_generation": 1}, {"if_version": 0}, {"if_generation": 2, "if_version": 2}):
        with pytest.raises((GenerationConflict, VersionConflict)):
            world.desk.deletions.delete(dave, Delete(file, **told))  # type: ignore[arg-type]
    world.desk.deletions.delete(dave, Delete(file, if_generation=2, if_version=1))
    with pytest.raises(NodeNotFound):
        world.node(dave, file)


def test_a_copy_is_of_the_generation_that_was_read(world: World, dave: Caller, file: LongIdentifier) -> None:
    world.desk.nodes.set_properties(dave, SetProperties(file, (Property("colour", "blue"),)))
    with pytest.raises(GenerationConflict, match="generation 1 was expected, and it has generation 2"):
        world.desk.copies.copy(dave, Copy(file, name="b", if_generation=1))
    assert world.desk.copies.copy(dave, Copy(file, name="b", if_generation=2)).node.name == "b"


def test_the_version_is_asked_before_any_store_is(world: World, dave: Caller, file: LongIdentifier) -> None:
    asked = len(world.stores.asked)
    with pytest.raises(VersionConflict, match="version 1 was expected, and it has version 0") as caught:
        world.offer(dave, file, if_version=1)
    assert caught.value.properties == (("version.expected", "1"), ("version.actual", "0"))
    with pytest.raises(VersionConflict):
        world.desk.imports.import_data(dave, ImportData(file, "http://source/a", if_version=2))
    assert len(world.stores.asked) == asked
    world.put(dave, file, b"1", if_version=0)
    world.put(dave, file, b"2", if_version=1)
    assert world.get(dave, file) == b"2"


def test_of_two_uploads_on_one_version_the_later_fails(world: World, dave: Caller, file: LongIdentifier) -> None:
    first, second = world.offer(dave, file, if_version=0), world.offer(dave, file, if_version=0)
    world.send(second, b"second")
    world.stores.deliver(world.desk)
    receipt = world.send(first, b"first")
    world.stores.deliver(world.desk)
    told = world.desk.transfers.get_transfer(dave, first.transfer).transfer
    assert (told.state, told.failure is not None and told.failure.name) == (TransferState.FAILED, "VersionConflict")
    assert told.failure is not None
    assert "version 0 was expected, and it has version 1" in told.failure.message
    with pytest.raises(VersionConflict, match="version 0 was expected"):
        world.desk.transfers.get_outcome(dave, first.transfer)
    assert world.get(dave, file) == b"second"
    assert world.node(dave, file).version == 1
    assert world.stores[store_of(first)].holds(receipt.container)
    world.run_errands()
    assert not world.stores[store_of(first)].holds(receipt.container)
    assert world.get(dave, file) == b"second"


def test_the_late_one_fails_also_when_its_reader_hears_of_it_first(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    offer = world.offer(dave, file, if_version=0)
    world.put(dave, file, b"other")
    world.send(offer, b"late")
    world.watch.seconds += 2
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.state == TransferState.FAILED
    world.stores.deliver(world.desk)
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.state == TransferState.FAILED
    assert world.get(dave, file) == b"other"


def test_who_sets_no_condition_meets_none(world: World, dave: Caller, file: LongIdentifier) -> None:
    first, second = world.offer(dave, file), world.offer(dave, file, if_version=0)
    world.send(second, b"second")
    world.send(first, b"first")
    world.stores.deliver(world.desk)
    assert world.node(dave, file).version in {1, 2}
    assert world.desk.transfers.get_transfer(dave, first.transfer).transfer.state == TransferState.COMPLETED


class Interrupted(MemoryDatabase):
    """Something happens right after the next read."""

    between: Callable[[], object] | None = None

    def read(self, fn: Callable[[MemoryTransaction], Any]) -> Any:
        found = super().read(fn)
        between, self.between = self.between, None
        if between is not None:
            between()
        return found


def test_the_version_is_asked_again_when_the_intent_is_written_down() -> None:
    database = Interrupted()
    world = World(database)
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    world.send(world.offer(dave, file), b"other")
    asked = len(world.stores.asked)
    database.between = lambda: world.stores.deliver(world.desk)
    with pytest.raises(VersionConflict):
        world.desk.imports.import_init(dave, ImportInit(file, if_version=0))
    assert len(world.stores.asked) == asked
    assert world.node(dave, file).version == 1


@pytest.mark.parametrize("version", [-1, 1 << 31, 1 << 62])
def test_numbers_that_no_content_has_are_refused(
    world: World, dave: Caller, file: LongIdentifier, version: int
) -> None:
    with pytest.raises(InvalidArgument, match="ifVersion"):
        world.offer(dave, file, if_version=version)


def test_a_fetch_that_ends_late_says_so_to_who_waits(world: World, dave: Caller, file: LongIdentifier) -> None:
    for store in world.stores.stores.values():
        store.web.pages["http://source/a"] = b"fetched"
    begun = world.desk.imports.import_data(dave, ImportData(file, "http://source/a", if_version=0))
    world.put(dave, file, b"other")
    world.stores.move()
    world.stores.deliver(world.desk)
    with pytest.raises(VersionConflict):
        world.desk.transfers.get_outcome(dave, begun.transfer)
    assert world.get(dave, file) == b"other"
