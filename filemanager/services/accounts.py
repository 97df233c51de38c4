"""Accounts: making them with their homes, and what is kept of them.

Rule: an account and its home appear in one transaction; no account is ever without its one root (I4).
"""

from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.account import Account, community_of, public_name, require_account_identifier, require_kind
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.node import HOME, Node
from filemanager.domain.properties import PropertyEdit
from filemanager.domain.rights import may_see_account, require_administrator, require_may_add_account
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.description import describe_account
from filemanager.services.repeats import Once
from vofiles import contract
from vofiles.contract import AddAccount, GetAccount, NodeKind, SetAccountProperties
from vofiles.errors import AccountNotFound, InvalidArgument, StoreNotFound
from vofiles.ivorn import Ivorn


@dataclass(frozen=True)
class AccountService:
    """The use cases of accounts."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    once: Once

    def add_account(self, caller: Caller, request: AddAccount, *, administrator: bool = False) -> contract.Account:
        """Make an account and its home; `administrator` lets it make accounts of any community.

        Raises PermissionDenied, InvalidIdentifier, InvalidName, InvalidArgument, ReadOnlyProperty, StoreNotFound,
        DuplicateAccount.
        """
        identifier = require_account_identifier(request.account)
        kind = require_kind(request.kind)
        require_may_add_account(caller, community_of(identifier), kind)
        if administrator:
            require_administrator(caller, "make an administrator")
        if community_of(identifier) not in self.config.communities:
            served = ", ".join(str(community) for community in self.config.communities)
            raise InvalidArgument("account", reason=f"this service has accounts of {served}")
        edit = PropertyEdit.of(request.properties)
        edit.require_root(is_root=False)
        _, values = edit.effect_on({})
        now = self.clock.now()
        name = public_name(identifier, request.name)
        account = Account(identifier, name, kind, self.numbers.new_number(), now, administrator)
        home = Node(account.home, HOME, NodeKind.FOLDER, identifier, now, now)
        change = Change(
            caller.account,
            identifier,
            now,
            account.home,
            ChangeOperation.ADD_ACCOUNT,
            after={"account.name": account.name, "account.kind": kind} | values,
        )

        def add(tx: Transaction) -> contract.Account:
            require_known_store(tx, edit)
            tx.accounts.add_account(account)
            tx.accounts.put_account_properties(identifier, edit.put)
            tx.nodes.add_node(home)
            tx.changes.add_change(change)
            return describe_account(tx, self.config.identifier, account)

        return self.once.write(caller, request, contract.Account, add)

    def get_account(self, caller: Caller, request: GetAccount) -> contract.Account:
        """An account with its home; the caller's own if none is named. Raises AccountNotFound."""
        identifier = request.account or caller.account
        return self.database.read(
            lambda tx: describe_account(tx, self.config.identifier, _get_account(tx, caller, identifier))
        )

    def set_account_properties(self, caller: Caller, request: SetAccountProperties) -> contract.Account:
        """Add, change and remove properties of an account; the caller's own if none is named.

        Raises AccountNotFound, InvalidArgument, TooLarge, ReadOnlyProperty, StoreNotFound.
        """
        identifier = request.account or caller.account
        edit = PropertyEdit.of(request.properties, request.remove_keys)
        edit.require_root(is_root=False)
        now = self.clock.now()

        def save(tx: Transaction) -> contract.Account:
            account = _get_account(tx, caller, identifier)
            require_known_store(tx, edit)
            before, after = edit.effect_on(tx.accounts.properties_of_account(identifier))
            if after:
                tx.accounts.put_account_properties(identifier, edit.put)
                tx.accounts.remove_account_properties(identifier, edit.remove)
                tx.changes.add_change(
                    Change(
                        caller.account,
                        identifier,
                        now,
                        account.home,
                        ChangeOperation.SET_ACCOUNT_PROPERTIES,
                        before,
                        after,
                    )
                )
            return describe_account(tx, self.config.identifier, account)

        return self.once.write(caller, request, contract.Account, save)

    def list_accounts(self, after: Ivorn | None = None, limit: int = 1000) -> list[Account]:
        """A page of all accounts, for operators on this machine."""
        return self.database.read(lambda tx: tx.accounts.list_accounts(after, limit))


def _get_account(tx: Transaction, caller: Caller, identifier: Ivorn) -> Account:
    account = tx.accounts.find_account(identifier)
    if account is None or not may_see_account(caller, account):
        raise AccountNotFound(identifier)
    return account


def require_known_store(tx: Transaction, edit: PropertyEdit) -> None:
    """Refuse to prefer a store that nobody knows: a misspelt one would be passed over in silence.

    Raises StoreNotFound.
    """
    store = edit.preferred_store
    if store is not None and tx.stores.find_store(store) is None:
        raise StoreNotFound(store, reason="this service knows no such store")
