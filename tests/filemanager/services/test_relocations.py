"""Contents that go to another store: because somebody moves them there, or because their store is drained."""

from dataclasses import replace

import pytest

from filemanager.config import StoreEntry, Terms
from filemanager.domain.caller import Caller
from filemanager.domain.store import StoreState
from filemanager.services.check import CheckService
from filemanager.services.relocating import REST
from filestore.services import callbacks
from tests.support.copying import DATA, ended, filled, finish, job_of, location, moved, relocated
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, OPERATOR, World, below, property_of
from vofiles.contract import (
    Delete,
    Digest,
    ExportInit,
    GetHistory,
    ItemState,
    Job,
    JobState,
    ListJobItems,
    Move,
    Property,
    RetryJob,
    TransferCompleted,
)
from vofiles.errors import DuplicateNode, InvalidArgument, PermissionDenied, StoreFull, StoreNotFound, StoreReadOnly
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn


@pytest.fixture
def world() -> World:
    return World(default_store=CAMBRIDGE, terms=Terms(keep_versions=3))


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def configured(world: World) -> World:
    """The same world, whose stores are in the configuration, as an operator's are."""
    entries = tuple(StoreEntry(name, f"http://{number}/filestore", ()) for number, name in enumerate(world.names))
    object.__setattr__(world.desk.config, "stores", entries)
    return world


def drain(world: World, store: Ivorn = CAMBRIDGE) -> Job:
    return configured(world).desk.relocations.drain(OPERATOR, store)


def drained(world: World, store: Ivorn = CAMBRIDGE) -> Job:
    begun = drain(world, store)
    finish(world)
    return world.desk.jobs.get_job(OPERATOR, begun.job)


def findings(world: World) -> list[str]:
    """What a check reports, errands being done."""
    world.run_errands()
    service = CheckService(world.desk.config, world.database, world.stores, world.watch)
    return [f"{finding}" for page in service.check(OPERATOR) for finding in page.findings]


# --- move to a store --------------------------------------------------------------------------------------------------


