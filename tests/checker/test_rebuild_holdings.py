"""`rebuild` from holdings that say little, contradict each other, or come in any order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from filemanager.domain.manifest import parse_line
from filemanager.domain.rebuilding import tree_of
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World
from tests.support.localstores import SERVICE
from tests.support.rebuilding import DAVE, holding, rebuild, tree, world
from vofiles.errors import InvalidArgument
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import MAX_NAME_BYTES

__all__ = ["world"]


# --- what stores were not told ----------------------------------------------------------------------------------------


def test_files_whose_number_no_store_was_told_are_known_by_their_path(world: World) -> None:
    report = rebuild(world, [holding("aaaa", "a/b", 1), holding("bbbb", "a/b", 2, b"newer"), holding("cccc", "c", 1)])
    assert sorted(each.kind for each in report.findings) == [kinds.FRESH_NUMBER] * 2 + [kinds.SUPERSEDED]
    nodes = tree(world, Caller(DAVE))
    assert {path: node.size for path, node in nodes.items()} == {"a": None, "a/b": 5, "c": 1}
    # The same path is the same file the next time, too.
    assert rebuild(world, [holding("dddd", "a/b", 3, b"newest")]).findings == []
    assert tree(world, Caller(DAVE))["a/b"].identifier == nodes["a/b"].identifier
    assert tree(world, Caller(DAVE))["a/b"].size == 6


def test_a_file_moved_between_versions_stands_where_its_newest_content_was_put(world: World) -> None:
    rebuild(world, [holding("aaaa", "old/place", 1, number="n"), holding("bbbb", "new", 2, b"yy", number="n")])
    assert {path: node.size for path, node in tree(world, Caller(DAVE)).items()} == {"new": 2}


def test_a_name_that_is_a_file_to_one_and_a_folder_to_another(world: World) -> None:
    held = [holding("aaaa", "a", 9, number="one"), holding("bbbb", "a/b", 1, number="two")]
    report = rebuild(world, held)
    assert [(each.kind, each.subject) for each in report.findings] == [(kinds.RENAMED, f"{SERVICE}#one")]
    assert tree(world, Caller(DAVE)).keys() == {"a", "a/b", "a.one"}


def test_a_folder_where_the_tree_has_a_file_by_now(world: World) -> None:
    rebuild(world, [holding("aaaa", "a", 1, number="one")])
    rebuild(world, [holding("bbbb", "a/b", 2, number="two"), holding("cccc", "a", 3, number="three")])
    assert tree(world, Caller(DAVE)).keys() == {"a", "a.three", "a.two", "a.two/b"}


def test_a_name_that_is_taken_too(world: World) -> None:
    rebuild(world, [holding("aaaa", "a", 1, number="one"), holding("bbbb", "a.two", 1, number="three")])
    report = rebuild(world, [holding("cccc", "a", 3, number="two")])
    assert [each.kind for each in report.findings] == [kinds.RENAMED]
    assert tree(world, Caller(DAVE)).keys() == {"a", "a.two", "a.two.2"}


def test_the_root_itself_is_no_file(world: World) -> None:
    rebuild(world, [holding("aaaa", "", 1, number="one"), holding("bbbb", "", 2)])
    nodes = tree(world, Caller(DAVE))
    assert nodes.keys() == {"found.one", "found.bbbb"}


def test_a_long_name_beside_another_is_cut(world: World) -> None:
    name = "é" * 127
    rebuild(world, [holding("aaaa", name, 1, number="one"), holding("bbbb", name, 2, number="two")])
    names = tree(world, Caller(DAVE)).keys()
    assert names == {name, "é" * 125 + ".one"}
    assert all(len(each.encode()) <= MAX_NAME_BYTES for each in names)


def test_the_same_content_in_two_stores_is_one_version(world: World) -> None:
    held = [
        holding("aaaa", "a", 1, number="one"),
        holding("bbbb", "a", 2, number="one", store=CAMBRIDGE),
        holding("cccc", "a", 3, number="one"),
    ]
    assert [each.subject for each in rebuild(world, held).findings] == [f"{LEICESTER}#aaaa"]
    found = world.database.read(lambda tx: tx.census.replicas_in([each.container for each in held]))
    assert {str(each.container) for each in found.values()} == {f"{LEICESTER}#cccc", f"{CAMBRIDGE}#bbbb"}
    assert world.node(Caller(DAVE), LongIdentifier(NodeIdentifier(SERVICE, "one"))).version == 1


def test_the_same_content_twice_in_one_store_is_two_versions() -> None:
    held = [holding(letters, "a", at, number="one") for at, letters in enumerate(("aaaa", "bbbb", "cccc"))]
    (file,) = tree_of(held, 2).files
    assert [version.newest for version in file.versions] == held[1:]
    assert list(file.superseded) == held[:1]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "x", '{"digests": {}, "container": "x"}'])
def test_a_line_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="no line of a manifest"):
        parse_line(text)


# --- laws -------------------------------------------------------------------------------------------------------------


HOLDINGS = st.lists(
    st.builds(
        lambda path, at, data, number, store, complete: (path, at, data, number, store, complete),
        st.lists(st.sampled_from(["a", "b", "a.one", "a.c001"]), max_size=3).map("/".join),
        st.integers(0, 20),
        st.sampled_from([b"", b"x", b"yy"]),
        st.sampled_from([None, "one", "two", "three"]),
        st.sampled_from([LEICESTER, CAMBRIDGE]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(HOLDINGS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_a_tree_does_not_depend_on_the_order_and_loses_nothing(
    parts: list[tuple[str, int, bytes, str | None, Ivorn, bool]], keep: int, shuffle: random.Random
) -> None:
    held = [
        holding(f"c{position:03}", path, at, data, number=number, store=store, complete=complete)
        for position, (path, at, data, number, store, complete) in enumerate(parts)
    ]
    made = tree_of(held, keep)
    mixed = list(held)
    shuffle.shuffle(mixed)
    assert tree_of(mixed, keep) == made
    # Every container is somewhere, once.
    assert sorted(str(each.container) for file in made.files for each in file.holdings) == sorted(
        str(each.container) for each in held
    )
    places = [file.path for file in made.files]
    assert len(set(places)) == len(places)
    folders = {place[:depth] for place in places for depth in range(len(place))}
    assert not folders & set(places)
    for file in made.files:
        assert len(file.versions) <= keep
        complete = [each for each in file.holdings if each.state == "COMPLETE"]
        if complete:
            newest = max(complete, key=lambda each: (each.completed or 0, str(each.container)))
            assert newest in file.versions[-1].holdings
            assert file.wanted == newest.node.path
        for version in file.versions:
            assert len({(each.size, each.digests) for each in version.holdings}) == 1
            assert len({each.container.service for each in version.holdings}) == len(version.holdings)
