"""What a store has damaged: the tree knows, readers get the bytes from elsewhere or are told, and it is repaired."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.store import StoreState
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database, Transaction
from filemanager.services.check import CheckService
from filemanager.services.damages import REST
from tests.support.copying import DATA, copied, filled, finish, location
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, OPERATOR, World, below, property_of
from tests.support.localstores import SERVICE
from tests.support.rotting import flipped, scrub_of
from vofiles.contract import AppendInit, ExportData, ExportInit, JobState, ListJobs, Move
from vofiles.errors import Damaged, StoreUnreachable
from vofiles.findings import Report
from vofiles.instant import SECOND
from vofiles.ivorn import Ivorn, LongIdentifier


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database: Database = (
        MemoryDatabase() if request.param == "memory" else open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    )
    yield World(database, default_store=CAMBRIDGE, terms=Terms(keep_versions=3))
    database.close()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def container_of(world: World, caller: Caller, node: LongIdentifier) -> Ivorn:
    found = property_of(world.node(caller, node), "filestore.location")
    assert found is not None
    return Ivorn.parse(found)


def rot(world: World, container: Ivorn) -> None:
    """Have a container rot, and its store find it."""
    local = world.stores[container.service]
    kept = local.backend._kept[container.fragment]
    kept.data = bytearray(flipped(bytes(kept.data)))
    local.store.catalogue.read(lambda records: records.find_container(container.fragment))
    (finding,), _ = scrub_of(local.store).read(container.fragment)
    assert finding.kind == "damaged"


def look(world: World) -> None:
    """The upkeep's look at the stores, and whatever comes of it."""
    world.desk.stores.look_after()
    finish(world)
    world.run_errands()


def state(world: World, caller: Caller, node: LongIdentifier) -> str | None:
    return property_of(world.node(caller, node), "filestore.location.state")


def replicas(world: World, caller: Caller, node: LongIdentifier) -> list[Replica]:
    number = world.node(caller, node).identifier.number

    def read(tx: Transaction) -> list[Replica]:
        found = tx.nodes.find_node(number)
        assert found is not None
        return tx.contents.replicas_of_node(found.key)

    return world.database.read(read)


def checked(world: World, *, repair: bool = False) -> list[tuple[str, str]]:
    service = CheckService(world.desk.config, world.database, world.stores, world.watch)
    report = Report("x").add(service.check(OPERATOR, repair=repair))
    return [(finding.kind, finding.repair) for finding in report.findings]


def repairs(world: World) -> list[str]:
    """The states of the jobs that repair, the oldest first."""
    found = world.desk.jobs.list_jobs(Caller(SERVICE), ListJobs()).jobs
    return [job.state for job in reversed(found) if job.verb == "repair"]


# --- what is nowhere else ---------------------------------------------------------------------------------------------


