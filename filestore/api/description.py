"""What an answer says of a content: its type and name, its tag, how it may be used.

Rule: pure, and the same for every answer to one ticket, so that it is made once. Served bytes are strangers' bytes:
they are attachments in a sandbox, whatever type they claim, and no header value is theirs unchecked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from filestore.services.exports import Admitted
from vofiles.contract import Digest, DigestAlgorithm

UNKNOWN_TYPE = "application/octet-stream"
LONGEST_NAME = 255
"""Characters of a file's name that are told."""

_TYPE = re.compile(r"[\x20-\x7e]{1,255}\Z")
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9 ._+=@()-]")
_SAFETY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Description:
    """Of one content, as one ticket offers it."""

    admitted: Admitted
    tag: str
    media_type: str
    identity: Fields
    """What goes with every answer about it, also where its bytes do not."""
    fields: Fields
    """What goes with its bytes, besides their type, length and digests."""


def describe(admitted: Admitted) -> Description:
    """What is said of a content."""
    content = admitted.content
    tag = entity_tag(admitted.container.number, content.digests)
    identity = (("ETag", tag), ("Cache-Control", "private, no-transform"))
    given = admitted.content_type or ""
    fields = (
        ("Content-Disposition", disposition(admitted.transfer.file_name)),
        ("Accept-Ranges", "bytes"),
        *identity,
        *_SAFETY,
    )
    return Description(admitted, tag, given if _TYPE.match(given) else UNKNOWN_TYPE, identity, fields)


def entity_tag(container: str, digests: Iterable[Digest]) -> str:
    """The strong entity tag of a content: its SHA-256, so that the same bytes have the same tag wherever they are put
    again. Where that is not known it is the container's number, for a container's bytes never change; the fast digest
    would not do, for it can be forged.
    """
    sha256 = next((digest.value for digest in digests if digest.algorithm == DigestAlgorithm.SHA256), None)
    return f'"{sha256 or container}"'


def disposition(name: str | None) -> str:
    """The value of Content-Disposition (RFC 6266), for browsers old and new."""
    if not name:
        return "attachment"
    plain = _PLAIN_NAME.sub("_", name)[:150]
    encoded = quote(name[:LONGEST_NAME].encode("utf-8", "replace"), safe="!#$&+^`|~-._")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
