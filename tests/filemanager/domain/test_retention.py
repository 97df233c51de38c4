"""What is kept: the rules, and the wishes that make them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.properties import PropertyEdit
from filemanager.domain.retention import DAY, DAYS, KEEP, MOST, Retention
from vofiles.contract import Property
from vofiles.errors import InvalidArgument
from vofiles.instant import Instant

NO_NUMBER = ["0", "-1", "", "many", "1.5", " 2", "9" * 11, str(MOST + 1), "²", "٣", "1_0"]


@pytest.mark.parametrize("value", NO_NUMBER)
@pytest.mark.parametrize("key", [KEEP, DAYS])
def test_a_wish_is_a_whole_number(key: str, value: str) -> None:
    with pytest.raises(InvalidArgument, match=key):
        PropertyEdit.of([Property(key, value)])
    # What stands there all the same changes nothing.
    assert Retention(3, 4).with_wishes({key: value}) == Retention(3, 4)


@given(st.integers(1, MOST), st.integers(1, MOST))
def test_wishes_go_before_what_the_service_says(number: int, days: int) -> None:
    edit = PropertyEdit.of([Property(KEEP, str(number)), Property(DAYS, str(days))])
    assert Retention(3).with_wishes(edit.put) == Retention(number, days)
    assert Retention(3, 4).with_wishes({KEEP: str(number)}) == Retention(number, 4)
    assert Retention(3).with_wishes({}) == Retention(3)


@given(st.integers(1, 100), st.integers(1, 100))
def test_as_many_are_kept_as_the_number_says(number: int, current: int) -> None:
    last = Retention(number).last_given_up(current)
    assert current - last == min(number, current)


def test_age_is_days() -> None:
    now = Instant(1_800_000_000_000_000)
    assert Retention(1).too_old(now) is None
    assert Retention(1, 2).too_old(now) == now - 2 * DAY
    # So long ago that no clock ever showed it.
    assert Retention(1, MOST).too_old(now) is None


def test_what_is_of_a_whole_space_is_said_on_its_root() -> None:
    edit = PropertyEdit.of([Property(KEEP, "2"), Property("colour", "blue")])
    edit.require_root(is_root=True)
    with pytest.raises(InvalidArgument, match="root"):
        edit.require_root(is_root=False)
    PropertyEdit.of([Property("colour", "blue")], [KEEP]).require_root(is_root=False)
