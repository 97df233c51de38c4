"""Searches: patterns and prefixes as spans, what is refused, and places that only their own search takes back."""

import fnmatch
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.search import (
    ALL,
    NO_SIZE,
    Condition,
    Entry,
    Place,
    Query,
    beginning_with,
    exactly,
    place_of,
    read_place,
    write_place,
)
from vofiles.contract import Find, Match, Order, PropertyMatch
from vofiles.errors import InvalidArgument, InvalidName, TooLarge
from vofiles.instant import Instant
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name

HOME = LongIdentifier.parse("ivo://ast.cam.ac.uk/filemanager#home")
FIND = Find(HOME)


def entry(name: str = "a", **changes: Any) -> Entry:
    return Entry(7, 1, name, "FILE", 5, 20, 10)._replace(**changes)


def is_name(text: str) -> bool:
    try:
        return parse_name(text) == text
    except InvalidName:
        return False


NAMES = st.one_of(
    st.text(st.sampled_from("ab.é\ud7ff\ue000\U0010fffd\U0010ffff"), min_size=1, max_size=4), st.text(min_size=1)
).filter(is_name)


@given(NAMES, NAMES)
def test_a_prefix_is_a_span(prefix: str, name: str) -> None:
    assert beginning_with(prefix).holds(name) == name.startswith(prefix)
    assert beginning_with(prefix).holds(prefix + name)
    assert exactly(prefix).holds(name) == (name == prefix)


@given(NAMES, st.text(st.sampled_from("ab*?[]!-.é"), min_size=1, max_size=6))
def test_a_pattern_matches_what_it_does_in_a_shell_and_its_span_leaves_none_of_that_out(name: str, text: str) -> None:
    query = Query.of(replace(FIND, name=text))
    assert query.admits(entry(name)) == fnmatch.fnmatchcase(name, text)


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("*.vot", ["a.vot", ".vot"], ["a.vot2", "vot", "A.VOT"]),
        ("query-?.vot", ["query-7.vot"], ["query-.vot", "query-77.vot"]),
        ("[abc]*", ["a", "cx"], ["dx", "xa"]),
        ("[!abc]*", ["d"], ["a"]),
        ("[0-9][0-9]", ["07"], ["7", "a7"]),
        ("100[*]", ["100*"], ["1000"]),
        ("e\u0301t\u00e9", ["été"], ["ete"]),
        ("plain", ["plain"], ["plain2", "Plain", "plai"]),
        ("line*", ["line", "line 1"], ["a line"]),
    ],
)
def test_patterns(pattern: str, names: list[str], others: list[str]) -> None:
    query = Query.of(replace(FIND, name=pattern))
    assert [name for name in names + others if query.admits(entry(name))] == names


def test_a_pattern_of_many_stars_is_matched_at_once() -> None:
    query = Query.of(replace(FIND, name="*a" * 500 + "*b"))
    assert not query.admits(entry("a" * 255))


def test_what_a_pattern_begins_with_is_searched_along_the_names() -> None:
    assert Query.of(replace(FIND, name="query-*")).span == ("query-", "query.")
    assert Query.of(replace(FIND, name="*")).span == ALL[Order.NAME]
    assert Query.of(replace(FIND, name="a*", order=Order.SIZE)).narrowed == [Order.NAME]


@pytest.mark.parametrize(
    ("changes", "admitted"),
    [
        ({"minimum_size": 5, "maximum_size": 5}, True),
        ({"minimum_size": 6}, False),
        ({"maximum_size": 4}, False),
        ({"modified_from": Instant(20)}, True),
        ({"modified_from": Instant(21)}, False),
        ({"modified_until": Instant(20)}, False),
        ({"modified_until": Instant(21)}, True),
        ({"created_from": Instant(10), "created_until": Instant(11)}, True),
        ({"created_until": Instant(10)}, False),
        ({"type": "FILE"}, True),
        ({"type": "FOLDER"}, False),
        ({"maximum_size": 2**63}, True),
        ({"minimum_size": 2**70}, False),
    ],
)
def test_ranges_take_their_beginning_and_leave_their_end_of_time(changes: dict[str, Any], admitted: bool) -> None:
    assert Query.of(replace(FIND, **changes)).admits(entry()) is admitted


