"""Edits of properties: what is allowed, and what they change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.properties import PropertyEdit
from vofiles.contract import Property
from vofiles.errors import InvalidArgument, ReadOnlyProperty, TooLarge
from vofiles.properties import MAX_PROPERTIES, MAX_VALUE_BYTES, STANDARD, Setter

KEYS = st.sampled_from(["a", "b", "c", "urn:x:y", "{urn:x}z"])
VALUES = st.sampled_from(["", "1", "2"])


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.frozensets(KEYS))
def test_before_and_after_are_just_what_differs(
    present: dict[str, str], put: dict[str, str], remove: frozenset[str]
) -> None:
    remove -= put.keys()
    edit = PropertyEdit.of([Property(*item) for item in put.items()], sorted(remove))
    expected = {key: value for key, value in (present | put).items() if key not in remove}
    before, after = edit.effect_on(present)
    changed = {key for key in present.keys() | expected.keys() if present.get(key) != expected.get(key)}
    assert before == {key: present.get(key) for key in changed}
    assert after == {key: expected.get(key) for key in changed}


@pytest.mark.parametrize("key", [key for key, row in STANDARD.items() if row.setter is Setter.SERVICE])
def test_what_the_service_sets_nobody_else_does(key: str) -> None:
    with pytest.raises(ReadOnlyProperty, match=key.replace(".", r"\.")):
        PropertyEdit.of([Property(key, "x")])
    with pytest.raises(ReadOnlyProperty):
        PropertyEdit.of([], [key])


def test_there_is_an_end_to_properties() -> None:
    full = {f"k{number}": "" for number in range(MAX_PROPERTIES)}
    PropertyEdit.of([Property("k0", "changed")]).effect_on(full)
    PropertyEdit.of([Property("new", "")], ["k0"]).effect_on(full)
    with pytest.raises(InvalidArgument):
        PropertyEdit.of([Property("new", "")]).effect_on(full)
    with pytest.raises(TooLarge):
        PropertyEdit.of([Property("a", "x" * (MAX_VALUE_BYTES + 1))])
    PropertyEdit.of([Property("a", "x" * MAX_VALUE_BYTES)])
