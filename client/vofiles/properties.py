"""Properties of nodes and accounts: what keys and values may be, and every standard key.

Rule: pure; a standard key is written down here and nowhere else, with its meaning and who sets it. Keys that are not
listed belong to whoever set them.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from vofiles.errors import InvalidArgument, ReadOnlyProperty, TooLarge

MAX_KEY_BYTES = 255
"""Bytes of the longest key, in UTF-8."""
MAX_VALUE_BYTES = 64 * 1024
"""Bytes of the longest value, in UTF-8."""
MAX_PROPERTIES = 200
"""How many properties a node or an account may have."""


class Setter(Enum):
    """Who sets a standard key."""

    SERVICE = "service"
    CALLER = "caller"


@dataclass(frozen=True)
class StandardKey:
    """A key with an agreed meaning."""

    key: str
    setter: Setter
    meaning: str
    form: str = ".*"
    """What the whole of a value looks like, as a regular expression."""


STANDARD: Final = {
    row.key: row
    for row in (
        StandardKey("filestore.location", Setter.SERVICE, "identifier of the container that holds the content"),
        StandardKey("filestore.location.state", Setter.SERVICE, "state of that container: EMPTY, AVAILABLE, …"),
        StandardKey(
            "filestore.preferred",
            Setter.CALLER,
            "identifier of the store that new content should go to; on a "
            "file, a folder (for all below it) or an account",
        ),
        StandardKey("content.size", Setter.SERVICE, "size of the current content in bytes"),
        StandardKey("content.type", Setter.CALLER, "MIME type of the content; the service fills it in when not given"),
        StandardKey("content.version", Setter.SERVICE, "number of the current content version, from 1"),
        StandardKey("content.created.date", Setter.SERVICE, "when the store had the current content complete"),
        StandardKey("content.digest.sha256", Setter.SERVICE, "SHA-256 of the current content, hexadecimal"),
        StandardKey("content.digest.xxh3-128", Setter.SERVICE, "XXH3 (128 bits) of the current content, hexadecimal"),
        StandardKey(
            "versions.keep",
            Setter.CALLER,
            "how many contents of each file are kept, the current one included; on the root of a space, for all in it",
        ),
        StandardKey(
            "versions.days",
            Setter.CALLER,
            "for how many days a content is kept after the next one came; on the root of a space, for all in it",
        ),
        StandardKey("node.name", Setter.SERVICE, "in a history: what the node is called"),
        StandardKey("node.parent", Setter.SERVICE, "in a history: number of the folder that it is in"),
        StandardKey("node.type", Setter.SERVICE, "in a history: FILE or FOLDER"),
        StandardKey("copied.from", Setter.SERVICE, "in a history: number of the node that it is a copy of"),
        StandardKey("created.date", Setter.SERVICE, "when the node was made"),
        StandardKey("modified.date", Setter.SERVICE, "when the node or its content last changed"),
        StandardKey("posix.mode", Setter.CALLER, "permission bits where the file came from, octal: 0644", "[0-7]{1,5}"),
        StandardKey("posix.uid", Setter.CALLER, "number of its owner there", "[0-9]{1,10}"),
        StandardKey("posix.gid", Setter.CALLER, "number of its group there", "[0-9]{1,10}"),
        StandardKey(
            "posix.mtime",
            Setter.CALLER,
            "when its content last changed there, dateTime in UTC",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z",
        ),
        StandardKey("community.home.space", Setter.SERVICE, "the account whose home this folder is"),
        StandardKey(
            "astrogrid.account",
            Setter.CALLER,
            "on an account that was made by the AstroGrid contract: its identifier as it was written there",
        ),
        StandardKey(
            "astrogrid.source",
            Setter.CALLER,
            "on a file: digest of a content that the AstroGrid contract had fetched, a space, and the URL it came from",
        ),
    )
}
"""The standard keys by key."""

# A dotted word, a URI, or {namespace}name; no blanks, so that keys stay one word in logs and on command lines.
_KEY = re.compile(r"(?:\{[^{}\s]+\})?[^\s{}]+\Z")
# What XML 1.0 cannot carry (section 2.2); CR is folded to LF by every XML parser and would not survive.
_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_property(key: str, value: str) -> None:
    """Refuse what no property can be. Raises InvalidArgument, TooLarge."""
    check_key(key)
    if len(value.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES:
        raise TooLarge(f"the value of property {key}", reason=f"a value has at most {MAX_VALUE_BYTES} bytes")
    unusable = _NOT_XML.search(value)
    if unusable:
        raise InvalidArgument(f"property {key}", reason=f"it has the unusable character U+{ord(unusable[0]):04X}")
    standard = STANDARD.get(key)
    if standard and not re.fullmatch(standard.form, value, re.DOTALL):
        raise InvalidArgument(f"property {key}", reason=f"{ascii(value[:80])} is not {standard.meaning}")


def check_key(key: str) -> None:
    """Refuse what no key can be. Raises InvalidArgument."""
    if not _KEY.match(key) or _NOT_XML.search(key) or len(key.encode("utf-8")) > MAX_KEY_BYTES:
        raise InvalidArgument(
            "property key",
            reason=f"{ascii(key[:80])} is not a word, a URI or {{namespace}}name of at most {MAX_KEY_BYTES} bytes",
        )


def require_settable(key: str) -> None:
    """Refuse to let a caller set what only the service sets. Raises ReadOnlyProperty."""
    standard = STANDARD.get(key)
    if standard and standard.setter is Setter.SERVICE:
        raise ReadOnlyProperty(key)
