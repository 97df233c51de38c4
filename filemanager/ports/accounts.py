"""The accounts, and how they prove who they are.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from filemanager.domain.account import Account
from filemanager.domain.credential import Credential, Token
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Accounts(Protocol):
    """The accounts and their properties."""

    def find_account(self, identifier: Ivorn) -> Account | None:
        """The account, or None."""

    def add_account(self, account: Account) -> None:
        """Raises DuplicateAccount where the identifier, or the public name in its community, is taken."""

    def list_accounts(self, after: Ivorn | None, limit: int) -> list[Account]:
        """At most `limit` accounts after that identifier (None: from the first), in the order of str(identifier)."""

    def properties_of_account(self, identifier: Ivorn) -> dict[str, str]:
        """Its properties; empty where there are none, or no such account."""

    def put_account_properties(self, identifier: Ivorn, values: Mapping[str, str]) -> None:
        """Set each of these, new or not; the others stay."""

    def remove_account_properties(self, identifier: Ivorn, keys: Collection[str]) -> None:
        """Remove these; keys that are not there are no error."""


class Credentials(Protocol):
    """Passwords and tokens, as hashes."""

    def find_credential(self, account: Ivorn) -> Credential | None:
        """The account's password hash, or None where it has none."""

    def put_credential(self, credential: Credential) -> None:
        """Set an account's password, new or not."""

    def delete_credential(self, account: Ivorn) -> None:
        """Take an account's password away; one that has none is no error."""

    def find_token(self, digest: bytes) -> Token | None:
        """The token of that digest, expired or not, or None."""

    def find_bearer(self, digest: bytes, now: Instant) -> Account | None:
        """The account that the token of that digest is of, while its `expires` is after `now`; else None."""

    def add_token(self, token: Token) -> None:
        """Store a new token."""

    def delete_token(self, digest: bytes) -> None:
        """Remove a token; one that is not there is no error."""

    def delete_tokens_of(self, account: Ivorn) -> int:
        """Remove all tokens of an account; answers how many."""

    def delete_expired_tokens(self, now: Instant) -> int:
        """Remove the tokens with `expires` not after `now`; answers how many."""
