"""Who sets which property: what only the service sets is refused by name wherever properties can be given, and the type
of a content is the caller's word where there is one, else what its bytes are.
"""

import dataclasses
from collections.abc import Callable

import pytest

from tests.support.filemanager import COMMUNITY, OPERATOR, World
from vofiles import contract
from vofiles.contract import AddAccount, AddNode, NodeKind, Property, SetAccountProperties, SetProperties
from vofiles.contract.operations import FILEMANAGER
from vofiles.errors import ReadOnlyProperty
from vofiles.ivorn import Ivorn
from vofiles.properties import STANDARD, Setter
from vofiles.shape import parts

SERVICE_KEYS = sorted(key for key, row in STANDARD.items() if row.setter is Setter.SERVICE)
Call = Callable[[World, tuple[Property, ...], tuple[str, ...]], object]


def add_account(world: World, given: tuple[Property, ...], _remove: tuple[str, ...]) -> object:
    eve = Ivorn.parse(f"{COMMUNITY}/eve")
    return world.desk.accounts.add_account(OPERATOR, AddAccount(eve, properties=given))


def set_account(world: World, given: tuple[Property, ...], remove: tuple[str, ...]) -> object:
    dave = world.add_account("dave")
    return world.desk.accounts.set_account_properties(dave, SetAccountProperties(None, given, remove))


def add_node(world: World, given: tuple[Property, ...], _remove: tuple[str, ...]) -> object:
    dave = world.add_account("dave")
    return world.desk.nodes.add_node(dave, AddNode(world.home(dave), "a", NodeKind.FILE, given))


def set_node(world: World, given: tuple[Property, ...], remove: tuple[str, ...]) -> object:
    dave = world.add_account("dave")
    return world.desk.nodes.set_properties(dave, SetProperties(world.add_file(dave, "a"), given, remove))


CALLS: dict[str, Call] = {
    "addAccount": add_account,
    "setAccountProperties": set_account,
    "addNode": add_node,
    "setProperties": set_node,
}


def takes_properties(value: type, seen: tuple[type, ...] = ()) -> bool:
    """Whether properties can be given in a request, however deep."""
    if value is contract.Property:
        return True
    if value in seen or not dataclasses.is_dataclass(value):
        return False
    return any(part.simple is None and takes_properties(part.type, (*seen, value)) for part in parts(value))


def test_these_are_all_the_operations_that_take_properties() -> None:
    assert {operation.name for operation in FILEMANAGER if takes_properties(operation.request)} == set(CALLS)


@pytest.mark.parametrize("key", SERVICE_KEYS)
@pytest.mark.parametrize("operation", CALLS)
def test_what_only_the_service_sets_is_refused_by_name(operation: str, key: str) -> None:
    world = World()
    with pytest.raises(ReadOnlyProperty, match=key.replace(".", r"\.")):
        CALLS[operation](world, (Property("colour", "red"), Property(key, "1")), ())
    assert operation not in world.changes()


@pytest.mark.parametrize("key", SERVICE_KEYS)
@pytest.mark.parametrize("operation", ["setAccountProperties", "setProperties"])
def test_nor_can_it_be_removed(operation: str, key: str) -> None:
    world = World()
    with pytest.raises(ReadOnlyProperty, match=key.replace(".", r"\.")):
        CALLS[operation](world, (), (key,))


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"SIMPLE  =                    T", "a", "application/fits"),
        (b'<?xml version="1.0"?><VOTABLE/>', "a", "application/x-votable+xml"),
        (b"ra,dec\n1,2\n", "a", "text/csv"),
        (b"\0\1\2", "a.fits", None),
    ],
)
def test_a_content_has_the_type_of_its_bytes(data: bytes, name: str, expected: str | None) -> None:
    world = World()
    dave = world.add_account("dave")
    file = world.add_file(dave, name)
    world.put(dave, file, data)
    assert {each.key: each.value for each in world.node(dave, file).properties}.get("content.type") == expected


def test_what_the_caller_says_of_the_type_goes_first() -> None:
    world = World()
    dave = world.add_account("dave")
    told, property_set = world.add_file(dave, "told"), world.add_file(dave, "set", content_type="image/x-mine")
    world.put(dave, told, b"SIMPLE  = ", content_type="image/fits")
    world.put(dave, property_set, b"SIMPLE  = ")
    types = [
        {each.key: each.value for each in world.node(dave, file).properties}["content.type"]
        for file in (told, property_set)
    ]
    assert types == ["image/fits", "image/x-mine"]
