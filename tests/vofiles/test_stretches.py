"""Stretches against sets of bytes: whatever is added in whatever order, what is there and what is missing is all."""

import json

from hypothesis import given
from hypothesis import strategies as st

from vofiles.stretches import Stretches, parse_stretches

SIZE = 60
PAIRS = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=20)


def bytes_of(pairs: list[tuple[int, int]]) -> set[int]:
    return {each for start, end in pairs for each in range(start, end)}


@given(PAIRS)
def test_what_was_added_is_there_and_nothing_else(pairs: list[tuple[int, int]]) -> None:
    some, there = Stretches(pairs), bytes_of(pairs)
    assert bytes_of(list(some)) == there
    assert len(some) == len(there)
    assert some.end == max(there, default=-1) + 1
    assert some.prefix == next(each for each in range(SIZE + 1) if each not in there)


@given(PAIRS)
def test_stretches_are_sorted_and_apart(pairs: list[tuple[int, int]]) -> None:
    edges = [edge for stretch in Stretches(pairs) for edge in stretch]
    assert edges == sorted(set(edges))


@given(PAIRS, st.integers(1, SIZE))
def test_what_is_missing_comes_once_in_order_and_in_pieces(pairs: list[tuple[int, int]], piece: int) -> None:
    some = Stretches(pairs)
    missing = list(some.missing(SIZE, piece))
    assert [each for start, end in missing for each in range(start, end)] == sorted(set(range(SIZE)) - bytes_of(pairs))
    assert all(0 < end - start <= piece for start, end in missing)
    for start, end in missing:
        some.add(start, end)
    assert list(some) == [(0, SIZE)]
    assert list(some.missing(SIZE, piece)) == []


@given(PAIRS)
def test_what_was_written_is_read(pairs: list[tuple[int, int]]) -> None:
    some = Stretches(pairs)
    read = parse_stretches(json.loads(json.dumps([list(each) for each in some])), SIZE)
    assert read is not None
    assert list(read) == list(some)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-SIZE, 2 * SIZE) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


@given(JSON | st.lists(st.lists(st.integers(-5, SIZE + 5), min_size=2, max_size=2), max_size=4))
def test_anything_else_says_nothing_or_what_it_says_is_within_the_content(told: object) -> None:
    read = parse_stretches(told, SIZE)
    if read is not None:
        assert told == [] or bytes_of([tuple(pair) for pair in told]) == bytes_of(list(read))  # type: ignore[attr-defined]
        assert bytes_of(list(read)) <= set(range(SIZE))
