"""What is told of a node from memory: only while nothing of it has changed, and no more than there is room for."""

from collections.abc import Callable

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.replica import ReplicaState
from filemanager.services.keeping import Kept
from tests.support.filemanager import LEICESTER, World
from tests.support.localstores import SERVICE
from vofiles import contract
from vofiles.contract import ListChildren, Move, Property, SetProperties
from vofiles.errors import NodeNotFound
from vofiles.ivorn import LongIdentifier


class Told:
    """A file of dave's, and what is told of it."""

    def __init__(self) -> None:
        self.world = World()
        self.dave = self.world.add_account("dave")
        self.folder = self.world.add_folder(self.dave, "folder")
        self.file = self.world.add_file(self.dave, "file", self.folder, colour="blue")
        self.world.put(self.dave, self.file, b"bytes")

    def tell(self, caller: Caller | None = None) -> contract.Node:
        request = ListChildren(self.folder)
        return self.world.desk.nodes.list_children(caller or self.dave, request).nodes[0]

    def mark(self, state: str) -> None:
        def write(tx: object) -> None:
            node = tx.nodes.find_node(self.file.node.number)  # type: ignore[attr-defined]
            (replica,) = tx.contents.replicas_of_node(node.key)  # type: ignore[attr-defined]
            tx.census.mark_replica(replica.key, state)  # type: ignore[attr-defined]

        self.world.database.write(write)


@pytest.fixture
def told() -> Told:
    return Told()


def test_what_has_not_changed_is_told_as_it_was(told: Told) -> None:
    first = told.tell()
    assert told.tell() is first
    (node,) = told.world.desk.nodes.get_node(told.dave, contract.GetNode(told.file))
    assert node is first


CHANGES: dict[str, Callable[[Told], object]] = {
    "a property": lambda told: told.world.desk.nodes.set_properties(
        told.dave, SetProperties(told.file, (Property("colour", "red"),))
    ),
    "no property": lambda told: told.world.desk.nodes.set_properties(
        told.dave, SetProperties(told.file, remove_keys=("colour",))
    ),
    "a name": lambda told: told.world.desk.moves.move(told.dave, Move(told.file, name="other")),
    "content": lambda told: told.world.put(told.dave, told.file, b"other bytes"),
    "content from elsewhere": lambda told: told.world.put(told.dave, told.file, b"bytes", store=LEICESTER),
    "a replica that is suspect": lambda told: told.mark(ReplicaState.SUSPECT),
    "a replica that is lost": lambda told: told.mark(ReplicaState.LOST),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_told_anew_though_no_time_has_passed(told: Told, change: str) -> None:
    first = told.tell()
    CHANGES[change](told)
    second = told.tell()
    assert second != first
    assert told.tell() is second


def test_where_first_bytes_will_come_is_told_while_they_are_on_their_way(told: Told) -> None:
    empty = told.world.add_file(told.dave, "empty", told.folder)
    before = told.world.node(told.dave, empty)
    told.world.offer(told.dave, empty)
    (during,) = (
        n for n in told.world.desk.nodes.list_children(told.dave, ListChildren(told.folder)).nodes if not n.size
    )
    assert {p.key for p in during.properties} - {p.key for p in before.properties} == {
        "filestore.location",
        "filestore.location.state",
    }


def test_nobody_else_is_told(told: Told) -> None:
    told.tell()
    anna = told.world.add_account("anna")
    with pytest.raises(NodeNotFound):
        told.tell(anna)
    with pytest.raises(NodeNotFound):
        told.world.desk.nodes.get_node(anna, contract.GetNode(told.file))


def test_there_is_room_for_so_many(told: Told) -> None:
    kept = Kept(room=2)
    world, dave = told.world, told.dave
    files = [world.add_file(dave, f"n{number}") for number in range(3)]

    def tell(file: LongIdentifier) -> contract.Node:
        def look(tx: object) -> contract.Node:
            node = tx.nodes.find_node(file.node.number)  # type: ignore[attr-defined]
            return kept.describe(tx, SERVICE, [node])[0]  # type: ignore[arg-type]

        return world.database.read(look)

    first, second, third = map(tell, files)
    assert tell(files[1]) is second
    assert tell(files[2]) is third
    assert tell(files[0]) is not first
