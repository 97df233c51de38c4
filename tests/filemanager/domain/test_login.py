"""Which account a user name means, and where a password begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.login import find_account_identifier, split_user_and_password
from vofiles.ivorn import Ivorn

COMMUNITY = Ivorn.parse("ivo://ast.cam.ac.uk")
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")


@pytest.mark.parametrize(
    "name", ["dave", "dave@ast.cam.ac.uk", "ast.cam.ac.uk/dave", "ivo://ast.cam.ac.uk/dave", "Dave"]
)
def test_every_way_to_say_dave(name: str) -> None:
    assert find_account_identifier(name, COMMUNITY) == DAVE


@pytest.mark.parametrize(
    "name", ["", "/", "a b", "ivo://", "ivo://ast.cam.ac.uk", "x#1", "d\x00ve", "@", "dave@", "é" * 9]
)
def test_what_is_nobodys_name(name: str) -> None:
    assert find_account_identifier(name, COMMUNITY) is None


def test_another_community() -> None:
    assert find_account_identifier("star.le.ac.uk/anna", COMMUNITY) == Ivorn.parse("ivo://star.le.ac.uk/anna")


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("dave:secret", ("dave", "secret")),
        ("dave:se:cret", ("dave", "se:cret")),
        ("dave:", ("dave", "")),
        ("ivo://ast.cam.ac.uk/dave:se:cret", ("ivo://ast.cam.ac.uk/dave", "se:cret")),
        ("dave", None),
        ("ivo://ast.cam.ac.uk/dave", None),
    ],
)
def test_where_the_password_begins(text: str, pair: tuple[str, str] | None) -> None:
    assert split_user_and_password(text) == pair


@given(st.text(max_size=80))
def test_no_name_breaks_it(name: str) -> None:
    found = find_account_identifier(name, COMMUNITY)
    assert found is None or (found.resource and not found.fragment)
