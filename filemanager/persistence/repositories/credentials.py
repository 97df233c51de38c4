"""Password hashes and tokens, on SQL."""

from sqlalchemy import Connection, bindparam, delete, insert, select, text
from sqlalchemy.exc import IntegrityError

from filemanager.domain.account import Account
from filemanager.domain.credential import Credential, Token
from filemanager.persistence.repositories.accounts import ANY_ACCOUNT, KEY_OF_ACCOUNT, account_of
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.violations import refusal
from filemanager.persistence.schema import ACCOUNTS, CREDENTIALS, TOKENS
from vofiles.errors import AccountNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_FIND = (
    select(ACCOUNTS.c.identifier, CREDENTIALS.c.password_hash)
    .join_from(CREDENTIALS, ACCOUNTS, ACCOUNTS.c.key == CREDENTIALS.c.account)
    .where(ACCOUNTS.c.identifier == bindparam("account"))
)
_PUT = text(
    "INSERT INTO credentials (account, password_hash)"
    " SELECT key, :password_hash FROM accounts WHERE identifier = :account"
    " ON CONFLICT (account) DO UPDATE SET password_hash = excluded.password_hash"
)
_OWN = select(ACCOUNTS.c.key).where(ACCOUNTS.c.identifier == bindparam("identifier")).scalar_subquery()
_DELETE = delete(CREDENTIALS).where(CREDENTIALS.c.account == _OWN)
_DELETE_TOKENS_OF = delete(TOKENS).where(TOKENS.c.account == _OWN)
_FIND_TOKEN = (
    select(TOKENS.c.digest, ACCOUNTS.c.identifier, TOKENS.c.created, TOKENS.c.expires)
    .join_from(TOKENS, ACCOUNTS, ACCOUNTS.c.key == TOKENS.c.account)
    .where(TOKENS.c.digest == bindparam("token"))
)
_FIND_BEARER = (
    select(*ANY_ACCOUNT)
    .join_from(TOKENS, ACCOUNTS, ACCOUNTS.c.key == TOKENS.c.account)
    .where(TOKENS.c.digest == bindparam("token"), TOKENS.c.expires > bindparam("now"))
)
_ADD_TOKEN = insert(TOKENS).values(
    account=KEY_OF_ACCOUNT, **{name: bindparam(name) for name in ("digest", "created", "expires")}
)
_DELETE_TOKEN = delete(TOKENS).where(TOKENS.c.digest == bindparam("token"))
_DELETE_EXPIRED = delete(TOKENS).where(TOKENS.c.expires <= bindparam("now"))


class SqlCredentials:
    """The port `Credentials`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_credential(self, account: Ivorn) -> Credential | None:
        row = self._connection.execute(_FIND, {"account": str(account)}).first()
        return None if row is None else Credential(ivorn(row[0]), row[1])

    def put_credential(self, credential: Credential) -> None:
        values = {"account": str(credential.account), "password_hash": credential.password_hash}
        if self._connection.execute(_PUT, values).rowcount == 0:
            raise AccountNotFound(credential.account)

    def delete_credential(self, account: Ivorn) -> None:
        self._connection.execute(_DELETE, {"identifier": str(account)})

    def find_token(self, digest: bytes) -> Token | None:
        row = self._connection.execute(_FIND_TOKEN, {"token": digest}).first()
        if row is None:
            return None
        return Token(bytes(row[0]), ivorn(row[1]), Instant(row[2]), Instant(row[3]))

    def find_bearer(self, digest: bytes, now: Instant) -> Account | None:
        row = self._connection.execute(_FIND_BEARER, {"token": digest, "now": now}).first()
        return None if row is None else account_of(row)

    def add_token(self, token: Token) -> None:
        values = {
            "digest": token.digest,
            "account": str(token.account),
            "created": token.created,
            "expires": token.expires,
        }
        try:
            self._connection.execute(_ADD_TOKEN, values)
        except IntegrityError as error:
            raise refusal(error, {"nn_tokens_account": lambda: AccountNotFound(token.account)}) from error

    def delete_token(self, digest: bytes) -> None:
        self._connection.execute(_DELETE_TOKEN, {"token": digest})

    def delete_tokens_of(self, account: Ivorn) -> int:
        return self._connection.execute(_DELETE_TOKENS_OF, {"identifier": str(account)}).rowcount

    def delete_expired_tokens(self, now: Instant) -> int:
        return self._connection.execute(_DELETE_EXPIRED, {"now": now}).rowcount
