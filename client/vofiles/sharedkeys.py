"""The secrets that two services share, as a configuration has them.

Rule: a secret is neither printed nor taken from a file that others can read, and a weak one is refused.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vofiles.configuration import Once, Table

MINIMUM_SECRET: Final = 32
"""Bytes of the shortest secret that two services may share."""
MINIMUM_VARIETY: Final = 12
"""Different bytes in it, at least: 32 random ones have 30, and fewer than 20 never in a lifetime."""


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A secret shared with another service, and its name in signatures."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What has been given before in one configuration."""

    ids: Once
    secrets: Once

    @classmethod
    def nothing(cls) -> "Seen":
        return cls(Once(), Once(shown=False))


def take_keys(peer: Table, seen: Seen) -> tuple[SharedKey, ...]:
    """The keys shared with a peer: one, or two while they rotate, the signing one first."""
    keys = tuple(_key(table, seen) for table in peer.tables("keys"))
    if not 1 <= len(keys) <= 2:
        raise peer.error("keys", "calls between services are signed: give one key, or two while they rotate")
    return keys


def _key(table: Table, seen: Seen) -> SharedKey:
    with table:
        name = table.take("id", str)
        if not name.isascii() or not name.isprintable() or not name or set(name) & set('"\\'):
            raise table.error("id", "it is printable ASCII without quote and backslash")
        seen.ids.require(table, "id", name)
        file = table.find_path("secret_file")
        if file is not None and table.has("secret"):
            raise table.error("secret_file", "there is a secret beside it; give one of the two")
        source = "secret" if file is None else "secret_file"
        text = table.take("secret", str) if file is None else _read_secret(table, file)
        table.require_private(source, file or table.path)
        secret = _decoded(table, source, text.strip())
        seen.secrets.require(table, source, secret)
    return SharedKey(name, secret)


def _decoded(table: Table, source: str, text: str) -> bytes:
    try:
        secret = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        # Nothing of the secret in the message, nor in the error's chain.
        raise table.error(source, "it is base64url") from None
    if len(secret) < MINIMUM_SECRET:
        raise table.error(source, f"it has fewer than {MINIMUM_SECRET} bytes")
    if len(set(secret)) < MINIMUM_VARIETY:
        raise table.error(source, "it is weak: take random bytes")
    return secret


def _read_secret(table: Table, file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, ValueError):
        raise table.error("secret_file", f"{file} cannot be read") from None