def test_content_goes_to_another_store_and_the_node_stays(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a", note="mine")
    before = world.node(dave, file)
    done = relocated(world, dave, file, LEICESTER)
    assert done.job is not None
    assert (done.job.state, done.job.verb, done.job.bytes_done) == (JobState.COMPLETED, "move", len(DATA))
    assert (done.node.version, done.node.generation, done.node.digests) == (1, before.generation, before.digests)
    assert location(done.node) == LEICESTER
    assert world.get(dave, file) == DATA
    assert findings(world) == []
    assert (len(world.stores[CAMBRIDGE].containers()), len(world.stores[LEICESTER].containers())) == (0, 1)


def test_the_history_tells_where_it_was(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    was = property_of(world.node(dave, file), "filestore.location")
    relocated(world, dave, file, LEICESTER)
    *_, last = world.desk.history.get_history(dave, GetHistory(file)).changes
    assert (last.operation, last.who) == ("relocate", dave.account)
    assert Property("filestore.location", str(was)) in last.before


def test_a_folder_goes_with_all_contents_below_it_and_under_a_new_name(world: World, dave: Caller) -> None:
    top = world.add_folder(dave, "top")
    inner = world.add_folder(dave, "inner", top)
    first, second = filled(world, dave, "1", b"one", parent=top), filled(world, dave, "2", b"two", parent=inner)
    there = filled(world, dave, "3", b"three", parent=inner, store=LEICESTER)
    world.add_file(dave, "empty", inner)
    world.put(dave, second, b"two again")
    done = relocated(world, dave, top, LEICESTER, name="renamed")
    assert done.job is not None
    assert (done.node.name, done.job.total, done.job.state) == ("renamed", 3, JobState.COMPLETED)
    for node, data in ((first, b"one"), (second, b"two again"), (there, b"three")):
        assert (location(world.node(dave, node)), world.get(dave, node)) == (LEICESTER, data)
    earlier = world.desk.exports.export_init(dave, ExportInit(second, 1)).transfer
    assert world.stores[LEICESTER].get(earlier) == b"two"
    assert findings(world) == []


def test_what_is_there_already_needs_no_job(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    assert world.desk.moves.move(dave, Move(file, store=CAMBRIDGE)).job is None


def test_refusals_leave_all_as_it_was(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    filled(world, dave, "b")
    before = world.changes()
    with pytest.raises(StoreNotFound):
        world.desk.moves.move(dave, Move(file, name="c", store=Ivorn.parse("ivo://elsewhere/store")))
    with pytest.raises(DuplicateNode):
        world.desk.moves.move(dave, Move(file, name="b", store=LEICESTER))
    world.know_store(LEICESTER, state=StoreState.READONLY)
    with pytest.raises(StoreReadOnly):
        world.desk.moves.move(dave, Move(file, name="c", store=LEICESTER))
    world.know_store(LEICESTER, free=0)
    with pytest.raises(StoreFull):
        world.desk.moves.move(dave, Move(file, name="c", store=LEICESTER))
    assert world.changes() == before
    assert world.database.read(lambda tx: tx.standing.open_jobs()) == {}


def test_a_new_content_meanwhile_makes_it_needless() -> None:
    world = World(default_store=CAMBRIDGE)
    dave = world.add_account("dave")
    file = filled(world, dave, "a")
    begun = world.desk.moves.move(dave, Move(file, store=LEICESTER))
    world.desk.runner.run_all()
    world.put(dave, file, b"new")
    finish(world)
    assert job_of(world, dave, begun).state == JobState.COMPLETED
    assert (world.get(dave, file), location(world.node(dave, file))) == (b"new", CAMBRIDGE)
    assert findings(world) == []
    assert world.stores[LEICESTER].containers() == set()


def test_who_is_fetching_it_may_finish(world: World, dave: Caller) -> None:
    """The old container stays while an address is good for it."""
    file = filled(world, dave, "a")
    offer = world.desk.exports.export_init(dave, ExportInit(file)).transfer
    relocated(world, dave, file, LEICESTER)
    assert world.run_errands() == []
    assert findings(world) == []
    assert world.stores[CAMBRIDGE].get(offer) == DATA
    world.watch.seconds += world.desk.config.terms.transfer_lifetime + 1
    assert [verb for verb, _ in world.run_errands()] == ["deleteContainer"]
    assert world.stores[CAMBRIDGE].containers() == set()


def test_back_and_forth(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    for store in (LEICESTER, CAMBRIDGE, LEICESTER, EDINBURGH):
        assert location(relocated(world, dave, file, store).node) == store
    assert findings(world) == []
    assert world.get(dave, file) == DATA


def test_bytes_that_do_not_verify_do_not_take_the_place_of_those_that_do(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    world.stores[LEICESTER].web.offered = lambda remote: DATA[:-1] + b"x"
    begun = relocated(world, dave, file, LEICESTER)
    assert begun.job is not None
    assert (begun.job.state, begun.job.failed) == (JobState.FAILED, 1)
    assert (location(world.node(dave, file)), world.get(dave, file)) == (CAMBRIDGE, DATA)
    assert findings(world) == []


def test_a_store_that_claims_other_bytes_than_the_versions_is_not_believed(world: World, dave: Caller) -> None:
    """Whatever a store made of the announcement, its receipt is held against the version."""
    file = filled(world, dave, "a")
    world.desk.moves.move(dave, Move(file, store=LEICESTER))
    world.desk.runner.run_all()
    moved(world)
    local = world.stores[LEICESTER]
    (letter,) = callbacks.list_due(local.store, Instant(1 << 62), 9)
    message = callbacks.message_of(local.store, letter.transfer)
    assert isinstance(message, TransferCompleted)
    other = replace(message.receipt, digests=(Digest("sha-256", "0" * 64),))
    world.desk.outcomes.complete(LEICESTER, other)
    transfer = world.database.read(lambda tx: tx.transfers.find_transfer(letter.transfer))
    assert transfer is not None
    assert (transfer.state, transfer.failure and transfer.failure.name) == ("FAILED", "ChecksumMismatch")
    assert location(world.node(dave, file)) == CAMBRIDGE


@pytest.mark.parametrize("operation", ["exportInit", "importData"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_every_call_there_is_one_readable_content(
    world: World, dave: Caller, operation: str, when: str
) -> None:
    file = filled(world, dave, "a")
    begun = world.desk.moves.move(dave, Move(file, store=LEICESTER))

    class Killed(BaseException):
        pass

    def kill(asked: str) -> None:
        if asked == operation:
            raise Killed

    setattr(world.stores, when, kill)
    with pytest.raises(Killed):
        world.desk.runner.run_all()
    setattr(world.stores, when, lambda asked: None)
    assert world.get(dave, file) == DATA
    world.desk = world.make_desk()
    world.desk.runner.recover()
    done = ended(world, dave, begun)
    assert done.job is not None
    assert (done.job.state, location(done.node), world.get(dave, file)) == (JobState.COMPLETED, LEICESTER, DATA)
    world.watch.seconds += world.desk.config.terms.transfer_lifetime + 1
    assert findings(world) == []
    assert sum(len(local.containers()) for local in world.stores.stores.values()) == 1


# --- draining ---------------------------------------------------------------------------------------------------------


def test_a_drained_store_has_nothing_left_and_takes_nothing(world: World, dave: Caller) -> None:
    files = [filled(world, dave, str(number), bytes([number]) * 9) for number in range(5)]
    world.put(dave, files[0], b"newer")
    world.desk.deletions.delete(dave, Delete(files[4]))
    job = drained(world)
    assert (job.state, job.verb, job.total, job.done) == (JobState.COMPLETED, "drain", 6, 6)
    for number, file in enumerate(files[:4]):
        assert location(world.node(dave, file)) != CAMBRIDGE
        assert world.get(dave, file) == (bytes([number]) * 9 if number else b"newer")
    assert findings(world) == []
    assert world.stores[CAMBRIDGE].containers() == set()
    fresh = filled(world, dave, "new")
    assert location(world.node(dave, fresh)) != CAMBRIDGE
    with pytest.raises(StoreReadOnly):
        filled(world, dave, "newer", store=CAMBRIDGE)


def test_a_drain_goes_page_by_page(world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filemanager.services.relocations.PAGE", 2)
    for number in range(7):
        filled(world, dave, str(number))
    begun = drain(world)
    assert begun.total == 2
    finish(world)
    job = world.desk.jobs.get_job(OPERATOR, begun.job)
    assert (job.state, job.total, job.done) == (JobState.COMPLETED, 7, 7)


def test_what_comes_by_an_address_given_out_before_goes_too(world: World, dave: Caller) -> None:
    """At the end of the job that is at work, or by one that begins because of it."""
    filled(world, dave, "a")
    during, after = world.add_file(dave, "during"), world.add_file(dave, "after")
    offers = [world.offer(dave, node) for node in (during, after)]
    begun = drain(world)
    world.desk.runner.run_all()
    world.send(offers[0], b"during")
    world.stores.deliver(world.desk)
    finish(world)
    assert world.desk.jobs.get_job(OPERATOR, begun.job).total == 2
    assert location(world.node(dave, during)) != CAMBRIDGE
    assert world.desk.relocations.keep_draining() == 0
    world.send(offers[1], b"after")
    world.stores.deliver(world.desk)
    assert location(world.node(dave, after)) == CAMBRIDGE
    assert world.desk.relocations.keep_draining() == 1
    assert world.desk.relocations.keep_draining() == 0
    finish(world)
    assert (location(world.node(dave, after)) != CAMBRIDGE, world.get(dave, after)) == (True, b"after")


def test_a_store_that_is_to_be_used_again_is_drained_no_further(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filemanager.services.relocations.PAGE", 2)
    files = [filled(world, dave, str(number)) for number in range(5)]
    begun = drain(world)
    world.desk.runner.run_all()
    world.know_store(CAMBRIDGE, state=StoreState.ACTIVE)
    world.watch.seconds += 3
    world.desk.runner.run_all()
    finish(world)
    job = world.desk.jobs.get_job(OPERATOR, begun.job)
    assert (job.total, job.failed, job.done) == (2, 2, 0)
    assert {location(world.node(dave, file)) for file in files} == {CAMBRIDGE}
    assert world.desk.relocations.keep_draining() == 0
    assert findings(world) == []


def test_draining_twice_is_one_job(world: World, dave: Caller) -> None:
    filled(world, dave, "a")
    assert drain(world).job == drain(world).job
    finish(world)
    assert drain(world).total == 0


def test_people_work_while_a_store_is_drained(world: World, dave: Caller) -> None:
    files = [filled(world, dave, str(number), bytes([number]) * 9) for number in range(6)]
    drain(world)
    for turn, file in enumerate(files):
        world.desk.runner.run_all()
        assert world.get(dave, file) == bytes([turn]) * 9
        if turn % 2:
            world.put(dave, file, b"rewritten")
        moved(world)
        world.stores.deliver(world.desk)
    finish(world)
    for number, file in enumerate(files):
        assert world.get(dave, file) == (b"rewritten" if number % 2 else bytes([number]) * 9)
    world.watch.seconds += world.desk.config.terms.transfer_lifetime + 1
    assert findings(world) == []
    assert world.stores[CAMBRIDGE].containers() == set()


def test_a_store_that_is_down_is_waited_for(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    begun = drain(world)
    world.stores[CAMBRIDGE].down = True
    for _ in range(20):
        world.desk.runner.run_all()
        world.watch.seconds += REST / SECOND
    assert world.desk.jobs.get_job(OPERATOR, begun.job).state == JobState.RUNNING
    world.stores[CAMBRIDGE].down = False
    finish(world)
    assert world.desk.jobs.get_job(OPERATOR, begun.job).state == JobState.COMPLETED
    assert world.get(dave, file) == DATA
    assert findings(world) == []


def test_what_no_store_takes_fails_by_name_and_is_tried_again(world: World, dave: Caller) -> None:
    filled(world, dave, "a", b"small", note="x")
    filled(world, dave, "b")
    for store in (LEICESTER, EDINBURGH):
        world.know_store(store, free=10)
    job = drained(world)
    assert (job.state, job.done, job.failed) == (JobState.FAILED, 1, 1)
    (failed,) = world.desk.jobs.list_job_items(OPERATOR, ListJobItems(job.job, ItemState.FAILED)).items
    assert (failed.path, failed.failure and failed.failure.name) == ("b", "StoreFull")
    assert world.desk.relocations.keep_draining() == 0
    world.know_store(EDINBURGH)
    world.desk.jobs.retry_job(OPERATOR, RetryJob(job.job))
    finish(world)
    assert world.desk.jobs.get_job(OPERATOR, job.job).state == JobState.COMPLETED


def test_who_may_drain_what(world: World, dave: Caller) -> None:
    configured(world)
    with pytest.raises(PermissionDenied):
        world.desk.relocations.drain(dave, CAMBRIDGE)
    with pytest.raises(StoreNotFound):
        world.desk.relocations.drain(OPERATOR, Ivorn.parse("ivo://elsewhere/store"))
    entries = world.desk.config.stores
    object.__setattr__(world.desk.config, "stores", (replace(entries[0], state="ACTIVE"), *entries[1:]))
    with pytest.raises(InvalidArgument, match="configuration"):
        world.desk.relocations.drain(OPERATOR, CAMBRIDGE)


def test_containers_are_complete_where_they_are_counted(world: World, dave: Caller) -> None:
    file = below(world.home(dave), "a")
    filled(world, dave, "a")
    relocated(world, dave, file, LEICESTER)
    found = property_of(world.node(dave, file), "filestore.location")
    assert found is not None
    assert world.stores[LEICESTER].holds(Ivorn.parse(found))
    assert property_of(world.node(dave, file), "filestore.location.state") == "AVAILABLE"
