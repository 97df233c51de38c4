"""Wire values of nodes are made once while nothing of them changes, and not kept without end."""

import pytest

from filemanager.api.astrogrid.nodes import Memory
from filemanager.api.astrogrid.types import FILE, FOLDER
from filemanager.services.bundles import Entry
from tests.support.astrogrid import ALONE, OldWorld, names
from vofiles.contract import GetNode, Property, SetProperties
from vofiles.ivorn import LongIdentifier


@pytest.fixture
def there() -> OldWorld:
    return OldWorld()


def test_a_node_is_made_again_when_anything_of_it_has_changed(there: OldWorld) -> None:
    folder = there.add("folder", FOLDER)

    def look() -> object:
        return there.call("getNode", folder, ALONE)[0]

    first = look()
    assert look() is first
    there.call("addNode", folder, "a", FILE)
    second = look()
    assert second is not first
    assert look() is second
    there.call("move", f"{folder}/a", None, "b", None)
    third = look()
    assert [names(each.children) for each in (second, third)] == [["a"], ["b"]]  # type: ignore[attr-defined]


def test_there_is_an_end_to_what_is_kept(there: OldWorld) -> None:
    def entry(node: str) -> Entry:
        return there.world.desk.bundles.get_bundle(there.dave, GetNode(LongIdentifier.parse(node)))[0]

    for each in range(9):
        there.add(f"n{each}")
    home, *files = entry(there.home), *(entry(f"{there.home}/n{each}") for each in range(9))
    memory = Memory(room=12)
    made = memory.bundle_of((home,)).nodes  # with nine names
    assert memory.bundle_of((home,)).nodes[0] is made[0]
    memory.bundle_of(tuple(files[:3]))
    assert memory.bundle_of((home,)).nodes[0] is not made[0]
    small = Memory(room=5)
    assert small.bundle_of((home,)).nodes[0] is not small.bundle_of((home,)).nodes[0]


def test_what_is_long_is_not_kept_at_all(there: OldWorld) -> None:
    folder = there.add("folder", FOLDER)
    wish = SetProperties(LongIdentifier.parse(folder), (Property("note", "x" * 60_000),))
    there.world.desk.nodes.set_properties(there.dave, wish)
    first, second = (there.call("getNode", folder, ALONE)[0] for _ in range(2))
    assert first == second
    assert first is not second
