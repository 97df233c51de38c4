"""What the port `Database` promises of accounts and credentials, against every implementation."""

import pytest

from filemanager.domain.account import Account
from filemanager.domain.credential import Credential, Token, token_digest
from filemanager.ports import Database, Transaction
from tests.support.databases import server
from tests.support.treedatabases import tree
from tests.support.treerows import DAVE, EVE, T0, account, add_account, add_token, database, put_credential
from vofiles.contract import AccountKind
from vofiles.errors import (
    AccountNotFound,
    DuplicateAccount,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

__all__ = ["database", "server", "tree"]


# --- accounts ---------------------------------------------------------------------------------------------------------


def test_an_account_is_found_as_it_was_added(tree: Database) -> None:
    dave = account(DAVE, "dave", kind=AccountKind.GROUP, administrator=True)
    add_account(tree, dave)
    assert tree.read(lambda tx: tx.accounts.find_account(DAVE)) == dave
    assert tree.read(lambda tx: tx.accounts.find_account(EVE)) is None


@pytest.mark.parametrize(
    "other",
    [account(DAVE, "david"), account(Ivorn.parse("ivo://ast.cam.ac.uk/staff/dave"), "dave")],
    ids=["same identifier", "same name in the community"],
)
def test_an_account_is_added_once(database: Database, other: Account) -> None:
    with pytest.raises(DuplicateAccount):
        add_account(database, other)


def test_communities_have_names_of_their_own(database: Database) -> None:
    other = account(Ivorn.parse("ivo://star.le.ac.uk/dave"), "dave")
    add_account(database, other)
    assert database.read(lambda tx: tx.accounts.find_account(other.identifier)) == other


def test_accounts_are_listed_page_by_page_in_the_order_of_identifiers(tree: Database) -> None:
    names = ["b", "a", "z", "a-", "a0", "b/c"]
    for name in names:
        add_account(tree, account(Ivorn("x.org", name), name))
    ordered = sorted((Ivorn("x.org", name) for name in names), key=str)
    first = tree.read(lambda tx: tx.accounts.list_accounts(None, 4))
    rest = tree.read(lambda tx: tx.accounts.list_accounts(first[-1].identifier, 4))
    assert [each.identifier for each in first + rest] == ordered


def test_properties_of_accounts_are_set_changed_and_removed(database: Database) -> None:
    database.write(lambda tx: tx.accounts.put_account_properties(DAVE, {"a": "1", "b": "2", "c": "3"}))
    database.write(lambda tx: tx.accounts.put_account_properties(DAVE, {"b": "zwei — ü"}))
    database.write(lambda tx: tx.accounts.remove_account_properties(DAVE, ["c", "never"]))
    database.write(lambda tx: tx.accounts.put_account_properties(DAVE, {}))
    assert database.read(lambda tx: tx.accounts.properties_of_account(DAVE)) == {"a": "1", "b": "zwei — ü"}
    assert database.read(lambda tx: tx.accounts.properties_of_account(EVE)) == {}


def test_nobody_has_no_properties(database: Database) -> None:
    nobody = Ivorn("nowhere.org", "nobody")
    assert database.read(lambda tx: tx.accounts.properties_of_account(nobody)) == {}
    with pytest.raises(AccountNotFound):
        database.write(lambda tx: tx.accounts.put_account_properties(nobody, {"a": "1"}))


# --- credentials ------------------------------------------------------------------------------------------------------


def test_a_password_is_set_and_replaced(database: Database) -> None:
    assert database.read(lambda tx: tx.credentials.find_credential(DAVE)) is None
    for password_hash in ("$argon2id$one", "$argon2id$two"):
        credential = Credential(DAVE, password_hash)
        put_credential(database, credential)
        assert database.read(lambda tx: tx.credentials.find_credential(DAVE)) == credential
    assert database.read(lambda tx: tx.credentials.find_credential(EVE)) is None
    with pytest.raises(AccountNotFound):
        put_credential(database, Credential(Ivorn("nowhere.org", "x"), "$"))


def test_tokens_are_found_until_they_are_deleted(database: Database) -> None:
    tokens = [Token(token_digest(str(number)), DAVE, T0, Instant(T0 + number)) for number in range(4)]
    for token in tokens:
        add_token(database, token)

    def known(tx: Transaction) -> list[Token | None]:
        return [tx.credentials.find_token(token.digest) for token in tokens]

    def bearer(number: int, now: int) -> Account | None:
        return database.read(lambda tx: tx.credentials.find_bearer(tokens[number].digest, Instant(now)))

    assert database.read(known) == tokens
    assert bearer(2, T0 + 1) == database.read(lambda tx: tx.accounts.find_account(DAVE))
    assert bearer(2, T0 + 2) is bearer(2, T0 + 3) is None
    database.write(lambda tx: tx.credentials.delete_token(tokens[3].digest))
    assert bearer(3, T0) is None
    database.write(lambda tx: tx.credentials.delete_token(tokens[3].digest))
    assert database.write(lambda tx: tx.credentials.delete_expired_tokens(Instant(T0 + 1))) == 2
    assert database.read(known) == [None, None, tokens[2], None]
    with pytest.raises(AccountNotFound):
        add_token(database, Token(b"x", Ivorn("nowhere.org", "x"), T0, T0))


# --- how much there is to do ------------------------------------------------------------------------------------------


def test_a_password_and_all_tokens_of_one_account_are_taken_away(database: Database) -> None:
    tokens = {
        name: Token(token_digest(name), who, T0, Instant(T0 + 1))
        for name, who in (("a", DAVE), ("b", DAVE), ("c", EVE))
    }

    def fill(tx: Transaction) -> None:
        for who in (DAVE, EVE):
            tx.credentials.put_credential(Credential(who, "hash"))
        for token in tokens.values():
            tx.credentials.add_token(token)

    database.write(fill)
    database.write(lambda tx: tx.credentials.delete_credential(DAVE))
    assert database.write(lambda tx: tx.credentials.delete_tokens_of(DAVE)) == 2
    assert database.write(lambda tx: tx.credentials.delete_tokens_of(DAVE)) == 0
    database.write(lambda tx: tx.credentials.delete_credential(DAVE))
    assert database.read(lambda tx: tx.credentials.find_credential(DAVE)) is None
    assert database.read(lambda tx: tx.credentials.find_credential(EVE)) is not None
    left = database.read(lambda tx: {name for name, each in tokens.items() if tx.credentials.find_token(each.digest)})
    assert left == {"c"}
