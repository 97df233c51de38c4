"""Password hashes and tokens, in memory."""

from filemanager.domain.account import Account
from filemanager.domain.credential import Credential, Token
from filemanager.persistence.memory.state import Repository
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class MemoryCredentials(Repository):
    """The port `Credentials`."""

    def find_credential(self, account: Ivorn) -> Credential | None:
        return self._state.credentials.get(account)

    def put_credential(self, credential: Credential) -> None:
        self._require_account(credential.account)
        self._state.credentials[credential.account] = credential

    def delete_credential(self, account: Ivorn) -> None:
        self._state.credentials.pop(account, None)

    def find_token(self, digest: bytes) -> Token | None:
        return self._state.tokens.get(digest)

    def find_bearer(self, digest: bytes, now: Instant) -> Account | None:
        token = self._state.tokens.get(digest)
        return self._state.accounts[token.account] if token is not None and now < token.expires else None

    def add_token(self, token: Token) -> None:
        self._require_account(token.account)
        self._state.tokens[token.digest] = token

    def delete_token(self, digest: bytes) -> None:
        self._state.tokens.pop(digest, None)

    def delete_tokens_of(self, account: Ivorn) -> int:
        own = [token.digest for token in self._state.tokens.values() if token.account == account]
        for digest in own:
            self.delete_token(digest)
        return len(own)

    def delete_expired_tokens(self, now: Instant) -> int:
        expired = [token.digest for token in self._state.tokens.values() if token.expires <= now]
        for digest in expired:
            self.delete_token(digest)
        return len(expired)
