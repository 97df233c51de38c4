"""Ranges as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.byterange import ByteRange, find_ranges
from vofiles.errors import RangeUnsatisfiable


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ()),
        ("", ()),
        ("bytes=0-499", (ByteRange(0, 500),)),
        ("bytes=500-999", (ByteRange(500, 500),)),
        ("bytes=-500", (ByteRange(9500, 500),)),
        ("bytes=9500-", (ByteRange(9500, 500),)),
        ("bytes=0-0", (ByteRange(0, 1),)),
        ("bytes=-1", (ByteRange(9999, 1),)),
        ("bytes=-20000", (ByteRange(0, 10000),)),
        ("bytes=9999-99999999999999999999999999999999", (ByteRange(9999, 1),)),
        ("Bytes = 1-2 ", (ByteRange(1, 2),)),
        ("bytes=0-0,-1", (ByteRange(0, 1), ByteRange(9999, 1))),
        ("bytes= 500-600 , 0-9,, 601-999", (ByteRange(500, 101), ByteRange(0, 10), ByteRange(601, 399))),
        ("bytes=0-0,10000-,-0", (ByteRange(0, 1),)),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 16, 2)), tuple(ByteRange(n, 1) for n in range(0, 16, 2))),
        # Too many, overlapping, or no ranges at all: the whole.
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 18, 2)), ()),
        ("bytes=0-10,10-20", ()),
        ("bytes=0-,0-", ()),
        ("bytes=0-0,2-1", ()),
        ("bytes=0-0,a", ()),
        ("bytes=2-1", ()),
        ("bytes=-", ()),
        ("bytes=,", ()),
        ("bytes=1-2-3", ()),
        ("bytes=a-b", ()),
        ("bytes=1", ()),
        ("bytes=\u0661-\u0662", ()),
        ("lines=1-2", ()),
        ("bytes=0-0" + " " * 5000, ()),
    ],
)
def test_a_header_asks_for(header: str | None, expected: tuple[ByteRange, ...]) -> None:
    assert find_ranges(header, 10000) == expected


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10000-", 10000), ("bytes=-0", 10000), ("bytes=0-", 0), ("bytes=10000-,-0", 10000)]
)
def test_outside_is_an_error_that_tells_the_size(header: str, size: int) -> None:
    with pytest.raises(RangeUnsatisfiable) as caught:
        find_ranges(header, size)
    assert caught.value.properties == (("size", str(size)),)


def test_thousands_of_digits_are_just_far_outside() -> None:
    with pytest.raises(RangeUnsatisfiable):
        find_ranges("bytes=" + "9" * 4000 + "-", 10)


def test_the_end_of_nothing_is_all_of_it() -> None:
    assert find_ranges("bytes=-5", 0) == ()


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 1000))
def test_a_range_is_inside_and_says_so(first: int, length: int, size: int) -> None:
    last = first + length
    try:
        found = find_ranges(f"bytes={first}-{last}", size)
    except RangeUnsatisfiable:
        assert first >= size
        return
    (part,) = found
    assert (part.offset, part.length) == (first, min(last, size - 1) - first + 1)
    assert part.content_range(size) == f"bytes {first}-{min(last, size - 1)}/{size}"
