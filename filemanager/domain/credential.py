"""Credentials: how an account proves that it is itself.

Rule: pure, and never the secret itself: a password is kept as an argon2id hash, a token as a SHA-256 (it is 256 random
bits, which need no slow hash).
"""

import hashlib
from dataclasses import dataclass

from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


@dataclass(frozen=True, slots=True)
class Credential:
    """An account's password."""

    account: Ivorn
    password_hash: str
    """argon2id, in its own encoded form."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token of an account."""

    digest: bytes
    """SHA-256 of the token's text."""
    account: Ivorn
    created: Instant
    expires: Instant


def token_digest(text: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
