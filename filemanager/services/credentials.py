"""Credentials: who a caller is, by password or by token; and the tokens themselves.

Rule: the one place that makes a Caller. An unknown account and a wrong password get the same answer after the same
work; neither passwords nor tokens are kept, logged or compared in the clear.
"""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import NoReturn

from filemanager.config import Config
from filemanager.domain.account import Account
from filemanager.domain.caller import Caller
from filemanager.domain.credential import Credential, Token, token_digest
from filemanager.domain.login import find_account_identifier
from filemanager.domain.rights import require_administrator
from filemanager.ports import Bulletin, Clock, Database, Numbers, Passwords, Transaction
from filemanager.services.throttle import Throttle
from vofiles.errors import AccountNotFound, InvalidArgument, NotAuthenticated
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

REMEMBERED_FOR = 60.0
"""Seconds for which a verified password is not verified again: a check is slow on purpose."""
REMEMBERED = 10_000
"""Verified passwords remembered at most."""
LONGEST_PASSWORD = 1024
"""Characters; more is refused before it costs anything."""
SHORTEST_PASSWORD = 8


class _Verified:
    """Passwords that were right a moment ago, by a keyed hash; nobody can tell the password from it."""

    def __init__(self, clock: Clock, key: bytes) -> None:
        self._clock, self._key = clock, key
        self._lock = threading.Lock()
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def _mark(self, credential: Credential, password: str) -> bytes:
        # The stored hash is part of it, so that a changed password forgets the old one at once.
        parts = (str(credential.account), credential.password_hash, password)
        joined = b"".join(len(part).to_bytes(4, "big") + part for part in (text.encode() for text in parts))
        return hmac.digest(self._key, joined, hashlib.sha256)

    def knows(self, credential: Credential, password: str) -> bool:
        with self._lock:
            return self._until.get(self._mark(credential, password), 0.0) > self._clock.elapsed()

    def add(self, credential: Credential, password: str) -> None:
        with self._lock:
            mark = self._mark(credential, password)
            self._until[mark] = self._clock.elapsed() + REMEMBERED_FOR
            self._until.move_to_end(mark)
            while len(self._until) > REMEMBERED:
                self._until.popitem(last=False)


class _Unhurried:
    """The port Passwords where nobody has the time for it."""

    def __init__(self, would_wait: Callable[..., NoReturn]) -> None:
        self.hash_password = self.verify_password = would_wait


@dataclass
class CredentialService:
    """The use cases of logging in."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    passwords: Passwords
    bulletin: Bulletin | None = None
    _throttle: Throttle = field(init=False)
    _verified: _Verified = field(init=False)
    _nobody: str = field(init=False)
    """A hash that no password has, for accounts that are not there."""

    def __post_init__(self) -> None:
        self._throttle = Throttle(self.clock.elapsed, self.bulletin)
        self._verified = _Verified(self.clock, self.numbers.new_token().encode())
        self._nobody = self.passwords.hash_password(self.numbers.new_token())

    def at_once(self, database: Database, would_wait: Callable[..., NoReturn]) -> "CredentialService":
        """The same, which remembers what this one does, on a database that waits for nothing; `would_wait` is called
        where a password would have to be verified, and raises.
        """
        other = copy(self)
        other.database, other.passwords = database, _Unhurried(would_wait)
        return other

    def authenticate_password(self, user: str, password: str, origin: str) -> Caller:
        """Who a user name and a password are; `origin` is the address they come from.

        Raises NotAuthenticated, ServiceBusy after too many wrong ones.
        """
        identifier = find_account_identifier(user, self.config.communities[0])
        found = self.database.read(lambda tx: _look_up(tx, identifier)) if identifier else None
        if found is not None and self._verified.knows(found[1], password):
            return Caller.of(found[0])
        self._throttle.require_calm(str(identifier), origin)
        stored = found[1].password_hash if found is not None else self._nobody
        right = len(password) <= LONGEST_PASSWORD and self.passwords.verify_password(stored, password)
        if found is None or not right:
            self._throttle.count_failure(str(identifier), origin)
            raise NotAuthenticated(reason="the name or the password is wrong")
        self._verified.add(found[1], password)
        return Caller.of(found[0])

    def authenticate_token(self, text: str) -> Caller:
        """Whose token this is. Raises NotAuthenticated."""
        digest, now = token_digest(text), self.clock.now()
        account = self.database.read(lambda tx: tx.credentials.find_bearer(digest, now))
        if account is None:
            raise NotAuthenticated(reason="the token is unknown, revoked or has expired; log in again")
        return Caller.of(account)

    def authenticate_trusted(self, account: Ivorn) -> Caller:
        """An account that the operator has said a caller acts as. It needs a password, though nobody gives it here: the
        account that has none is disabled, and may not come in by this door either. Raises NotAuthenticated.
        """
        found = self.database.read(lambda tx: _look_up(tx, account))
        if found is None:
            reason = f"calls from here are to act as {account}, which is unknown or disabled; tell the operator"
            raise NotAuthenticated(reason=reason)
        return Caller.of(found[0])

    def issue_token(self, caller: Caller) -> tuple[str, int]:
        """A new token of the caller's, and for how many seconds it is good."""
        text = self.numbers.new_token()
        now = self.clock.now()
        lifetime = self.config.terms.token_lifetime
        token = Token(token_digest(text), caller.account, now, Instant(now + lifetime * SECOND))

        def add(tx: Transaction) -> None:
            tx.credentials.delete_expired_tokens(now)
            tx.credentials.add_token(token)

        self.database.write(add)
        return text, lifetime

    def issue_token_for(self, caller: Caller, account: Ivorn) -> tuple[str, int]:
        """A new token of an account's. Raises PermissionDenied but for administrators; AccountNotFound."""
        require_administrator(caller, "make a token for somebody else")
        found = self.database.read(lambda tx: tx.accounts.find_account(account))
        if found is None:
            raise AccountNotFound(account)
        return self.issue_token(Caller.of(found))

    def revoke_token(self, caller: Caller, text: str) -> None:
        """Make a token of the caller's worthless; one that is unknown, or not the caller's, is no error (RFC 7009)."""
        digest = token_digest(text)

        def delete(tx: Transaction) -> None:
            token = tx.credentials.find_token(digest)
            if token is not None and token.account == caller.account:
                tx.credentials.delete_token(digest)

        self.database.write(delete)

    def set_password(self, caller: Caller, account: Ivorn, password: str) -> None:
        """Give an account a password, new or not.

        Raises PermissionDenied but for administrators, AccountNotFound, InvalidArgument for a password that is too
        short or too long.
        """
        require_administrator(caller, "set a password")
        require_password(password)
        credential = Credential(account, self.passwords.hash_password(password))

        def put(tx: Transaction) -> None:
            if tx.accounts.find_account(account) is None:
                raise AccountNotFound(account)
            tx.credentials.put_credential(credential)

        self.database.write(put)


def _look_up(tx: Transaction, identifier: Ivorn) -> tuple[Account, Credential] | None:
    account, credential = tx.accounts.find_account(identifier), tx.credentials.find_credential(identifier)
    return (account, credential) if account is not None and credential is not None else None


def require_password(password: str) -> None:
    """Refuse what cannot be a password here. Raises InvalidArgument."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidArgument("password", reason=f"it has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
