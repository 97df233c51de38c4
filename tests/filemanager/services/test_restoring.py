"""Restoring from the trash: the history, names, depths, and one trash for each space."""

import pytest

from filemanager.domain.caller import Caller
from tests.support.filemanager import World, below
from tests.support.trashing import dave, delete, names, trash, world
from vofiles.contract import (
    GetUsage,
    Move,
    Property,
    PurgeTrash,
    Restore,
    SetProperties,
)
from vofiles.errors import InvalidName, ParentNotFound, VofilesError
from vofiles.ivorn import LongIdentifier
from vofiles.names import MAX_DEPTH

__all__ = ["dave", "world"]


def test_every_step_of_it_is_in_the_history(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    file = world.add_file(dave, "b", folder, colour="blue")
    delete(world, dave, file)
    world.desk.trash.restore(dave, Restore(file.node, name="c"))
    delete(world, dave, file)
    world.desk.trash.purge_trash(dave, PurgeTrash(file.node))
    changes = world.database.read(lambda tx: tx.changes.list_changes(0, 100))[-4:]
    numbers = {"node.parent": folder.node.number}
    assert [(each.operation, each.before, each.after) for each in changes] == [
        ("trash", {"node.name": "b"} | numbers, {}),
        ("restore", {}, {"node.name": "c"} | numbers),
        ("trash", {"node.name": "c"} | numbers, {}),
        ("delete", {"node.name": "c", "node.type": "FILE", "colour": "blue"} | numbers, {}),
    ]
    assert {(each.who, each.on_behalf_of, each.node) for each in changes} == {
        (dave.account, dave.account, file.node.number)
    }


def test_what_would_be_too_deep_is_not_restored_there(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    world.add_folder(dave, "b", folder)
    delete(world, dave, folder)
    deep = world.home(dave)
    for _ in range(MAX_DEPTH - 2):
        deep = world.add_folder(dave, "d", deep)
    with pytest.raises(InvalidName):
        world.desk.trash.restore(dave, Restore(folder.node, deep))
    assert len(trash(world, dave)) == 1
    world.desk.trash.restore(dave, Restore(folder.node))


def test_nothing_is_restored_into_itself(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    inner = world.add_folder(dave, "b", folder)
    delete(world, dave, folder)
    for parent in (folder, inner, below(folder, "b")):
        with pytest.raises(ParentNotFound):
            world.desk.trash.restore(dave, Restore(folder.node, parent))


def test_a_name_that_is_a_number_is_a_name(world: World, dave: Caller) -> None:
    """What lies in the trash is called by its number; that a live node is, too, means nothing."""
    folder = world.add_folder(dave, "a")
    world.desk.moves.move(dave, Move(folder, name=folder.node.number))
    world.add_file(dave, "b", folder)
    world.desk.nodes.set_properties(dave, SetProperties(folder, (Property("a", "b"),)))
    delete(world, dave, folder)
    world.desk.trash.restore(dave, Restore(folder.node))
    assert names(world, dave) == [folder.node.number, "b"]


def test_a_trash_is_for_one_space(world: World, dave: Caller) -> None:
    anna = world.add_account("anna")
    for who in (dave, anna):
        delete(world, who, world.add_file(who, "a"))
    assert [entry.node.owner for entry in trash(world, anna)] == [anna.account]
    usage = world.desk.usages.get_usage(anna, GetUsage(world.home(anna)))
    assert (usage.trash_nodes, usage.files) == (1, 0)
    root = world.database.read(lambda tx: tx.trash.find_root(dave.account))
    assert root is not None
    hidden = LongIdentifier(type(world.home(dave).node)(world.home(dave).node.service, root.number))
    for act in (
        lambda: world.node(dave, hidden),
        lambda: delete(world, dave, hidden),
        lambda: world.add_file(dave, "x", hidden),
        lambda: world.desk.trash.restore(dave, Restore(hidden.node)),
        lambda: world.desk.trash.purge_trash(dave, PurgeTrash(hidden.node)),
    ):
        with pytest.raises(VofilesError, match=r"no node|no parent"):
            act()
