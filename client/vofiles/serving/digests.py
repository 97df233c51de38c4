"""Digests in header fields: Content-Digest and Repr-Digest (RFC 9530), and the older Digest (RFC 3230).

Rule: pure text and bytes; SHA-256 only, because that is what both ends can check. Algorithms we do not know are passed
over, as both documents say; a SHA-256 that cannot be read is refused, never passed over.
"""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable

from vofiles.errors import InvalidMessage

_FIELD = re.compile(r"\s*([a-zA-Z*][a-zA-Z0-9_.*-]*)\s*=\s*(?::([A-Za-z0-9+/=]*):|([A-Za-z0-9+/=_-]*))\s*\Z")


def content_digest(body: bytes) -> str:
    """The value of Content-Digest for a body."""
    return digest_field(hashlib.sha256(body).digest())


def digest_field(sha256: bytes) -> str:
    """A SHA-256 as the value of Content-Digest or Repr-Digest."""
    return f"sha-256=:{b64encode(sha256).decode('ascii')}:"


def find_sha256(name: str, values: Iterable[str]) -> bytes | None:
    """The SHA-256 in the values of header `name`, None where there is none.

    Raises InvalidMessage where a value is malformed, or where two values contradict each other.
    """
    structured = name.lower() != "digest"
    found: set[bytes] = set()
    for member in ",".join(values).split(","):
        if not member.strip():
            continue
        match = _FIELD.match(member)
        if match is None or (match[2] is None) is structured:
            raise InvalidMessage(f"header {name}", reason="it is not a list of algorithm=value")
        if match[1].lower() == "sha-256":
            found.add(_sha256(name, match[2] if structured else match[3]))
    if len(found) > 1:
        raise InvalidMessage(f"header {name}", reason="it has two different SHA-256 values")
    return found.pop() if found else None


def _sha256(name: str, text: str) -> bytes:
    try:
        digest = b64decode(text, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise InvalidMessage(f"header {name}", reason="its SHA-256 is not 32 bytes in base64")
    return digest
