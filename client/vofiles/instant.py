"""Instants: points in time as integers, UTC microseconds since 1970-01-01T00:00:00Z.

Rule: pure. Every time that is stored, compared or put on the wire is an `Instant`; `datetime` appears only where a
person's script meets us. Integers keep comparisons exact and need no zone.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NewType

from vofiles.errors import InvalidArgument

Instant = NewType("Instant", int)
"""UTC microseconds since the Unix epoch."""

SECOND = 1_000_000
"""Microseconds in a second."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - written with a Z; one without zone is quicker to reckon with
# xsd:dateTime (XML Schema 1.0 part 2, 3.2.7) with years of four digits; a missing zone is read as UTC.
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime. Raises InvalidArgument for a naive one."""
    if moment.tzinfo is None:
        raise InvalidArgument("time", reason="it has no zone; give an aware datetime, such as datetime.now(UTC)")
    return Instant((moment - _EPOCH) // timedelta(microseconds=1))


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def to_text(instant: Instant) -> str:
    """The instant as xsd:dateTime in UTC with `Z` and six decimals."""
    return (_PLAIN_EPOCH + timedelta(0, 0, instant)).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str) -> Instant:
    """The instant that an xsd:dateTime names; a missing zone is UTC. Raises InvalidArgument."""
    match = _DATE_TIME.match(text.strip())
    if match is None:
        raise InvalidArgument("time", reason=f"{text[:40]!r} is not a dateTime like 2026-11-22T10:15:00.000000Z")
    seconds, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + (zone or "Z")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidArgument("time", reason=f"{text[:40]!r}: {error}") from error
    return Instant(from_datetime(moment) + int((fraction or "0").ljust(6, "0")[:6]))