def test_who_reads_before_the_tree_knows_is_told_by_the_store(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    rot(world, container_of(world, dave, file))
    with pytest.raises(Damaged, match="not those that came"):
        world.get(dave, file)
    with pytest.raises(Damaged):
        world.desk.exports.export_data(dave, ExportData(file, "http://sink/a"))
    with pytest.raises(Damaged):
        world.desk.appends.append_init(dave, AppendInit(file))


def test_the_tree_comes_to_know_and_the_node_stays(world: World, dave: Caller) -> None:
    file, other = filled(world, dave, "a"), filled(world, dave, "b", b"other")
    before = world.node(dave, file)
    rot(world, container_of(world, dave, file))
    look(world)
    after = world.node(dave, file)
    assert (state(world, dave, file), state(world, dave, other)) == ("LOST", "AVAILABLE")
    assert (after.version, after.size, after.digests, after.generation) == (
        before.version,
        before.size,
        before.digests,
        before.generation,
    )
    with pytest.raises(Damaged, match="does not have its bytes"):
        world.desk.exports.export_init(dave, ExportInit(file))
    assert world.get(dave, other) == b"other"
    assert repairs(world) == []
    assert checked(world) == [("damaged", "")]
    # A new content is one.
    world.put(dave, file, b"new")
    assert (world.get(dave, file), state(world, dave, file)) == (b"new", "AVAILABLE")


def test_it_is_marked_once(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    rot(world, container_of(world, dave, file))
    for _ in range(3):
        look(world)
    assert world.changes().count("mark") == 1


def test_an_operator_who_checks_marks_it_too(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    rot(world, container_of(world, dave, file))
    assert checked(world) == [("damaged", "possible")]
    assert state(world, dave, file) == "AVAILABLE"
    assert checked(world, repair=True) == [("damaged", "done")]
    assert (state(world, dave, file), checked(world, repair=True)) == ("LOST", [("damaged", "")])


def test_what_is_well_again_is_found_again(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    container = container_of(world, dave, file)
    rot(world, container)
    look(world)
    local = world.stores[CAMBRIDGE]
    local.backend._kept[container.fragment] = kept = local.backend._aside.pop(container.fragment)
    kept.data = bytearray(DATA)
    assert scrub_of(local.store).read(container.fragment)[0] == ()
    assert checked(world, repair=True) == [("found-again", "done")]
    assert (state(world, dave, file), world.get(dave, file)) == ("AVAILABLE", DATA)


def test_a_store_that_does_not_answer_then_is_asked_again(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    rot(world, container_of(world, dave, file))

    def fail(operation: str) -> None:
        if operation == "listContainers":
            raise StoreUnreachable(CAMBRIDGE)

    world.stores.before = fail
    look(world)
    assert state(world, dave, file) == "AVAILABLE"
    world.stores.before = lambda _operation: None
    look(world)
    assert state(world, dave, file) == "LOST"


# --- repair -----------------------------------------------------------------------------------------------------------


def test_it_is_fetched_again_from_a_copy_elsewhere(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a", note="mine")
    copied(world, dave, file, name="b", store=LEICESTER)
    rotten, before = container_of(world, dave, file), world.node(dave, file)
    rot(world, rotten)
    look(world)
    after = world.node(dave, file)
    assert (state(world, dave, file), location(after), world.get(dave, file)) == ("AVAILABLE", CAMBRIDGE, DATA)
    assert container_of(world, dave, file) != rotten
    assert (after.version, after.digests, after.generation) == (before.version, before.digests, before.generation)
    assert repairs(world) == [JobState.COMPLETED]
    # The damaged container has gone, so that nobody is told of it any more.
    look(world)
    assert (checked(world), repairs(world)) == ([], [JobState.COMPLETED])
    assert world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.count_damaged(None)) == 0


def test_it_is_made_again_from_a_copy_in_the_same_store(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    copied(world, dave, file, name="b")
    rot(world, container_of(world, dave, file))
    look(world)
    assert (state(world, dave, file), world.get(dave, file), checked(world)) == ("AVAILABLE", DATA, [])


def test_a_copy_that_rotted_with_it_is_not_taken_for_it(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    copied(world, dave, file, name="b")
    twin = container_of(world, dave, below(world.home(dave), "b"))
    kept = world.stores[CAMBRIDGE].backend._kept[twin.fragment]
    kept.data = bytearray(flipped(bytes(kept.data)))
    rot(world, container_of(world, dave, file))
    look(world)
    assert (state(world, dave, file), repairs(world)) == ("LOST", [JobState.FAILED])
    assert world.stores[CAMBRIDGE].containers() == {twin.fragment}


def test_the_same_bytes_of_another_account_do_as_well(world: World, dave: Caller) -> None:
    eve = world.add_account("eve")
    file, hers = filled(world, dave, "a"), filled(world, eve, "mine", store=EDINBURGH)
    filled(world, eve, "of the same size", bytes(len(DATA)), store=EDINBURGH)
    rot(world, container_of(world, dave, file))
    look(world)
    assert (world.get(dave, file), world.get(eve, hers), checked(world)) == (DATA, DATA, [])


def test_an_earlier_version_is_repaired_as_well(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    first = container_of(world, dave, file)
    filled(world, dave, "b", store=LEICESTER)
    world.put(dave, file, b"newer")
    rot(world, first)
    look(world)
    offer = world.desk.exports.export_init(dave, ExportInit(file, 1)).transfer
    assert (world.stores[CAMBRIDGE].get(offer), world.get(dave, file), checked(world)) == (DATA, b"newer", [])


MADE_FOR_ANOTHER = ("other-node", "")
"""What is found of a replica that came by `add_replica`."""


def add_replica(world: World, caller: Caller, node: LongIdentifier, store: Ivorn) -> Ivorn:
    """Another replica of a node's content: what a copy in another store has becomes this one's as well."""
    other = filled(world, caller, f"to be a replica in {store.authority}", store=store)
    container = container_of(world, caller, other)

    def commit(tx: Transaction) -> None:
        mine, theirs = (tx.nodes.find_node(world.node(caller, each).identifier.number) for each in (node, other))
        assert mine is not None
        assert theirs is not None
        (replica,) = tx.contents.replicas_of_node(theirs.key)
        version = tx.contents.current_versions([mine.key])[mine.key]
        tx.contents.delete_replica(replica.key)
        tx.contents.add_replica(Replica(version.key, store, container, ReplicaState.AVAILABLE))
        tx.nodes.delete_node(theirs.key)

    world.database.write(commit)
    return container


def test_who_reads_gets_the_other_replica_at_once_and_both_are_there_again(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    second = add_replica(world, dave, file, LEICESTER)
    rotten = container_of(world, dave, file)
    rot(world, rotten)
    assert world.get(dave, file) == DATA
    look(world)
    found = {replica.store: (replica.container, replica.state) for replica in replicas(world, dave, file)}
    assert found[LEICESTER] == (second, ReplicaState.AVAILABLE)
    assert found[CAMBRIDGE][0] != rotten
    assert found[CAMBRIDGE][1] == ReplicaState.AVAILABLE
    assert checked(world) == [MADE_FOR_ANOTHER]


def test_where_no_store_takes_it_the_replica_that_is_left_has_to_do(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    second = add_replica(world, dave, file, LEICESTER)
    rot(world, container_of(world, dave, file))
    for store in (CAMBRIDGE, EDINBURGH):
        world.know_store(store, state=StoreState.READONLY)
    look(world)
    assert [replica.container for replica in replicas(world, dave, file)] == [second]
    assert (world.get(dave, file), checked(world)) == (DATA, [MADE_FOR_ANOTHER])


def test_it_goes_to_another_store_where_its_own_takes_nothing(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    filled(world, dave, "b", store=LEICESTER)
    rot(world, container_of(world, dave, file))
    world.know_store(CAMBRIDGE, state=StoreState.READONLY)
    world.know_store(LEICESTER, state=StoreState.READONLY)
    look(world)
    assert (location(world.node(dave, file)), world.get(dave, file)) == (EDINBURGH, DATA)


def test_a_source_that_has_rotted_as_well_brings_nothing(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    twin = filled(world, dave, "b", store=LEICESTER)
    for node in (file, twin):
        rot(world, container_of(world, dave, node))
    # Leicester is not asked: the tree takes the twin's for good when the repair begins.
    world.desk.stores.hear_damaged(CAMBRIDGE, 1)
    finish(world)
    assert repairs(world) == [JobState.FAILED]
    assert state(world, dave, file) == "LOST"
    look(world)
    assert (state(world, dave, file), state(world, dave, twin)) == ("LOST", "LOST")
    # Once the twin is written again, what was damaged comes back.
    world.put(dave, filled(world, dave, "c", b"x", store=EDINBURGH), DATA, store=EDINBURGH)
    world.watch.seconds += REST / SECOND
    look(world)
    assert (world.get(dave, file), world.get(dave, twin)) == (DATA, DATA)


def test_what_cannot_be_done_is_not_tried_all_the_time(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    filled(world, dave, "b", store=LEICESTER)
    rot(world, container_of(world, dave, file))
    world.know_store(LEICESTER, state=StoreState.OFFLINE)
    for _ in range(5):
        world.desk.stores.look_after()
        finish(world)
    assert repairs(world) == [JobState.FAILED]
    world.know_store(LEICESTER)
    world.watch.seconds += REST / SECOND
    look(world)
    assert (repairs(world), world.get(dave, file)) == ([JobState.FAILED, JobState.COMPLETED], DATA)


def test_a_kill_in_the_middle_changes_nothing_about_it(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    filled(world, dave, "b", store=LEICESTER)
    rot(world, container_of(world, dave, file))
    world.desk.stores.look_after()
    world.desk.runner.run_all()
    world.desk = world.make_desk()
    world.desk.runner.recover()
    look(world)
    assert (repairs(world), world.get(dave, file), checked(world)) == ([JobState.COMPLETED], DATA, [])


def test_who_has_it_moved_meanwhile_disturbs_nothing(world: World, dave: Caller) -> None:
    file = filled(world, dave, "a")
    filled(world, dave, "b", store=LEICESTER)
    rot(world, container_of(world, dave, file))
    world.desk.stores.look_after()
    world.desk.moves.move(dave, Move(file, store=EDINBURGH))
    finish(world)
    look(world)
    assert (world.get(dave, file), checked(world)) == (DATA, [])
