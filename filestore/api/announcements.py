"""What the sender of a body says of it in the headers of its PUT.

Rule: whatever would change what the bytes mean (an encoding, a range) is refused, never ignored; a digest that is sent
is checked, whatever form it has. That nothing is to be stored has to be said.
"""

import binascii
from base64 import b64decode

from filestore.domain.checksum import MD5
from filestore.services.imports import Sent
from vofiles.contract import Digest, DigestAlgorithm
from vofiles.errors import InvalidArgument, InvalidMessage, UnsupportedEncoding
from vofiles.serving.digests import find_sha256
from vofiles.serving.http import Headers

LONGEST_TYPE = 255
FORM = "application/x-www-form-urlencoded"
"""What curl, PHP and others send when they were told nothing: it says nothing of a file."""
_SHA256_FIELDS = ("Content-Digest", "Repr-Digest", "Digest")


def sent_of(headers: Headers, length: int | None) -> Sent:
    """What the headers of a PUT say. Raises UnsupportedEncoding, InvalidArgument, InvalidMessage."""
    if length == 0 and "Content-Length" not in headers:
        # Who means all that comes until he closes would have nothing stored, and a receipt.
        raise InvalidMessage("a PUT", reason="it says by Content-Length, or by chunks, how long the content is")
    encodings = ",".join(headers.get_all("Content-Encoding")).lower().split(",")
    if any(encoding.strip() not in {"", "identity"} for encoding in encodings):
        raise UnsupportedEncoding("the bytes must come as they are to be kept")
    if "Content-Range" in headers:
        raise InvalidArgument("Content-Range", reason="a content is sent whole")
    return Sent(length, _content_type(headers), _digests(headers))


def _content_type(headers: Headers) -> str | None:
    value = (headers.get("Content-Type") or "").strip()
    if len(value) > LONGEST_TYPE or not value.isascii() or not value.isprintable():
        raise InvalidArgument("Content-Type", reason=f"it is at most {LONGEST_TYPE} printable ASCII characters")
    return None if value.partition(";")[0].strip().lower() == FORM else value or None


def _digests(headers: Headers) -> tuple[Digest, ...]:
    found = []
    for name in _SHA256_FIELDS:
        sha256 = find_sha256(name, headers.get_all(name))
        if sha256 is not None:
            found.append(Digest(DigestAlgorithm.SHA256, sha256.hex()))
    md5 = headers.get("Content-MD5")  # RFC 1864; still sent by S3 tools
    if md5 is not None:
        found.append(Digest(MD5, _md5(md5)))
    digests = tuple(dict.fromkeys(found))
    if len({digest.algorithm for digest in digests}) != len(digests):
        raise InvalidMessage("the digest headers", reason="they contradict each other")
    return digests


def _md5(text: str) -> str:
    try:
        digest = b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise InvalidMessage("header Content-MD5", reason="it is not 16 bytes in base64")
    return digest.hex()