def test_what_has_no_content_is_in_no_range_of_sizes() -> None:
    empty = entry(size=NO_SIZE)
    assert Query.of(FIND).admits(empty)
    assert not Query.of(replace(FIND, minimum_size=0)).admits(empty)
    assert not Query.of(replace(FIND, maximum_size=10)).admits(empty)


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"name": ""}, InvalidArgument, "name"),
        ({"name": "a" * 1025}, InvalidArgument, "name"),
        ({"name": "e\u0301" * 513}, InvalidArgument, "name"),
        ({"name": "a\x00*"}, InvalidArgument, "name"),
        ({"type": "file"}, InvalidArgument, "type"),
        ({"order": "BEAUTY"}, InvalidArgument, "order"),
        ({"minimum_size": -1}, InvalidArgument, "minimumSize"),
        ({"maximum_size": -1}, InvalidArgument, "maximumSize"),
        ({"properties": (PropertyMatch("a", "b", "LIKE"),)}, InvalidArgument, "match"),
        ({"properties": (PropertyMatch("a b", "b"),)}, InvalidArgument, "property key"),
        ({"properties": (PropertyMatch("a", "b\x00"),)}, InvalidArgument, "property a"),
        ({"properties": (PropertyMatch("a", "b" * 65537),)}, TooLarge, "property a"),
        ({"properties": (PropertyMatch("a", "b"),) * 17}, InvalidArgument, "properties"),
    ],
)
def test_what_no_search_can_be(changes: dict[str, Any], error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        Query.of(replace(FIND, **changes))


@given(st.text(max_size=70), st.text(max_size=70), st.booleans())
def test_the_span_of_heads_leaves_out_no_value(wanted: str, more: str, prefix: bool) -> None:
    condition = Condition("key", wanted, prefix)
    for value in (wanted, wanted + more, more):
        if condition.holds(value):
            assert condition.heads.holds(value[:64])
    assert not condition.holds(None)


PLACES = st.one_of(st.tuples(st.just(Order.NAME), NAMES), st.tuples(st.just(Order.SIZE), st.integers(-1, 2**63 - 1)))


@given(PLACES, st.integers(1, 2**63 - 1))
def test_a_place_is_read_as_it_was_written(told: tuple[str, str | int], key: int) -> None:
    order, value = told
    assert read_place(write_place(Place(value, key), "seal"), "seal", order) == Place(value, key)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "b*"},
        {"type": "FILE"},
        {"order": Order.SIZE},
        {"descending": True},
        {"minimum_size": 1},
        {"maximum_size": 1},
        {"modified_from": Instant(1)},
        {"created_until": Instant(1)},
        {"properties": (PropertyMatch("a", "b"),)},
        {"properties": (PropertyMatch("a", "b", Match.PREFIX),)},
    ],
)
def test_a_place_of_another_search_is_refused(changes: dict[str, Any]) -> None:
    one, other = Query.of(replace(FIND, name="a*")), Query.of(replace(FIND, **{"name": "a*"} | changes))
    place = write_place(place_of(entry(), one.order), one.seal("home"))
    for wrong, order in ((other.seal("home"), other.order), (one.seal("folder"), one.order)):
        with pytest.raises(InvalidArgument, match="of the same search"):
            read_place(place, wrong, order)


@pytest.mark.parametrize(
    "told",
    [
        "", "?", "x", "AAAA", "é", "bnVsbA", "W10", "WzEsMiwzXQ",
        write_place(Place(7, 1), "seal"),
        write_place(Place("a", 0), "seal"),
        write_place(Place("a", -1), "seal"),
        write_place(Place("a", 2**63), "seal"),
        write_place(Place("a\x00", 1), "seal"),
        write_place(Place("a", 1), "another"),
    ],
)  # fmt: skip
def test_what_was_not_written_here_is_refused(told: str) -> None:
    with pytest.raises(InvalidArgument, match="after"):
        read_place(told, "seal", Order.NAME)
