"""Property keys and values, and who sets the standard ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vofiles.errors import InvalidArgument, ReadOnlyProperty, TooLarge
from vofiles.properties import (
    MAX_KEY_BYTES,
    MAX_VALUE_BYTES,
    STANDARD,
    Setter,
    check_key,
    check_property,
    require_settable,
)


@pytest.mark.parametrize(
    "key", ["a", "content.type", "ivo://ivoa.net/vospace/core#title", "{urn:x}name", "é", "x" * 255]
)
def test_keys_that_may_be(key: str) -> None:
    check_key(key)
    check_property(key, "")


@pytest.mark.parametrize(
    "key",
    ["", "a b", "a\n", "\ta", "a\x00", "a{b}", "{}a", "{a b}c", "{a}", "a\ud800", "x" * 256, "é" * 128, "a\u2003b"],
)
def test_keys_that_may_not_be(key: str) -> None:
    with pytest.raises(InvalidArgument, match=str(MAX_KEY_BYTES)) as caught:
        check_key(key)
    assert caught.value.message.isascii()
    with pytest.raises(InvalidArgument):
        check_property(key, "value")


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("posix.mode", ["0644", "755"], ["xyz", "-1", "0888", ""]),
        ("posix.uid", ["0", "1000"], ["-1", "dave", "1.0", ""]),
        ("posix.gid", ["100"], ["users", "\u0661"]),
        ("posix.mtime", ["2026-11-22T10:15:00.000000Z", "2026-11-22T10:15:00Z"], ["never", "2026-11-22", ""]),
    ],
)
def test_values_of_standard_keys_have_their_form(key: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        check_property(key, value)
    for value in bad:
        with pytest.raises(InvalidArgument, match=f"property {key}.* is not "):
            check_property(key, value)


@given(st.text(max_size=100))
def test_a_value_that_passes_survives_xml(value: str) -> None:
    try:
        check_property("key", value)
    except InvalidArgument:
        return
    element = etree.Element("value")
    element.text = value
    assert (etree.fromstring(etree.tostring(element)).text or "") == value


@pytest.mark.parametrize("value", ["a\x00", "\x1b", "a\rb", "\ud800", "\ufffe"])
def test_values_that_may_not_be(value: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"U\+{ord(value.strip('ab')):04X}"):
        check_property("key", value)


@pytest.mark.parametrize("unit", ["x", "é", "\U0001f52d"])
def test_the_longest_value(unit: str) -> None:
    longest = unit * (MAX_VALUE_BYTES // len(unit.encode()))
    check_property("key", longest)
    with pytest.raises(TooLarge, match=str(MAX_VALUE_BYTES)):
        check_property("key", longest + unit)


@pytest.mark.parametrize("row", STANDARD.values(), ids=lambda row: row.key)
def test_standard_keys_are_keys_and_explained(row: object) -> None:
    standard = next(one for one in STANDARD.values() if one is row)
    check_key(standard.key)
    assert STANDARD[standard.key] is standard
    assert standard.meaning
    if standard.setter is Setter.SERVICE:
        with pytest.raises(ReadOnlyProperty, match=standard.key):
            require_settable(standard.key)
    else:
        require_settable(standard.key)


def test_keys_of_their_own_are_for_callers_to_set() -> None:
    require_settable("my.key")
    assert "my.key" not in STANDARD
