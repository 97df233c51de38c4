"""What the headers of a resumable upload say (the TUS protocol 1.0.0, tus.io/protocols/resumable-upload).

Rule: pure. A number is digits, one value, and not absurd; what cannot be read is refused, never guessed. A checksum
that is sent is checked, whatever form it has.
"""

import binascii
import re
from base64 import b64decode
from typing import Final

from filestore.api.announcements import LONGEST_TYPE
from filestore.domain.stretch import SUMS, Checksum, Stretch
from filestore.services.resuming import Told
from vofiles.errors import InvalidArgument, UnsupportedEncoding
from vofiles.serving.digests import find_sha256
from vofiles.serving.http import Headers

VERSION: Final = "1.0.0"
RESUMABLE: Final = "Tus-Resumable"
OVERRIDE: Final = "X-HTTP-Method-Override"
STRETCH_TYPE: Final = "application/offset+octet-stream"
"""The type of a body that is a stretch of a content."""
LONGEST_METADATA: Final = 4096

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_KEY: Final = re.compile(r"[!-+\--~]{1,255}")
"""Visible ASCII without the comma."""


def stretch_of(headers: Headers, length: int | None) -> Stretch:
    """The stretch that a PATCH brings; `length` is that of its body. Raises InvalidArgument, InvalidMessage,
    UnsupportedEncoding.
    """
    offset = _number(headers, "Upload-Offset")
    if offset is None:
        raise InvalidArgument("Upload-Offset", reason="it is missing")
    return Stretch(offset, length, _number(headers, "Upload-Length"), _checksums(headers))


def first_stretch_of(headers: Headers, length: int | None) -> Stretch:
    """The stretch that a POST brings with it. Raises as `stretch_of`."""
    return Stretch(0, length, None, _checksums(headers))


def told_of(headers: Headers) -> Told:
    """What a POST says of the upload that it begins. Raises InvalidArgument."""
    total, deferred = _number(headers, "Upload-Length"), _single(headers, "Upload-Defer-Length")
    if deferred not in {None, "1"}:
        raise InvalidArgument("Upload-Defer-Length", reason="it is 1 or not there")
    if (total is None) is (deferred is None):
        raise InvalidArgument("Upload-Length", reason="either it is there or Upload-Defer-Length is")
    if "Upload-Concat" in headers:
        raise InvalidArgument("Upload-Concat", reason="parts are not put together here: send them in their order")
    metadata = _single(headers, "Upload-Metadata")
    return Told(total, _content_type(metadata), metadata)


def require_stretch_type(headers: Headers) -> bool:
    """Whether a body has the type of a stretch. Raises UnsupportedEncoding where it would change its bytes."""
    encodings = ",".join(headers.get_all("Content-Encoding")).lower().split(",")
    if any(encoding.strip() not in {"", "identity"} for encoding in encodings):
        raise UnsupportedEncoding("the bytes must come as they are to be kept")
    return (_single(headers, "Content-Type") or "").partition(";")[0].strip().lower() == STRETCH_TYPE


def _single(headers: Headers, name: str) -> str | None:
    values = headers.get_all(name)
    if len(values) > 1:
        raise InvalidArgument(name, reason="it is given twice")
    return values[0].strip() if values else None


def _number(headers: Headers, name: str) -> int | None:
    text = _single(headers, name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidArgument(name, reason="it is a number of bytes, not negative, of at most 18 digits")
    return int(text)


def _checksums(headers: Headers) -> tuple[Checksum, ...]:
    found = []
    told = _single(headers, "Upload-Checksum")
    if told is not None:
        algorithm, _, value = told.partition(" ")
        if algorithm not in SUMS:
            raise InvalidArgument("Upload-Checksum", reason=f"its algorithm is one of {', '.join(SUMS)}")
        found.append(Checksum(algorithm, _bytes("Upload-Checksum", value, SUMS[algorithm]().digest_size)))
    sha256 = find_sha256("Content-Digest", headers.get_all("Content-Digest"))
    if sha256 is not None:
        found.append(Checksum("sha256", sha256))
    md5 = _single(headers, "Content-MD5")
    if md5 is not None:
        found.append(Checksum("md5", _bytes("Content-MD5", md5, 16)))
    return tuple(found)


def _bytes(name: str, text: str, length: int) -> bytes:
    try:
        value = b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != length:
        raise InvalidArgument(name, reason=f"its value is {length} bytes in base64")
    return value


def _content_type(metadata: str | None) -> str | None:
    """The type among what a sender says of a file, by the name that its clients give it."""
    if metadata is None:
        return None
    if len(metadata) > LONGEST_METADATA:
        raise InvalidArgument("Upload-Metadata", reason=f"it has more than {LONGEST_METADATA} characters")
    pairs: dict[str, bytes] = {}
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in pairs:
            raise InvalidArgument("Upload-Metadata", reason="it is pairs of a key of its own and a value in base64")
        pairs[key] = _plain(value)
    kind = pairs.get("filetype", b"").decode("utf-8", "replace").strip()
    # What is no type says nothing of the file.
    return kind if kind and len(kind) <= LONGEST_TYPE and kind.isascii() and kind.isprintable() else None


def _plain(value: str) -> bytes:
    try:
        return b64decode(value.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument("Upload-Metadata", reason="a value is not in base64") from error
