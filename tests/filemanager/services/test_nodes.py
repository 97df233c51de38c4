"""Nodes: added, found by identifier and path, described, deleted; and absent for everybody else."""

from collections.abc import Callable

import pytest

from filemanager.domain.caller import Caller
from tests.support.filemanager import World, below, property_of
from tests.support.localstores import SERVICE
from vofiles.contract import (
    AddNode,
    Delete,
    ExportInit,
    GetNode,
    GetTransfer,
    ImportInit,
    ListChildren,
    NodeKind,
    Property,
    SetProperties,
    TransferState,
)
from vofiles.errors import (
    DuplicateNode,
    FolderNotEmpty,
    InvalidArgument,
    InvalidIdentifier,
    InvalidName,
    NodeNotFound,
    NotAFile,
    NotAFolder,
    ParentNotFound,
    PermissionDenied,
    ReadOnlyProperty,
    StoreNotFound,
    TransferNotFound,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import MAX_DEPTH
from vofiles.properties import MAX_PROPERTIES


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def test_the_reply_to_add_node_has_all_properties(world: World, dave: Caller) -> None:
    node = world.add(dave, "query-7.vot", NodeKind.FILE, content_type="text/xml", colour="blue")
    assert (node.name, node.type, node.owner, node.generation, node.version) == (
        "query-7.vot",
        "FILE",
        dave.account,
        1,
        0,
    )
    assert (node.size, node.digests, node.content_type) == (None, (), "text/xml")
    assert node.parent == world.home(dave).node
    assert [each.key for each in node.properties] == ["colour", "content.type", "created.date", "modified.date"]
    assert property_of(node, "created.date") == "2027-01-15T08:00:00.000000Z"
    assert world.node(dave, LongIdentifier(node.identifier)) == node


def test_nodes_are_found_by_path_whatever_is_the_root_of_it(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "solar-project")
    file = world.add_file(dave, "été 7.vot", folder)
    for identifier in (
        file,
        below(folder, "été 7.vot"),
        below(world.home(dave), "solar-project/été 7.vot"),
        LongIdentifier.parse(f"{world.home(dave)}//solar-project/%C3%A9t%C3%A9%207.vot/"),
        LongIdentifier.parse(f"{SERVICE}#{file.node.number}".replace("ivo://ast", "IVO://AST")),
    ):
        assert LongIdentifier(world.node(dave, identifier).identifier) == file


def test_what_is_not_there_is_not_found_and_says_why(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    elsewhere = LongIdentifier(NodeIdentifier(Ivorn.parse("ivo://star.le.ac.uk/filemanager"), file.node.number))
    with pytest.raises(NodeNotFound, match=r"this service is ivo://ast\.cam\.ac\.uk/filemanager"):
        world.node(dave, elsewhere)
    for path in ("b", "a/b", "home", "a/a"):
        with pytest.raises(NodeNotFound):
            world.node(dave, below(world.home(dave), path))
    with pytest.raises(InvalidIdentifier):
        LongIdentifier.parse(f"{SERVICE}/a")


def test_a_node_needs_a_parent_that_is_a_folder(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    with pytest.raises(NotAFolder):
        world.add(dave, "b", NodeKind.FILE, file)
    with pytest.raises(ParentNotFound):
        world.add(dave, "b", NodeKind.FILE, below(world.home(dave), "none"))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "a\r", "\u202ea", "x" * 256, "é" * 128])
def test_names_that_cannot_be_are_refused(world: World, dave: Caller, name: str) -> None:
    with pytest.raises(InvalidName):
        world.add(dave, name, NodeKind.FILE)


def test_two_spellings_of_a_name_are_one_name(world: World, dave: Caller) -> None:
    world.add(dave, "e\u0301te\u0301", NodeKind.FILE)
    with pytest.raises(DuplicateNode):
        world.add(dave, "été", NodeKind.FOLDER)
    assert world.node(dave, below(world.home(dave), "été")).name == "été"


def test_kinds_that_nobody_can_make_are_refused(world: World, dave: Caller) -> None:
    for kind in (NodeKind.LINK, "file", ""):
        with pytest.raises(InvalidArgument):
            world.add(dave, "a", kind)


def test_properties_are_checked_when_a_node_is_added(world: World, dave: Caller) -> None:
    with pytest.raises(ReadOnlyProperty, match=r"content\.size"):
        world.add(dave, "a", NodeKind.FILE, content_size="1")
    with pytest.raises(StoreNotFound):
        world.add(dave, "a", NodeKind.FILE, filestore_preferred="ivo://nowhere.org/filestore")
    with pytest.raises(InvalidArgument):
        world.desk.nodes.add_node(
            dave, AddNode(world.home(dave), "a", NodeKind.FILE, (Property("k", "1"), Property("k", "2")))
        )
    with pytest.raises(NodeNotFound):
        world.node(dave, below(world.home(dave), "a"))


def test_a_path_has_a_greatest_depth(world: World, dave: Caller) -> None:
    folder = world.home(dave)
    for _ in range(MAX_DEPTH - 1):
        folder = world.add_folder(dave, "d", folder)
    with pytest.raises(InvalidName, match="256"):
        world.add_folder(dave, "d", folder)


def test_adding_a_child_does_not_change_the_parent(world: World, dave: Caller) -> None:
    before = world.node(dave, world.home(dave))
    world.watch.seconds = 5
    world.add_file(dave, "a")
    assert world.node(dave, world.home(dave)) == before


# --- properties ---


def test_properties_are_set_changed_and_removed(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", colour="blue", mood="good")
    world.watch.seconds = 7

    def edit(*properties: Property, remove: tuple[str, ...] = ()) -> object:
        return world.desk.nodes.set_properties(dave, SetProperties(file, properties, remove))

    edit(Property("colour", "red"), Property("{urn:x}key", "1"), remove=("mood", "absent"))
    node = world.node(dave, file)
    assert [property_of(node, key) for key in ("colour", "{urn:x}key", "mood")] == ["red", "1", None]
    assert (node.generation, node.modified - node.created) == (2, 7_000_000)
    edit(Property("colour", "red"))
    assert world.node(dave, file).generation == 2, "what changes nothing is no change"
    with pytest.raises(ReadOnlyProperty):
        edit(Property("created.date", "x"))
    with pytest.raises(ReadOnlyProperty, match=r"node\.name"):
        # Its history would tell of a renaming that never was.
        edit(Property("node.name", "x"))
    with pytest.raises(ReadOnlyProperty):
        edit(remove=("filestore.location",))
    with pytest.raises(InvalidArgument):
        edit(Property("a b", "x"))
    with pytest.raises(InvalidArgument):
        edit(Property("colour", "x"), remove=("colour",))
    with pytest.raises(InvalidArgument, match=str(MAX_PROPERTIES)):
        edit(*(Property(f"k{number}", "x") for number in range(MAX_PROPERTIES)))
    assert world.node(dave, file) == node


def test_the_date_of_a_change_is_never_before_the_last_one(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.watch.seconds = -3600
    world.desk.nodes.set_properties(dave, SetProperties(file, (Property("colour", "red"),)))
    node = world.node(dave, file)
    assert node.modified == node.created


# --- deleting ---


def test_files_and_empty_folders_are_deleted(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    file = world.add_file(dave, "b", folder)
    with pytest.raises(FolderNotEmpty):
        world.desk.deletions.delete(dave, Delete(folder, purge=True))
    world.desk.deletions.delete(dave, Delete(below(folder, "b"), purge=True))
    world.desk.deletions.delete(dave, Delete(folder, purge=True))
    for gone in (file, folder):
        with pytest.raises(NodeNotFound):
            world.node(dave, gone)
        with pytest.raises(NodeNotFound):
            world.desk.deletions.delete(dave, Delete(gone, purge=True))
    world.add_folder(dave, "a")
    with pytest.raises(PermissionDenied):
        world.desk.deletions.delete(dave, Delete(world.home(dave), purge=True))


def test_with_a_file_its_bytes_go(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.put(dave, file, b"some bytes")
    assert offer.container is not None
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    assert world.errands.wakes > 0
    assert world.run_errands() == [("deleteContainer", str(offer.container))]
    assert not any(local.containers() for local in world.stores.stores.values())


def test_with_a_file_its_open_transfers_end(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    assert world.desk.transfers.get_transfer(dave, offer.transfer).transfer.state == TransferState.CANCELLED
    assert world.run_errands() == [("cancelTransfer", offer.transfer)]
    with pytest.raises(VofilesError):
        world.send(offer, b"too late")
    assert not any(local.containers() for local in world.stores.stores.values())


# --- rights ---


def attempts(world: World, target: LongIdentifier, folder: LongIdentifier) -> list[Callable[[Caller], object]]:
    desk = world.desk
    return [
        lambda caller: desk.nodes.get_node(caller, GetNode(target)),
        lambda caller: desk.nodes.list_children(caller, ListChildren(folder)),
        lambda caller: desk.nodes.set_properties(caller, SetProperties(target, (Property("a", "b"),))),
        lambda caller: desk.deletions.delete(caller, Delete(target, purge=True)),
        lambda caller: desk.nodes.add_node(caller, AddNode(folder, "x", NodeKind.FILE)),
        lambda caller: desk.imports.import_init(caller, ImportInit(target)),
        lambda caller: desk.exports.export_init(caller, ExportInit(target)),
    ]


def test_the_trees_of_others_look_absent(world: World, dave: Caller) -> None:
    anna = world.add_account("anna")
    folder = world.add_folder(dave, "a")
    file = world.add_file(dave, "b", folder)
    world.put(dave, file, b"mine")
    nothing = LongIdentifier(NodeIdentifier(SERVICE, "0" * 26))
    for identifiers in ((file, folder), (below(world.home(dave), "a/b"), below(world.home(dave), "a"))):
        for denied, absent in zip(attempts(world, *identifiers), attempts(world, nothing, nothing), strict=True):
            with pytest.raises(VofilesError) as first:
                denied(anna)
            with pytest.raises(VofilesError) as second:
                absent(anna)
            assert type(first.value) is type(second.value)
            words = first.value.message
            for identifier in identifiers:
                words = words.replace(str(identifier), str(nothing))
            assert words == second.value.message
    assert world.get(dave, file) == b"mine"


def test_the_transfers_of_others_look_absent(world: World, dave: Caller) -> None:
    anna = world.add_account("anna")
    offer = world.offer(dave, world.add_file(dave, "a"))
    for act in (world.desk.transfers.get_transfer, world.desk.transfers.cancel_transfer):
        with pytest.raises(TransferNotFound):
            act(anna, offer.transfer)
    assert (
        GetTransfer(offer.transfer).transfer
        == world.desk.transfers.get_transfer(dave, offer.transfer).transfer.transfer
    )


def test_folders_have_no_content(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    with pytest.raises(NotAFile):
        world.offer(dave, folder)
    with pytest.raises(NotAFile):
        world.desk.exports.export_init(dave, ExportInit(folder))


def test_every_change_leaves_its_mark(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "a")
    file = world.add_file(dave, "b", folder, colour="blue")
    world.desk.nodes.set_properties(dave, SetProperties(file, (Property("colour", "red"),)))
    world.put(dave, file, b"12345")
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    history = world.database.read(lambda tx: tx.changes.list_changes(2, 100))
    assert [(each.number, each.operation, each.who) for each in history] == [
        (3, "addNode", dave.account),
        (4, "setProperties", dave.account),
        (5, "import", dave.account),
        (6, "delete", dave.account),
    ]
    added, edited, imported, deleted = history
    assert added.after["node.name"] == "b"
    assert added.after["colour"] == "blue"
    assert (edited.before, edited.after) == ({"colour": "blue"}, {"colour": "red"})
    assert imported.before == {"content.version": None, "content.type": None}
    assert (imported.after["content.version"], imported.after["content.size"]) == ("1", "5")
    assert (deleted.before["node.name"], deleted.before["colour"], deleted.after) == ("b", "red", {})
