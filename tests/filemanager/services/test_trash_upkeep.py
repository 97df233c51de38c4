"""What goes from the trash by itself, and when."""

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from tests.support.filemanager import World
from tests.support.trashing import dave, delete, trash, world
from vofiles.instant import SECOND

__all__ = ["dave", "world"]


DAY = 86_400


def test_what_has_been_there_for_long_enough_goes_by_itself(world: World, dave: Caller) -> None:
    old, young = (world.add_file(dave, name) for name in ("old", "young"))
    world.put(dave, old, b"one")
    delete(world, dave, old)
    world.watch.seconds += DAY
    delete(world, dave, young)
    world.watch.seconds += 29 * DAY - 1
    assert world.desk.trash_upkeep.sweep() == 0
    assert len(trash(world, dave)) == 2
    world.watch.seconds += 1
    assert world.desk.trash_upkeep.sweep() == 1
    assert [entry.node.name for entry in trash(world, dave)] == ["young"]
    assert [verb for verb, _ in world.run_errands()] == ["deleteContainer"]
    last = world.database.read(lambda tx: tx.changes.list_changes(0, 100))[-1]
    assert (last.operation, last.node, last.who) == ("delete", old.node.number, world.desk.operator.account)
    assert last.on_behalf_of == dave.account


def test_nothing_goes_by_itself_where_nothing_is_to() -> None:
    world = World(terms=Terms(trash_days=0))
    dave = world.add_account("dave")
    delete(world, dave, world.add_file(dave, "a"))
    assert trash(world, dave)[0].purge_after is None
    world.watch.seconds += 100_000 * DAY
    assert world.desk.trash_upkeep.sweep() == 0
    assert len(trash(world, dave)) == 1


def test_clocks_that_are_set_back_bring_no_deletion_before_its_node(world: World, dave: Caller) -> None:
    world.watch.seconds = DAY
    file = world.add_file(dave, "a")
    world.watch.seconds = 0
    delete(world, dave, file)
    (entry,) = trash(world, dave)
    assert entry.deleted == entry.node.created
    assert entry.purge_after == entry.deleted + 30 * DAY * SECOND
