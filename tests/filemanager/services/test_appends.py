"""Appends: what is put behind a content, whatever happens to that content meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import StoreState
from filemanager.ports import Database, Transaction
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, World, property_of, store_of, tried_world
from vofiles.contract import AppendInit, Delete, Digest, ListVersions, Transfer, TransferState
from vofiles.errors import (
    ContainerNotFound,
    ContentNotFound,
    InvalidArgument,
    KeyReused,
    NodeNotFound,
    NotAFile,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
    TransferEnded,
    VersionConflict,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with tried_world(request.param, tmp_path, Terms(keep_versions=3)) as world:
        yield world


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def file(world: World, dave: Caller) -> LongIdentifier:
    """A file with one content."""
    made = world.add_file(dave, "log")
    world.put(dave, made, b"one,", content_type="text/csv")
    return made


def begin(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> Transfer:
    return world.desk.appends.append_init(caller, AppendInit(node, **told))


def append(world: World, caller: Caller, node: LongIdentifier, data: bytes, **told: Any) -> Transfer:
    """appendInit, PUT, callback."""
    offer = begin(world, caller, node, **told)
    world.send(offer, data)
    world.stores.deliver(world.desk)
    return offer


def ended(world: World, caller: Caller, transfer: Transfer) -> tuple[str, str | None]:
    """How a transfer ended, and by what failure."""
    found = world.desk.transfers.get_transfer(caller, transfer.transfer).transfer
    return found.state, found.failure.name if found.failure else None


def test_the_next_version_is_the_old_content_with_the_new_bytes_behind(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    offer = append(world, dave, file, b"two", size=3)
    assert (offer.direction, offer.state, offer.endpoints[0].method) == ("appendInit", "OFFERED", "PUT")
    assert world.get(dave, file) == b"one,two"
    node = world.node(dave, file)
    assert (node.version, node.size, node.content_type) == (2, 7, "text/csv")
    assert property_of(node, "content.version") == "2"
    assert property_of(node, "content.size") == "7"
    assert property_of(node, "filestore.location") == str(offer.container)
    assert node.digests == world.desk.versions.list_versions(dave, ListVersions(file)).versions[0].digests
    after = world.desk.transfers.get_transfer(dave, offer.transfer).transfer
    assert (after.state, after.bytes_done) == (TransferState.COMPLETED, 3)
    assert after.receipt is not None
    assert (after.receipt.size, after.receipt.digests) == (7, node.digests)
    assert world.changes()[-1] == "append"
    world.put(dave, file, b"all anew")
    assert world.get(dave, file) == b"all anew"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_however_it_is_cut_it_is_the_whole(pieces: list[bytes]) -> None:
    world = World()
    dave = world.add_account("dave")
    file, other = world.add_file(dave, "a"), world.add_file(dave, "b")
    for piece in pieces:
        append(world, dave, file, piece)
    world.put(dave, other, b"".join(pieces))
    assert world.get(dave, file) == b"".join(pieces)
    assert world.node(dave, file).digests == world.node(dave, other).digests


def test_an_empty_file_gets_it_as_its_content(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "log", filestore_preferred=str(EDINBURGH))
    offer = append(world, dave, file, b"first")
    assert (offer.direction, store_of(offer)) == ("appendInit", EDINBURGH)
    assert (world.get(dave, file), world.node(dave, file).version) == (b"first", 1)
    after = world.desk.transfers.get_transfer(dave, offer.transfer).transfer
    assert (after.state, after.bytes_done) == (TransferState.COMPLETED, 5)


def test_it_goes_where_the_bytes_are(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "log")
    world.put(dave, file, b"one,", store=LEICESTER)
    assert store_of(append(world, dave, file, b"two")) == LEICESTER


# --- two at once ------------------------------------------------------------------------------------------------------


def test_of_two_at_once_the_later_fails_and_nothing_is_lost(world: World, dave: Caller, file: LongIdentifier) -> None:
    first, second = begin(world, dave, file), begin(world, dave, file)
    world.send(second, b"two")
    world.stores.deliver(world.desk)
    world.send(first, b"three")
    world.stores.deliver(world.desk)
    assert ended(world, dave, second) == (TransferState.COMPLETED, None)
    assert ended(world, dave, first) == (TransferState.FAILED, "VersionConflict")
    assert world.get(dave, file) == b"one,two"
    assert first.container is not None
    assert ("deleteContainer", str(first.container)) in world.run_errands()
    assert not world.stores[CAMBRIDGE].holds(first.container)
    append(world, dave, file, b",three")
    assert world.get(dave, file) == b"one,two,three"


def test_two_first_contents_at_once(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "log")
    first, second = begin(world, dave, file), begin(world, dave, file)
    for offer, data in ((second, b"two"), (first, b"one")):
        world.send(offer, data)
        world.stores.deliver(world.desk)
    assert ended(world, dave, first) == (TransferState.FAILED, "VersionConflict")
    assert world.get(dave, file) == b"two"


def test_a_rewrite_meanwhile_is_not_added_to(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = begin(world, dave, file)
    world.put(dave, file, b"anew")
    world.send(offer, b"two")
    world.stores.deliver(world.desk)
    assert ended(world, dave, offer) == (TransferState.FAILED, "VersionConflict")
    assert world.get(dave, file) == b"anew"


def test_a_rewrite_that_comes_while_the_store_is_asked_wins(world: World, dave: Caller, file: LongIdentifier) -> None:
    def rewrite(operation: str) -> None:
        world.stores.before = lambda operation: None
        world.put(dave, file, b"anew,")

    world.stores.before = rewrite
    offer = begin(world, dave, file)
    world.send(offer, b"two")
    world.stores.deliver(world.desk)
    assert ended(world, dave, offer) == (TransferState.FAILED, "VersionConflict")


class _Changing:
    """A database in which something happens after a read."""

    def __init__(self, database: Database, happen: Callable[[], None]) -> None:
        self._database, self._happen = database, happen
        self.write = database.write

    def read(self, fn: Callable[[Transaction], Any]) -> Any:
        answer = self._database.read(fn)
        self._happen()
        return answer


def test_a_content_that_changes_before_it_is_written_down_is_looked_at_again(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    coming = [b"two,", b"three,"]

    def rewrite() -> None:
        if coming:
            world.put(dave, file, coming.pop(0))

    appends = replace(world.desk.appends, database=cast(Database, _Changing(world.database, rewrite)))
    offer = appends.append_init(dave, AppendInit(file))
    world.send(offer, b"four")
    world.stores.deliver(world.desk)
    assert world.get(dave, file) == b"three,four"
    # Who says which version it has to be is told.
    coming.append(b"five,")
    with pytest.raises(VersionConflict):
        appends.append_init(dave, AppendInit(file, if_version=4))
    # And nobody tries for ever.
    coming += [b"x"] * 99
    with pytest.raises(VersionConflict):
        appends.append_init(dave, AppendInit(file))


# --- conditions and refusals ------------------------------------------------------------------------------------------


def test_conditions_are_asked_before_anything_begins(world: World, dave: Caller, file: LongIdentifier) -> None:
    asked = len(world.stores.asked)
    for wrong in (0, 2):
        with pytest.raises(VersionConflict):
            begin(world, dave, file, if_version=wrong)
    for told in ({"if_version": -1}, {"size": -1}, {"size": 3, "maximum_size": 2}):
        with pytest.raises(InvalidArgument):
            begin(world, dave, file, **told)
    assert len(world.stores.asked) == asked
    append(world, dave, file, b"two", if_version=1)
    empty = world.add_file(dave, "empty")
    with pytest.raises(VersionConflict):
        begin(world, dave, empty, if_version=1)
    append(world, dave, empty, b"x", if_version=0)


def test_what_cannot_be_added_to(world: World, dave: Caller, file: LongIdentifier) -> None:
    with pytest.raises(NotAFile):
        begin(world, dave, world.add_folder(dave, "folder"))
    with pytest.raises(NodeNotFound):
        begin(world, world.add_account("eve"), file)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (StoreState.DRAINING, StoreReadOnly),
        (StoreState.READONLY, StoreReadOnly),
        (StoreState.OFFLINE, StoreUnreachable),
    ],
)
def test_a_store_that_takes_nothing_adds_nothing(
    world: World, dave: Caller, file: LongIdentifier, state: str, error: type[VofilesError]
) -> None:
    world.know_store(CAMBRIDGE, state=state)
    with pytest.raises(error):
        begin(world, dave, file)
    # Other stores do not have it; but one that has it too can be asked.
    world.database.write(lambda tx: add_replica(tx, file, LEICESTER))
    assert world.stores.asked[-1][0] != "appendInit"
    with pytest.raises(ContainerNotFound):
        begin(world, dave, file)
    assert world.stores.asked[-1] == ("appendInit", LEICESTER)


def test_a_store_with_too_little_room_for_the_whole_adds_nothing(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    world.know_store(CAMBRIDGE, free=6)
    with pytest.raises(StoreFull):
        begin(world, dave, file, size=3)
    world.know_store(CAMBRIDGE, free=7)
    begin(world, dave, file, size=3)


def test_a_store_that_does_not_answer_ends_it(world: World, dave: Caller, file: LongIdentifier) -> None:
    world.stores[CAMBRIDGE].down = True
    with pytest.raises(StoreUnreachable):
        begin(world, dave, file)
    world.stores[CAMBRIDGE].down = False
    # Whatever it may have begun is to end.
    assert [verb for verb, _ in world.run_errands()] == ["cancelTransfer"]
    append(world, dave, file, b"two")
    assert world.get(dave, file) == b"one,two"


def test_bytes_that_are_lost_are_not_added_to(world: World, dave: Caller, file: LongIdentifier) -> None:
    def lose(tx: Transaction) -> None:
        found = tx.nodes.find_node(file.node.number)
        assert found is not None
        (replica,) = tx.contents.replicas_of_node(found.key)
        tx.census.mark_replica(replica.key, ReplicaState.LOST)

    world.database.write(lose)
    with pytest.raises(ContentNotFound):
        begin(world, dave, file)


def test_a_container_that_goes_before_the_bytes_come_ends_it(world: World, dave: Caller, file: LongIdentifier) -> None:
    base = Ivorn.parse(property_of(world.node(dave, file), "filestore.location") or "")
    offer = begin(world, dave, file)
    world.stores.delete_container(CAMBRIDGE, base, 1.0)
    with pytest.raises(ContainerNotFound):
        world.send(offer, b"two")
    world.stores.deliver(world.desk)
    assert ended(world, dave, offer) == (TransferState.FAILED, "ContainerNotFound")


def test_a_file_that_goes_meanwhile(world: World, dave: Caller, file: LongIdentifier) -> None:
    offer = begin(world, dave, file)
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    world.run_errands()
    with pytest.raises(TransferEnded):
        world.send(offer, b"two")


# --- retention --------------------------------------------------------------------------------------------------------


def test_what_is_added_to_is_kept_for_it() -> None:
    world = World(terms=Terms(keep_versions=1))
    dave = world.add_account("dave")
    file = world.add_file(dave, "log")
    base = world.put(dave, file, b"one,").container
    assert base is not None
    offer = begin(world, dave, file)
    world.put(dave, file, b"anew")
    assert world.run_errands() == []
    assert world.stores[CAMBRIDGE].holds(base)
    # The conflict is what the caller is told of, and not that something is missing.
    world.send(offer, b"two")
    world.stores.deliver(world.desk)
    assert ended(world, dave, offer) == (TransferState.FAILED, "VersionConflict")
    world.watch.seconds += world.terms.transfer_lifetime + 1
    world.run_errands()
    assert not world.stores[CAMBRIDGE].holds(base)


def test_what_was_added_to_goes_as_any_earlier_version(world: World, dave: Caller, file: LongIdentifier) -> None:
    for data in (b"two,", b"three,", b"four"):
        append(world, dave, file, data)
    versions = world.desk.versions.list_versions(dave, ListVersions(file)).versions
    assert [(each.number, each.size) for each in versions] == [(4, 18), (3, 14), (2, 8)]
    assert [verb for verb, _ in world.run_errands()] == ["deleteContainer"]


# --- repeated calls ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [False, True])
def test_a_call_with_a_key_is_one_append(world: World, dave: Caller, file: LongIdentifier, empty: bool) -> None:
    node = world.add_file(dave, "empty") if empty else file
    first = begin(world, dave, node, idempotency_key="k")
    again = begin(world, dave, node, idempotency_key="k")
    assert (again.transfer, again.endpoints) == (first.transfer, first.endpoints)
    with pytest.raises(KeyReused):
        begin(world, dave, node, size=9, idempotency_key="k")
    world.send(first, b"two")
    world.stores.deliver(world.desk)
    done = begin(world, dave, node, idempotency_key="k")
    assert (done.transfer, done.state) == (first.transfer, TransferState.COMPLETED)
    assert world.get(dave, node) == (b"two" if empty else b"one,two")


def test_a_call_with_a_key_whose_answer_was_lost_is_begun_once(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    def lose(operation: str) -> None:
        raise RuntimeError(operation)

    for when in ("before", "after"):
        key = f"key-{when}"
        setattr(world.stores, when, lose)
        with pytest.raises(RuntimeError):
            begin(world, dave, file, idempotency_key=key)
        setattr(world.stores, when, lambda operation: None)
        offer = begin(world, dave, file, idempotency_key=key)
        size = world.node(dave, file).size or 0
        world.send(offer, b"x")
        world.stores.deliver(world.desk)
        assert world.node(dave, file).size == size + 1


def test_a_digest_is_of_the_whole(world: World, dave: Caller, file: LongIdentifier) -> None:
    append(world, dave, file, b"two")
    other = world.add_file(dave, "other")
    world.put(dave, other, b"one,two")
    assert {*world.node(dave, file).digests} == {*world.node(dave, other).digests} != set[Digest]()


def add_replica(tx: Transaction, file: LongIdentifier, store: Ivorn) -> None:
    """Say that the current content is in another store too; it is not."""
    found = tx.nodes.find_node(file.node.number)
    assert found is not None
    version = tx.contents.find_version(found.key, found.version)
    assert version is not None
    tx.contents.add_replica(Replica(version.key, store, store.with_fragment("abcd2345"), ReplicaState.AVAILABLE))
