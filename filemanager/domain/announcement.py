"""What a caller says of the bytes to come, and of the address elsewhere that they come from or go to.

Rule: pure. Shapes are checked here, before anything is begun; whether the bytes keep the promise is judged by the
store.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from vofiles.contract import HTTP, Digest, DigestAlgorithm
from vofiles.errors import AddressRefused, InvalidArgument

MAX_URL = 8192
"""Characters of the longest URL."""

_HEX_LENGTHS = {DigestAlgorithm.SHA256: 64, DigestAlgorithm.XXH3: 32}
# RFC 9110, 8.3.1: type "/" subtype, then parameters of printable ASCII.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (a token of RFC 9110, no secret)
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*[\x20-\x7e]*)?\Z")


def require_sizes(size: int | None, maximum_size: int | None) -> None:
    """Refuse sizes that no bytes can have. Raises InvalidArgument."""
    for name, value in (("size", size), ("maximumSize", maximum_size)):
        if value is not None and value < 0:
            raise InvalidArgument(name, reason=f"{value} is negative")
    if size is not None and maximum_size is not None and size > maximum_size:
        raise InvalidArgument("size", reason=f"{size} is more than the maximum {maximum_size}")


def require_content_type(content_type: str | None) -> None:
    """Refuse what is no MIME type. Raises InvalidArgument."""
    if content_type is not None and (len(content_type) > 255 or not _MEDIA_TYPE.match(content_type)):
        raise InvalidArgument("contentType", reason=f"{content_type[:80]!a} is no MIME type such as text/csv")


def is_content_type(text: str) -> bool:
    """Whether a text can be announced as a MIME type."""
    return len(text) <= 255 and _MEDIA_TYPE.match(text) is not None


def require_digests(digests: Sequence[Digest]) -> tuple[Digest, ...]:
    """The digests, in lower case. Raises InvalidArgument for an algorithm or a value that cannot be checked."""
    checked = []
    for digest in digests:
        algorithm, value = digest.algorithm.lower(), digest.value.lower()
        length = _HEX_LENGTHS.get(algorithm)
        if length is None:
            raise InvalidArgument("digest", reason=f"the algorithm is one of {', '.join(sorted(_HEX_LENGTHS))}")
        if not re.fullmatch(f"[0-9a-f]{{{length}}}", value):
            raise InvalidArgument("digest", reason=f"a digest by {algorithm} has {length} hexadecimal digits")
        checked.append(Digest(algorithm, value))
    return tuple(checked)


def require_address(url: str, protocol: str | None, method: str | None, methods: Sequence[str]) -> None:
    """Refuse an address that no store would use. Raises InvalidArgument, AddressRefused for another scheme.

    Which hosts a store connects to is the store's own rule.
    """
    if protocol is not None and protocol.upper() != HTTP:
        raise InvalidArgument("protocol", reason=f"it is {HTTP}")
    if method is not None and method.upper() not in methods:
        raise InvalidArgument("method", reason=f"it is {' or '.join(methods)}")
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidArgument("url", reason=f"a URL is printable ASCII of at most {MAX_URL} characters")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise InvalidArgument("url", reason=str(error)) from error
    if parts.scheme not in {"http", "https"}:
        raise AddressRefused(f"a {parts.scheme or 'relative'} address", reason="only http and https are used")
    if not host:
        raise InvalidArgument("url", reason="it names no host")
