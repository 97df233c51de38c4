"""Accounts and their properties, in memory."""

from collections.abc import Collection, Mapping

from filemanager.domain.account import Account
from filemanager.persistence.memory.state import Repository
from vofiles.errors import DuplicateAccount
from vofiles.ivorn import Ivorn


class MemoryAccounts(Repository):
    """The port `Accounts`."""

    def find_account(self, identifier: Ivorn) -> Account | None:
        return self._state.accounts.get(identifier)

    def add_account(self, account: Account) -> None:
        for other in self._state.accounts.values():
            same_name = (other.community, other.name) == (account.community, account.name)
            if other.identifier == account.identifier or same_name or other.home == account.home:
                raise DuplicateAccount(account.identifier)
        self._state.accounts[account.identifier] = account

    def list_accounts(self, after: Ivorn | None, limit: int) -> list[Account]:
        start = "" if after is None else str(after)
        found = {str(each): account for each, account in self._state.accounts.items() if str(each) > start}
        return [found[identifier] for identifier in sorted(found)[:limit]]

    def properties_of_account(self, identifier: Ivorn) -> dict[str, str]:
        return dict(self._state.account_properties.get(identifier, {}))

    def put_account_properties(self, identifier: Ivorn, values: Mapping[str, str]) -> None:
        if values:
            self._require_account(identifier)
            self._state.account_properties[identifier] = {**self.properties_of_account(identifier), **values}

    def remove_account_properties(self, identifier: Ivorn, keys: Collection[str]) -> None:
        kept = {key: value for key, value in self.properties_of_account(identifier).items() if key not in keys}
        self._state.account_properties[identifier] = kept
