"""The tree of errors: as it is drawn, as its users read it, and that nothing is lost on the way between processes."""

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vofiles import errors
from vofiles.errors import NodeNotFound, VofilesError

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, VofilesError)]


def test_the_tree_is_as_it_is_drawn() -> None:
    drawing = (errors.__doc__ or "").split("Rule:")[0]
    drawn: dict[str, set[str]] = {}
    category = ""
    for line in drawing.splitlines():
        branch = re.match(r"\s+[├└]── (\w+)(.*)", line)
        rest = line
        if branch:
            category, rest = branch[1], branch[2]
            drawn[category] = set()
        elif "│" not in line:
            continue
        drawn[category] |= set(re.findall(r"\w+", rest))
    built = {
        kind.__name__: {leaf.__name__ for leaf in kind.__subclasses__() if leaf.__module__ == errors.__name__}
        for kind in CLASSES
        if VofilesError in kind.__bases__
    }
    assert drawn == built


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_a_sentence(kind: type[VofilesError]) -> None:
    error = kind("'a.txt'", reason="it is so")
    assert error.name == kind.__name__
    assert str(error) == error.message
    assert error.message.endswith(": it is so")
    assert error.message[0].isupper()
    assert "{" not in error.message
    bare = kind()
    assert not bare.message.endswith((":", " "))
    if "{about}" in (kind.__doc__ or ""):
        assert "'a.txt'" in error.message
    else:
        assert "{" not in (kind.__doc__ or "")


def test_the_sentence_of_one() -> None:
    assert NodeNotFound("home:a").message == "There is no node home:a"
    assert (
        NodeNotFound("home:a", reason="its parent is a file").message == "There is no node home:a: its parent is a file"
    )


@given(st.sampled_from(CLASSES), st.text(), st.text(), st.lists(st.tuples(st.text(), st.text())).map(tuple))
def test_an_error_survives_pickling_and_copying(
    kind: type[VofilesError], about: str, reason: str, properties: tuple[tuple[str, str], ...]
) -> None:
    error = kind(about, reason=reason, properties=properties)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert (again.message, again.properties, str(again)) == (error.message, error.properties, str(error))


@given(st.sampled_from(CLASSES), st.text())
def test_what_was_received_is_kept_word_for_word(kind: type[VofilesError], message: str) -> None:
    error = kind.received(message, (("a", "b"),))
    assert type(error) is kind
    assert (error.message, str(error), error.properties) == (message, message, (("a", "b"),))


def test_what_an_error_is_about_is_no_template() -> None:
    assert "{about}{0}{x!r}" in NodeNotFound("{about}{0}{x!r}").message
