"""Moves: to another parent, to another name, both, neither; and where nothing may go."""

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.change import Change
from tests.support.filemanager import LEICESTER, World, below, property_of
from vofiles.contract import (
    BundleHints,
    Delete,
    GetNode,
    ListChildren,
    ListTrash,
    Move,
    Node,
    NodeKind,
    Property,
    Restore,
    SetProperties,
    TransferState,
)
from vofiles.errors import (
    DuplicateNode,
    GenerationConflict,
    IntoItself,
    InvalidName,
    NodeNotFound,
    NotAFolder,
    ParentNotFound,
    PermissionDenied,
)
from vofiles.ivorn import LongIdentifier
from vofiles.names import MAX_DEPTH


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def move(world: World, caller: Caller, node: LongIdentifier, **told: object) -> Node:
    return world.desk.moves.move(caller, Move(node, **told)).node  # type: ignore[arg-type]


def names(world: World, caller: Caller, folder: LongIdentifier) -> list[str]:
    return [node.name for node in world.desk.nodes.list_children(caller, ListChildren(folder)).nodes]


def last_change(world: World) -> Change:
    return world.database.read(lambda tx: tx.changes.list_changes(0, 10_000))[-1]


def test_a_file_takes_another_name_and_keeps_everything_else(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", colour="blue")
    world.put(dave, file, b"<VOTABLE/>")
    before = world.node(dave, file)
    world.watch.seconds += 1
    after = move(world, dave, file, name="b")
    assert after == world.node(dave, file) == world.node(dave, below(world.home(dave), "b"))
    assert (after.name, after.identifier, after.parent) == ("b", before.identifier, before.parent)
    assert (after.generation, after.version, after.size) == (before.generation + 1, 1, 10)
    assert after.modified > before.modified
    assert property_of(after, "colour") == "blue"
    assert world.get(dave, file) == b"<VOTABLE/>"
    assert names(world, dave, world.home(dave)) == ["b"]


def test_a_folder_goes_into_another_with_all_that_hangs_below_it(world: World, dave: Caller) -> None:
    top = world.add_folder(dave, "solar-project")
    folder = world.add_folder(dave, "results", top)
    file = world.add_file(dave, "query-7.vot", folder)
    untouched = world.node(dave, file)
    archive = world.add_folder(dave, "archive")
    parents = [world.node(dave, each) for each in (top, archive)]
    moved = move(world, dave, folder, parent=archive, name="2026")
    assert moved.parent == archive.node
    assert world.node(dave, below(archive, "2026/query-7.vot")) == untouched
    assert names(world, dave, top) == []
    assert [world.node(dave, each) for each in (top, archive)] == parents
    with pytest.raises(NodeNotFound):
        world.node(dave, below(top, "results"))


def test_long_identifiers_do_for_both(world: World, dave: Caller) -> None:
    home = world.home(dave)
    world.add_file(dave, "a", world.add_folder(dave, "x"))
    world.add_folder(dave, "z", world.add_folder(dave, "y"))
    moved = move(world, dave, below(home, "x/a"), parent=below(home, "y/z"))
    assert world.node(dave, below(home, "y/z/a")) == moved


def test_what_changed_is_told_in_the_history(world: World, dave: Caller) -> None:
    home, folder = world.home(dave), world.add_folder(dave, "f")
    file = world.add_file(dave, "a")
    move(world, dave, file, name="b")
    change = last_change(world)
    assert (change.operation, change.node, change.who) == ("move", file.node.number, dave.account)
    assert (change.before, change.after) == ({"node.name": "a"}, {"node.name": "b"})
    move(world, dave, file, parent=folder, name="c")
    change = last_change(world)
    assert change.before == {"node.name": "b", "node.parent": home.node.number}
    assert change.after == {"node.name": "c", "node.parent": folder.node.number}
    assert change.at == world.node(dave, file).modified


def test_moving_to_where_it_is_changes_nothing(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "été")
    before, changes = world.node(dave, file), world.changes()
    world.watch.seconds += 1
    home = world.home(dave)
    for told in ({}, {"parent": home}, {"name": "été"}, {"name": "e\u0301te\u0301", "parent": home, "replace": True}):
        assert move(world, dave, file, **told) == before
    assert world.changes() == changes


def test_a_name_that_is_taken_is_a_duplicate(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "f")
    world.add_file(dave, "a", folder)
    file = world.add_file(dave, "a")
    world.add_folder(dave, "b")
    for told in ({"parent": folder}, {"name": "b"}, {"name": "f", "replace": False}):
        with pytest.raises(DuplicateNode):
            move(world, dave, file, **told)
    assert names(world, dave, world.home(dave)) == ["a", "b", "f"]


def test_nothing_goes_into_itself_or_below(world: World, dave: Caller) -> None:
    top = world.add_folder(dave, "a")
    middle = world.add_folder(dave, "b", top)
    lowest = world.add_folder(dave, "c", middle)
    for parent in (top, middle, lowest, below(world.home(dave), "a/b/c")):
        with pytest.raises(IntoItself, match="a"):
            move(world, dave, top, parent=parent, name="x")
    file = world.add_file(dave, "file")
    with pytest.raises(IntoItself):
        move(world, dave, file, parent=file)
    assert move(world, dave, lowest, parent=top).parent == top.node


def test_a_parent_has_to_be_a_folder_that_is_there(world: World, dave: Caller) -> None:
    file, other = world.add_file(dave, "a"), world.add_file(dave, "b")
    with pytest.raises(NotAFolder):
        move(world, dave, file, parent=other)
    with pytest.raises(ParentNotFound):
        move(world, dave, file, parent=below(world.home(dave), "none"))
    with pytest.raises(NodeNotFound):
        move(world, dave, below(world.home(dave), "none"), name="c")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "\u202ea", "x" * 256])
