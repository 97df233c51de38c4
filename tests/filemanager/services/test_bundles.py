"""Bundles: a node with nodes around it in one answer, in one round to the database for each level."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.persistence.engine import open_database
from tests.support.filemanager import World
from tests.support.statements import sent
from vofiles.contract import BundleHints, Delete, GetNode, NodeKind
from vofiles.errors import NodeNotFound
from vofiles.ivorn import LongIdentifier

__all__ = ["sent"]


def names(world: World, caller: Caller, node: LongIdentifier, **hints: object) -> list[str]:
    request = GetNode(node, BundleHints(**hints))  # type: ignore[arg-type]
    return [each.name for each in world.desk.nodes.get_node(caller, request)]


@pytest.fixture
def world() -> World:
    return World(terms=Terms(maximum_extra_nodes=6))


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def tree(world: World, dave: Caller) -> dict[str, LongIdentifier]:
    """home/{a/{c/{e, f}, d}, b}"""
    made = {"home": world.home(dave)}
    for name, parent in (("a", "home"), ("c", "a"), ("d", "a"), ("e", "c"), ("f", "c"), ("b", "home")):
        kind = NodeKind.FOLDER if name in "ac" else NodeKind.FILE
        made[name] = LongIdentifier(world.add(dave, name, kind, made[parent]).identifier)
    return made


@pytest.mark.parametrize(
    ("node", "hints", "expected"),
    [
        ("home", {}, "home"),
        ("home", {"depth": 0}, "home"),
        ("home", {"depth": 1}, "home a b"),
        ("home", {"depth": 2}, "home a b c d"),
        ("home", {"depth": 99}, "home a b c d e f"),
        ("home", {"depth": -1}, "home a b c d e f"),
        ("home", {"depth": -1, "maximum_extra_nodes": 0}, "home"),
        ("home", {"depth": -1, "maximum_extra_nodes": 3}, "home a b c"),
        ("home", {"depth": -1, "maximum_extra_nodes": -1}, "home a b c d e f"),
        ("home", {"parents": True}, "home"),
        ("c", {"parents": True}, "c a home"),
        ("c", {"parents": False, "depth": 1}, "c e f"),
        ("c", {"parents": True, "depth": 1}, "c a home e f"),
        ("c", {"parents": True, "depth": 1, "maximum_extra_nodes": 3}, "c a home e"),
        ("c", {"parents": True, "depth": 1, "maximum_extra_nodes": 1}, "c a"),
        ("e", {"parents": True, "depth": 5}, "e c a home"),
    ],
)
def test_the_node_comes_first_then_parents_upwards_then_children_level_by_level(
    world: World, dave: Caller, tree: dict[str, LongIdentifier], node: str, hints: dict[str, Any], expected: str
) -> None:
    assert names(world, dave, tree[node], **hints) == expected.split()


def test_the_service_has_a_limit_of_its_own(world: World, dave: Caller, tree: dict[str, LongIdentifier]) -> None:
    world.add_file(dave, "g", tree["c"])
    for most in (None, -1, 7, 1000):
        assert len(names(world, dave, tree["home"], depth=-1, maximum_extra_nodes=most)) == 7


def test_what_is_in_the_trash_is_in_no_bundle(world: World, dave: Caller, tree: dict[str, LongIdentifier]) -> None:
    world.desk.deletions.delete(dave, Delete(tree["c"], recursive=True))
    assert names(world, dave, tree["home"], depth=-1) == ["home", "a", "b", "d"]
    with pytest.raises(NodeNotFound):
        names(world, dave, tree["e"], parents=True)


# --- rounds -----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def kept_right() -> None:
    """Nothing is told twice here, for statements are counted."""


LEVELS = 4
FOUND = 3
"""Statements that find the node, that it is in no trash, and its parents."""
DESCRIBED = 4
"""Statements that describe any number of nodes: properties, versions, replicas, imports that are open."""


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[World]:
    database = open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    yield World(database, terms=Terms(maximum_extra_nodes=400))
    database.close()


def grow(world: World, dave: Caller, width: int) -> LongIdentifier:
    """Levels of so many nodes each, files and folders in turn, some with content."""
    top = world.add_folder(dave, f"top {width}")
    parents = [top]
    for level in range(LEVELS):
        made = []
        for number in range(width):
            parent, name = parents[number % len(parents)], f"{level}-{number}"
            if number % 2:
                file = world.add_file(dave, name, parent, colour="blue")
                if number % 4 == 1:
                    world.put(dave, file, b"bytes")
                else:
                    world.offer(dave, file)
            else:
                made.append(world.add_folder(dave, name, parent))
        parents = made
    return top


def test_a_level_is_one_round_however_wide_it_is(wide: World, sent: Counter[str]) -> None:
    dave = wide.add_account("dave")
    numbers = {}
    for width in (4, 60):
        top = grow(wide, dave, width)
        sent.clear()
        found = names(wide, dave, top, depth=LEVELS, parents=True)
        assert len(found) == 2 + LEVELS * width
        numbers[width] = sent.total()
    assert numbers[4] == numbers[60] <= FOUND + LEVELS + DESCRIBED
