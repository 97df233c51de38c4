"""Points in time: integers inside, xsd:dateTime outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wirevalues import instants
from vofiles.errors import InvalidArgument
from vofiles.instant import SECOND, Instant, from_datetime, parse_instant, to_datetime, to_text


@given(instants)
def test_an_instant_survives_being_written_and_read(instant: Instant) -> None:
    assert parse_instant(to_text(instant)) == instant
    assert from_datetime(to_datetime(instant)) == instant


@given(instants, instants)
def test_texts_are_in_the_order_of_time(one: Instant, other: Instant) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


@given(st.datetimes(timezones=st.timezones()))
def test_an_aware_datetime_keeps_its_moment(moment: datetime) -> None:
    assert to_datetime(from_datetime(moment)) == moment.astimezone(UTC)


def test_the_form_that_is_written() -> None:
    assert to_text(Instant(0)) == "1970-01-01T00:00:00.000000Z"
    assert to_text(Instant(1_700_000_000 * SECOND + 1)) == "2023-11-14T22:13:20.000001Z"
    assert to_text(parse_instant("0033-04-03T15:00:00Z")) == "0033-04-03T15:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T00:00:01", SECOND),
        (" 1970-01-01T00:00:01Z\n", SECOND),
        ("1970-01-01T00:00:00.5Z", SECOND // 2),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_forms_that_are_read(text: str, expected: int) -> None:
    assert parse_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1970-01-01",
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-02-30T00:00:00Z",
        "1970-01-01T25:00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00z",
        "1970-01-01T00:00:00+25:00",
        "12026-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "١٩٧٠-01-01T00:00:00Z",
        "x" * 1000,
    ],
)
def test_forms_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_instant(text)
    assert len(caught.value.message) < 300


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no zone"):
        from_datetime(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


def test_half_a_microsecond_is_never_made_up() -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    assert from_datetime(datetime(1970, 1, 1, 5, 45, 0, 1, zone)) == 1
