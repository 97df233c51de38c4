"""Accounts by their old spellings: who finds whom, and how an account is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.spelling import account_of, public_name_of
from tests.support.astrogrid import ALONE, EVERYTHING, OldWorld, attributes
from tests.support.filemanager import OPERATOR
from vofiles.contract import Property, SetAccountProperties, SetProperties
from vofiles.errors import (
    InvalidIdentifier,
    PermissionDenied,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import parse_name


@pytest.fixture
def there() -> OldWorld:
    return OldWorld()


def test_an_account_is_told_as_it_was_written(there: OldWorld) -> None:
    written = "ivo://Eve@ast.cam.ac.uk/community"
    (home,) = there.call("addAccount", written, None, caller=OPERATOR)
    assert attributes(home) == {"community.home.space": written}
    with pytest.raises(VofilesError, match="already an account"):
        there.call("addAccount", "ivo://ast.cam.ac.uk/community#eve", None, caller=OPERATOR)
    eve = replace(there.dave, account=replace(there.dave.account, resource="eve"))
    for spelling in (written, "ivo://ast.cam.ac.uk/eve", "ivo://ast.cam.ac.uk/community#Eve"):
        (found,) = there.call("getAccount", spelling, None, caller=eve)
        assert (found.ivorn, attributes(found)) == (home.ivorn, attributes(home))
    (home,) = there.call("getAccount", "ivo://dave@ast.cam.ac.uk/community", ALONE)
    assert attributes(home) == {"community.home.space": "ivo://ast.cam.ac.uk/dave"}
    # What somebody made of it since is shown only where it is an identifier of the same account.
    other = SetAccountProperties(properties=(Property("astrogrid.account", "ivo://x/y"),))
    there.world.desk.accounts.set_account_properties(eve, other)
    (found,) = there.call("getAccount", written, None, caller=eve)
    assert attributes(found) == {"community.home.space": "ivo://ast.cam.ac.uk/eve"}


def test_accounts_of_others_are_there_for_administrators_alone_and_without_their_nodes(there: OldWorld) -> None:
    there.add("secret")
    there.world.watch.seconds += 60
    wish = SetProperties(LongIdentifier.parse(there.home), (Property("note", "x"),))
    there.world.desk.nodes.set_properties(there.dave, wish)
    eve = there.world.add_account("eve")
    (home,) = there.call("getAccount", "ivo://ast.cam.ac.uk/dave", EVERYTHING, caller=OPERATOR)
    assert (home.ivorn, home.children, home.modify_date) == (there.home, (), home.create_date)
    for stranger in (eve, there.dave):
        with pytest.raises(VofilesError, match="no account"):
            there.call("getAccount", "ivo://ast.cam.ac.uk/nobody", None, caller=stranger)
    with pytest.raises(VofilesError, match="no account"):
        there.call("getAccount", "ivo://ast.cam.ac.uk/dave", None, caller=eve)
    with pytest.raises(PermissionDenied):
        there.call("addAccount", "ivo://mallory@ast.cam.ac.uk/community", None)


@pytest.mark.parametrize("text", ["ivo://dave@ast.cam.ac.uk", "ivo://ast.cam.ac.uk", "ivo://a@b/c#d", "ivo://a/b?c#d"])
def test_what_is_no_account_is_refused(there: OldWorld, text: str) -> None:
    for operation in ("addAccount", "getAccount"):
        with pytest.raises(InvalidIdentifier):
            there.call(operation, text, None, caller=OPERATOR)


# --- the law of spellings ---

users = st.from_regex(r"[a-z0-9][a-z0-9._~-]{0,12}", fullmatch=True)
keys = st.from_regex(r"[a-z0-9._~-]{1,8}(/[a-z0-9._~-]{1,8})?", fullmatch=True)


@given(users, st.just("community") | keys, st.booleans())
def test_all_spellings_of_an_account_are_one(user: str, key: str, shout: bool) -> None:
    path = "" if key == "community" else f"{key}/"
    account = Ivorn("ast.cam.ac.uk", f"{path}{user}")
    spellings = [f"ivo://{user}@ast.cam.ac.uk/{key}", f"ivo://ast.cam.ac.uk/{key}#{user}", str(account)]
    for text in spellings:
        assert account_of(text.upper().replace("IVO:", "ivo:") if shout else text) == account


@given(st.lists(st.tuples(st.just("community") | keys, users), min_size=2, unique=True))
def test_two_accounts_are_never_one(pairs: list[tuple[str, str]]) -> None:
    accounts = [account_of(f"ivo://{user}@ast.cam.ac.uk/{key}") for key, user in pairs]
    assert len(set(accounts)) == len(pairs)
    names = [public_name_of(account) or account.resource for account in accounts]
    assert len(set(names)) == len(pairs)
    assert all(parse_name(name) for name in names)


def test_one_user_of_three_communities_has_three_homes(there: OldWorld) -> None:
    written = [f"ivo://eve@ast.cam.ac.uk/{key}" for key in ("community", "community/b", "community2")]
    homes = [there.call("addAccount", text, None, caller=OPERATOR)[0].ivorn for text in written]
    assert len(set(homes)) == 3
