"""Contents cut into parts: they make the whole, and none is more than a medium takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.staging import LARGEST_PART, MIB, MOST, PART, find_part_size, parts_of, require_all, safe_bytes
from vofiles.errors import Incomplete


@given(st.integers(0, LARGEST_PART * MOST))
def test_parts_make_the_whole(size: int) -> None:
    part = find_part_size(size)
    assert part is not None
    parts = parts_of(size, part)
    assert 1 <= len(parts) <= MOST
    assert PART <= part <= LARGEST_PART
    assert part % MIB == 0
    assert [each.number for each in parts] == list(range(1, len(parts) + 1))
    ends = [each.offset + each.length for each in parts]
    assert [each.offset for each in parts] == [0, *ends[:-1]]
    assert (ends[-1], {each.length for each in parts[:-1]} <= {part}) == (size, True)


@pytest.mark.parametrize(
    ("size", "part"),
    [(0, PART), (PART * MOST, PART), (PART * MOST + 1, PART + MIB), (LARGEST_PART * MOST, LARGEST_PART)],
)
def test_as_large_as_they_need_be(size: int, part: int) -> None:
    assert find_part_size(size) == part
    assert find_part_size(LARGEST_PART * MOST + 1) is None


@given(st.integers(0, 10 * PART), st.dictionaries(st.integers(1, 12), st.sampled_from([0, 1, PART]), max_size=12))
def test_what_is_safe_is_a_beginning(size: int, received: dict[int, int]) -> None:
    parts = parts_of(size, PART)
    safe = safe_bytes(parts, received)
    assert safe in {0, *(each.offset + each.length for each in parts)}
    whole = all(received.get(each.number) == each.length for each in parts)
    assert not whole or safe == size
    if whole:
        require_all(parts, received)
    else:
        with pytest.raises(Incomplete):
            require_all(parts, received)


def test_the_first_that_is_wrong_is_named() -> None:
    with pytest.raises(Incomplete, match=r"part 2 of 2, the 5 bytes from byte 67108864 on.*4 bytes instead of 5"):
        require_all(parts_of(PART + 5, PART), {1: PART, 2: 4})
