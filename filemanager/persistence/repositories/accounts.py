"""Accounts and their properties, on SQL."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, text
from sqlalchemy.exc import IntegrityError

from filemanager.domain.account import Account
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.violations import refusal
from filemanager.persistence.schema import ACCOUNT_PROPERTIES, ACCOUNTS
from vofiles.errors import AccountNotFound, DuplicateAccount
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

ANY_ACCOUNT = (
    ACCOUNTS.c.identifier,
    ACCOUNTS.c.name,
    ACCOUNTS.c.kind,
    ACCOUNTS.c.home,
    ACCOUNTS.c.created,
    ACCOUNTS.c.administrator,
)
_FIND = select(*ANY_ACCOUNT).where(ACCOUNTS.c.identifier == bindparam("account"))
_LIST = (
    select(*ANY_ACCOUNT)
    .where(ACCOUNTS.c.identifier > bindparam("after"))
    .order_by(ACCOUNTS.c.identifier)
    .limit(bindparam("limit"))
)
_ADD = insert(ACCOUNTS)
_DUPLICATES = {"uq_accounts_identifier", "uq_accounts_community_name", "uq_accounts_home"}

KEY_OF_ACCOUNT = select(ACCOUNTS.c.key).where(ACCOUNTS.c.identifier == bindparam("account")).scalar_subquery()
"""The key of the account whose identifier is the parameter `account`; NULL where there is none."""

_PROPERTIES = select(ACCOUNT_PROPERTIES.c.name, ACCOUNT_PROPERTIES.c.value).where(
    ACCOUNT_PROPERTIES.c.account == KEY_OF_ACCOUNT
)
_PUT_PROPERTY = text(
    "INSERT INTO account_properties (account, name, value)"
    " VALUES ((SELECT key FROM accounts WHERE identifier = :account), :name, :value)"
    " ON CONFLICT (account, name) DO UPDATE SET value = excluded.value"
)
_REMOVE_PROPERTIES = delete(ACCOUNT_PROPERTIES).where(
    ACCOUNT_PROPERTIES.c.account == KEY_OF_ACCOUNT,
    ACCOUNT_PROPERTIES.c.name.in_(bindparam("names", expanding=True)),
)


class SqlAccounts:
    """The port `Accounts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_account(self, identifier: Ivorn) -> Account | None:
        row = self._connection.execute(_FIND, {"account": str(identifier)}).first()
        return None if row is None else account_of(row)

    def add_account(self, account: Account) -> None:
        values = {
            "identifier": str(account.identifier),
            "community": str(account.community),
            "name": account.name,
            "kind": account.kind,
            "home": account.home,
            "administrator": account.administrator,
            "created": account.created,
        }
        try:
            self._connection.execute(_ADD, values)
        except IntegrityError as error:
            raise refusal(error, dict.fromkeys(_DUPLICATES, lambda: DuplicateAccount(account.identifier))) from error

    def list_accounts(self, after: Ivorn | None, limit: int) -> list[Account]:
        start = "" if after is None else str(after)
        return [account_of(row) for row in self._connection.execute(_LIST, {"after": start, "limit": limit})]

    def properties_of_account(self, identifier: Ivorn) -> dict[str, str]:
        rows = self._connection.execute(_PROPERTIES, {"account": str(identifier)})
        return {name: value for name, value in rows}  # noqa: C416 - dict(rows) would be typed as a row's

    def put_account_properties(self, identifier: Ivorn, values: Mapping[str, str]) -> None:
        if not values:
            return
        account = str(identifier)
        rows = [{"account": account, "name": name, "value": value} for name, value in values.items()]
        try:
            self._connection.execute(_PUT_PROPERTY, rows)
        except IntegrityError as error:
            raise refusal(error, {"nn_account_properties_account": lambda: AccountNotFound(identifier)}) from error

    def remove_account_properties(self, identifier: Ivorn, keys: Collection[str]) -> None:
        for names in batches(list(keys)):
            self._connection.execute(_REMOVE_PROPERTIES, {"account": str(identifier), "names": names})


def account_of(row: Any) -> Account:
    """The account in a row of ANY_ACCOUNT."""
    identifier, name, kind, home, created, administrator = row
    return Account(ivorn(identifier), name, kind, home, Instant(created), administrator)
