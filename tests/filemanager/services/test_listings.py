"""Many nodes at once: bundles as their hints say, and folders page by page."""

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from tests.support.filemanager import World
from vofiles.contract import BundleHints, Delete, GetNode, ListChildren
from vofiles.errors import InvalidArgument, NotAFolder
from vofiles.ivorn import LongIdentifier


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def tree(world: World, dave: Caller) -> dict[str, LongIdentifier]:
    """home/{a/{x,y}, b/{z/{deep}}, c}"""
    found = {"home": world.home(dave)}
    for name in ("a", "b"):
        found[name] = world.add_folder(dave, name)
    found["c"] = world.add_file(dave, "c")
    for parent, name in (("a", "x"), ("a", "y")):
        found[name] = world.add_file(dave, name, found[parent])
    found["z"] = world.add_folder(dave, "z", found["b"])
    found["deep"] = world.add_file(dave, "deep", found["z"])
    return found


def bundle(world: World, caller: Caller, node: LongIdentifier, *hints: object) -> list[str]:
    nodes = world.desk.nodes.get_node(caller, GetNode(node, BundleHints(*hints)))  # type: ignore[arg-type]
    return [node.name for node in nodes]


def test_bundles_follow_their_hints(world: World, dave: Caller, tree: dict[str, LongIdentifier]) -> None:
    home = tree["home"]
    assert [node.name for node in world.desk.nodes.get_node(dave, GetNode(home))] == ["home"]
    assert bundle(world, dave, home, 0) == ["home"]
    assert bundle(world, dave, home, 1) == ["home", "a", "b", "c"]
    assert bundle(world, dave, home, 2) == ["home", "a", "b", "c", "x", "y", "z"]
    assert bundle(world, dave, home, -1) == ["home", "a", "b", "c", "x", "y", "z", "deep"]
    assert bundle(world, dave, home, -1, 4) == ["home", "a", "b", "c", "x"]
    assert bundle(world, dave, home, -1, 0) == ["home"]
    assert bundle(world, dave, home, -1, -1) == ["home", "a", "b", "c", "x", "y", "z", "deep"]
    assert bundle(world, dave, tree["deep"], 0, None, True) == ["deep", "z", "b", "home"]
    assert bundle(world, dave, tree["deep"], 0, 2, True) == ["deep", "z", "b"]
    assert bundle(world, dave, tree["z"], 5, None, True) == ["z", "b", "home", "deep"]


def test_a_bundle_has_at_most_as_many_nodes_as_the_service_allows() -> None:
    world = World(terms=Terms(maximum_extra_nodes=3))
    dave = world.add_account("dave")
    for name in "abcdef":
        world.add_file(dave, name)
    assert bundle(world, dave, world.home(dave), -1, -1) == ["home", "a", "b", "c"]
    assert bundle(world, dave, world.home(dave), 1, 100) == ["home", "a", "b", "c"]


def test_children_are_listed_page_by_page_in_the_order_of_names(world: World, dave: Caller) -> None:
    names = sorted({f"{letter}{number}" for letter in "bca" for number in range(5)} | {"Z", "é", "_"})
    for name in reversed(names):
        world.add_file(dave, name)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = world.desk.nodes.list_children(dave, ListChildren(world.home(dave), after, 4))
        assert len(page.nodes) <= 4
        seen += [node.name for node in page.nodes]
        # What comes and goes between two pages moves nothing else.
        if after is None:
            world.desk.deletions.delete(dave, Delete(LongIdentifier(page.nodes[0].identifier), purge=True))
        after = page.next
        if after is None:
            break
    assert seen == names


def test_a_last_page_that_is_full_says_that_it_is_the_last(world: World, dave: Caller) -> None:
    for name in "abcd":
        world.add_file(dave, name)
    page = world.desk.nodes.list_children(dave, ListChildren(world.home(dave), "b", 2))
    assert [node.name for node in page.nodes] == ["c", "d"]
    assert page.next is None


def test_listings_refuse_what_they_cannot_do(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    with pytest.raises(NotAFolder):
        world.desk.nodes.list_children(dave, ListChildren(file))
    with pytest.raises(InvalidArgument):
        world.desk.nodes.list_children(dave, ListChildren(world.home(dave), limit=0))
    with pytest.raises(InvalidArgument):
        world.desk.nodes.list_children(dave, ListChildren(world.home(dave), after="a/b"))


def test_a_page_has_at_most_as_many_nodes_as_the_service_allows() -> None:
    world = World(terms=Terms(maximum_page=2))
    dave = world.add_account("dave")
    for name in "abc":
        world.add_file(dave, name)
    for limit in (None, 100):
        page = world.desk.nodes.list_children(dave, ListChildren(world.home(dave), limit=limit))
        assert ([node.name for node in page.nodes], page.next) == (["a", "b"], "b")