def test_names_that_cannot_be_are_refused(world: World, dave: Caller, name: str) -> None:
    file = world.add_file(dave, "a")
    with pytest.raises(InvalidName):
        move(world, dave, file, name=name)


def test_a_root_stays_where_it_is(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    for told in ({"name": "house"}, {"parent": folder}, {}):
        with pytest.raises(PermissionDenied):
            move(world, dave, world.home(dave), **told)


def test_other_spaces_are_absent(world: World, dave: Caller) -> None:
    eve = world.add_account("eve")
    file, folder = world.add_file(dave, "a"), world.add_folder(eve, "f")
    with pytest.raises(NodeNotFound):
        move(world, eve, file, name="mine")
    with pytest.raises(NodeNotFound):
        move(world, eve, file, parent=folder)
    with pytest.raises(ParentNotFound):
        move(world, dave, file, parent=folder)
    with pytest.raises(ParentNotFound):
        move(world, dave, file, parent=world.home(eve))
    assert names(world, dave, world.home(dave)) == ["a"]


def chain(world: World, caller: Caller, length: int, name: str = "d") -> list[LongIdentifier]:
    """Folders in the home, each in the one before."""
    folders = [world.home(caller)]
    for _ in range(length):
        folders.append(world.add_folder(caller, name, folders[-1]))
    return folders[1:]


def test_what_hangs_below_has_to_fit_too(world: World, dave: Caller) -> None:
    deep = chain(world, dave, MAX_DEPTH - 4)
    top, *_, lowest = chain(world, dave, 3, "e")
    move(world, dave, top, parent=deep[-1])
    move(world, dave, top, parent=world.home(dave))
    file = world.add_file(dave, "file", lowest)
    with pytest.raises(InvalidName, match=str(MAX_DEPTH)):
        move(world, dave, top, parent=deep[-1])
    assert move(world, dave, top, parent=deep[-2]).parent == deep[-2].node
    assert move(world, dave, top, name="renamed").name == "renamed"
    world.desk.deletions.delete(dave, Delete(file))
    world.add_folder(dave, "folder", lowest)
    with pytest.raises(InvalidName):
        move(world, dave, top, parent=deep[-1])


def test_a_wrong_generation_is_a_conflict_that_names_both(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    assert move(world, dave, file, name="b", if_generation=1).generation == 2
    with pytest.raises(GenerationConflict, match="generation 1 was expected, and it has generation 2") as caught:
        move(world, dave, file, name="c", if_generation=1)
    assert caught.value.properties == (("generation.expected", "1"), ("generation.actual", "2"))
    with pytest.raises(GenerationConflict):
        move(world, dave, file, name="b", if_generation=1)
    assert names(world, dave, world.home(dave)) == ["b"]


def test_properties_are_inherited_from_where_it_is_now(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "f", filestore_preferred=str(LEICESTER))
    file = world.add_file(dave, "a")
    move(world, dave, file, parent=folder)
    offer = world.offer(dave, file)
    assert offer.container is not None
    assert offer.container.service == LEICESTER


def test_an_upload_under_way_is_not_disturbed(world: World, dave: Caller) -> None:
    folder, file = world.add_folder(dave, "f"), world.add_file(dave, "a")
    offer = world.offer(dave, file)
    moved = move(world, dave, file, parent=folder, name="b")
    world.send(offer, b"bytes")
    world.stores.deliver(world.desk)
    assert world.get(dave, below(folder, "b")) == b"bytes"
    assert world.node(dave, file).generation == moved.generation + 1


def test_a_clock_that_is_set_back_sets_no_node_back(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    before = world.node(dave, file)
    world.watch.seconds -= 100
    assert move(world, dave, file, name="b").modified == before.modified


def test_what_was_moved_is_found_from_below(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "f")
    moved = world.add_folder(dave, "g")
    file = world.add(dave, "a", NodeKind.FILE, moved)
    move(world, dave, moved, parent=folder)
    nodes = world.desk.nodes.get_node(dave, GetNode(LongIdentifier(file.identifier), BundleHints(parents=True)))
    assert [node.name for node in nodes] == ["a", "g", "f", "home"]
    changed = SetProperties(LongIdentifier(file.identifier), (Property("colour", "red"),))
    assert world.desk.nodes.set_properties(dave, changed).parent == moved.node


# --- replace ---


@pytest.mark.parametrize("kind", [NodeKind.FILE, NodeKind.FOLDER])
def test_what_is_replaced_goes_to_the_trash_with_all_that_is_in_it(world: World, dave: Caller, kind: str) -> None:
    folder = world.add_folder(dave, "f")
    old = world.add_folder(dave, "a", folder)
    world.put(dave, world.add_file(dave, "in it", old), b"old")
    new = LongIdentifier(world.add(dave, "a", kind).identifier)
    with pytest.raises(DuplicateNode):
        move(world, dave, new, parent=folder)
    moved = move(world, dave, new, parent=folder, replace=True)
    assert world.node(dave, below(folder, "a")) == moved
    assert LongIdentifier(moved.identifier) == new
    with pytest.raises(NodeNotFound):
        world.node(dave, old)
    (trashed,) = world.desk.trash.list_trash(dave, ListTrash()).trashed
    assert (trashed.node.identifier, trashed.files, trashed.size) == (old.node, 1, 3)
    assert world.changes()[-2:] == ["trash", "move"]
    world.desk.trash.restore(dave, Restore(old.node, name="restored"))
    assert world.get(dave, below(folder, "restored/in it")) == b"old"


def test_an_upload_to_what_is_replaced_ends(world: World, dave: Caller) -> None:
    new, old = world.add_file(dave, "new"), world.add_file(dave, "old")
    offer = world.offer(dave, old)
    wakes = world.errands.wakes
    move(world, dave, new, name="old", replace=True)
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.state == TransferState.CANCELLED
    assert world.errands.wakes > wakes


def test_a_folder_that_a_node_is_in_is_not_replaced_by_it(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a", world.add_folder(dave, "b"))
    file = world.add_file(dave, "b", folder)
    with pytest.raises(IntoItself, match="would take the place of a folder that it is in"):
        move(world, dave, file, parent=world.home(dave), replace=True)
    assert world.node(dave, below(world.home(dave), "b/a/b")).identifier == file.node


def test_replacing_nothing_is_a_move(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    assert move(world, dave, file, name="b", replace=True).name == "b"
    assert world.desk.trash.list_trash(dave, ListTrash()).trashed == ()
