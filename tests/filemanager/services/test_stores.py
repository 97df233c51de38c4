"""Stores that are asked how they are, and what is told of them."""

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.store import Held, Store, StoreState
from filestore.backends.memory import MemoryBackend
from tests.support.copying import finish
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, OPERATOR, World
from vofiles.contract import GetStores
from vofiles.errors import PermissionDenied, ServiceBusy, StoreFull, StoreReadOnly
from vofiles.ivorn import Ivorn


@pytest.fixture
def world() -> World:
    return World(default_store=CAMBRIDGE)


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def known(world: World, store: Ivorn = CAMBRIDGE) -> Store:
    found = world.database.read(lambda tx: tx.stores.find_store(store))
    assert found is not None
    return found


def shrink(world: World, store: Ivorn, capacity: int) -> None:
    """Have a store's disk be so small."""
    object.__setattr__(world.stores[store].store, "backend", MemoryBackend(capacity))


def test_a_full_store_is_passed_over_and_named_where_it_is_asked_for(world: World, dave: Caller) -> None:
    shrink(world, CAMBRIDGE, 100)
    assert world.desk.stores.ask_all() == 3
    assert known(world).free == 100
    file = world.add_file(dave, "a")
    assert world.offer(dave, file, size=101).container != CAMBRIDGE
    assert {name for operation, name in world.stores.asked if operation == "importInit"} == {EDINBURGH}
    with pytest.raises(StoreFull, match="100 bytes"):
        world.offer(dave, file, size=101, store=CAMBRIDGE)
    world.put(dave, file, b"x" * 100, store=CAMBRIDGE)
    world.desk.stores.ask_all()
    with pytest.raises(StoreFull):
        world.offer(dave, file, store=CAMBRIDGE)
    shrink(world, CAMBRIDGE, 1000)
    world.desk.stores.ask_all()
    world.offer(dave, file, store=CAMBRIDGE)


def test_a_store_whose_disk_has_failed_takes_nothing(world: World, dave: Caller) -> None:
    world.stores[CAMBRIDGE].store.health.fail("EIO")
    world.desk.stores.ask_all()
    assert (known(world).writable, known(world).state) == (False, StoreState.ACTIVE)
    with pytest.raises(StoreReadOnly):
        world.offer(dave, world.add_file(dave, "a"), store=CAMBRIDGE)
    container = world.offer(dave, world.add_file(dave, "b")).container
    assert container is not None
    assert container.service == EDINBURGH


def test_a_store_that_does_not_answer_is_said_to_be_away_and_is_back_later(world: World) -> None:
    world.stores[CAMBRIDGE].down = True
    assert world.desk.stores.ask_all() == 2
    assert not known(world).reachable
    world.stores[CAMBRIDGE].refusal = ServiceBusy(CAMBRIDGE)
    world.stores[CAMBRIDGE].down = False
    assert world.desk.stores.ask_all() == 2
    assert not known(world).reachable
    world.stores[CAMBRIDGE].refusal = None
    world.desk.stores.ask_all()
    assert known(world).reachable


def test_a_store_that_is_offline_is_not_asked(world: World) -> None:
    world.know_store(LEICESTER, state=StoreState.OFFLINE)
    world.stores.asked.clear()
    world.desk.stores.look_after()
    assert {name for _, name in world.stores.asked} == {CAMBRIDGE, EDINBURGH}


def test_what_has_not_changed_is_not_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.desk.stores.ask_all()
    monkeypatch.setattr(world.database, "write", lambda work: pytest.fail(f"{work} is needless"))
    world.desk.stores.ask_all()


def test_an_operators_word_stays(world: World) -> None:
    world.know_store(CAMBRIDGE, state=StoreState.DRAINING)
    world.desk.stores.look_after()
    assert known(world).state == StoreState.DRAINING
    finish(world)


def test_callers_see_their_own_and_operators_all(world: World, dave: Caller) -> None:
    eve = world.add_account("eve")
    world.put(dave, world.add_file(dave, "a"), b"12345")
    world.put(eve, world.add_file(eve, "b"), b"123")
    (mine,) = world.desk.stores.get_stores(dave, GetStores(CAMBRIDGE)).stores
    assert (mine.files, mine.size) == (1, 5)
    rows = {row.store.identifier: row for row in world.desk.stores.report(OPERATOR)}
    assert (rows[CAMBRIDGE].held, rows[LEICESTER].held) == (Held(2, 8), Held())
    assert rows[CAMBRIDGE].drain is None
    with pytest.raises(PermissionDenied):
        world.desk.stores.report(dave)
