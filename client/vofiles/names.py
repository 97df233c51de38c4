"""Names of nodes, and the paths that people type.

    home:a/b    {home}/a/b    <home>/a/b    vofiles://home/a/b              a path in one's own home
    {ast.cam.ac.uk/dave}/a/b  vofiles://ast.cam.ac.uk/dave/a/b              a path in another account's root

Rule: pure; a name that passed `parse_name` is safe to store, show and compare (NFC), and no other text becomes one. A
name never becomes a path on a disk.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import NewType
from urllib.parse import quote, unquote_to_bytes

from vofiles.errors import InvalidName

NodeName = NewType("NodeName", str)
"""A node's name, checked and in Unicode normal form C."""

MAX_NAME_BYTES = 255
"""Bytes of the longest name, in UTF-8 and normal form C."""

_SHRINKING = 4
"""No text is more than this many times as long as its normal form C, in UTF-8; 3.5 times at the most, for U+0390."""

MAX_DEPTH = 256
"""Steps of the longest path."""

# Marks that reorder the text around them: a name with one can be shown as another name (Unicode TR 36, 3.1).
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Controls, surrogates, line and paragraph separators: not characters of XML 1.0, or not of one line.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def _fault(name: str) -> str | None:
    if not name:
        return "it is empty"
    if name in {".", ".."}:
        return "'.' and '..' have a meaning of their own"
    # Nearly every name is plain, and needs no look at each character.
    is_plain = name.isascii() and name.isprintable() and "/" not in name
    for character in "" if is_plain else name:
        if character == "/":
            return "it has a '/', which separates names"
        if unicodedata.category(character) in _REFUSED_CATEGORIES or ord(character) & 0xFFFE == 0xFFFE:
            return f"it has the control or unusable character U+{ord(character):04X}"
        if character in _BIDI:
            return f"it has the text direction mark U+{ord(character):04X}"
    size = len(name.encode("utf-8"))
    return _too_long(size) if size > MAX_NAME_BYTES else None


def parse_name(text: str) -> NodeName:
    """The name in normal form C. Raises InvalidName with what is wrong with it."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_NAME_BYTES * _SHRINKING:
        # Said without its normal form: that takes as long as the square of the marks in a row, seconds for 64 KiB.
        raise InvalidName(ascii(text[:80]), reason=_too_long(size))
    name = unicodedata.normalize("NFC", text)
    fault = _fault(name)
    if fault:
        raise InvalidName(ascii(name[:80]), reason=fault)
    return NodeName(name)


def _too_long(size: int) -> str:
    return f"it is {size} bytes long, {MAX_NAME_BYTES} at the most"


@dataclass(frozen=True, slots=True)
class HomePath:
    """What a person typed: an account's root and a path below it."""

    path: tuple[NodeName, ...] = ()
    authority: str = ""
    """The community of another account's root; empty for one's own home."""
    account: str = ""
    """The other account's name in its community; empty for one's own home."""

    @property
    def name(self) -> NodeName | None:
        """The last step, or None for the root."""
        return self.path[-1] if self.path else None

    @property
    def parent(self) -> "HomePath":
        """The path one step up; the root's parent is the root."""
        return HomePath(self.path[:-1], self.authority, self.account)

    def child(self, name: str) -> "HomePath":
        """The path one step down. Raises InvalidName."""
        return HomePath((*self.path, parse_name(name)), self.authority, self.account)

    def __str__(self) -> str:
        root = f"{{{self.authority}/{self.account}}}/" if self.authority else "home:"
        return root + "/".join(self.path)

    def url(self) -> str:
        """The same path as a `vofiles://` URL."""
        root = f"{self.authority}/{self.account}" if self.authority else "home"
        return "/".join([f"vofiles://{root}", *(quote(step, safe="") for step in self.path)])


_OWNER = r"(?P<authority>[A-Za-z0-9][A-Za-z0-9._~*'()-]*)/(?P<account>[A-Za-z0-9._~!$&'()*+,;=@%-]+)"
_FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        r"home:(?P<path>.*)\Z",
        r"(?:\{home\}|<home>)(?:/(?P<path>.*))?\Z",
        rf"\{{{_OWNER}\}}(?:/(?P<path>.*))?\Z",
        rf"<{_OWNER}>(?:/(?P<path>.*))?\Z",
    )
)
_URL_FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (r"vofiles://home(?:/(?P<path>.*))?\Z", rf"vofiles://{_OWNER}(?:/(?P<path>.*))?\Z")
)


def is_home_path(text: str) -> bool:
    """Whether a text is meant as a path in somebody's tree, rather than on the local disk."""
    return text.startswith(("home:", "vofiles:", "{", "<home>"))


def parse_home_path(text: str) -> HomePath:
    """The path that a person typed; needless `/` are ignored. Raises InvalidName."""
    for form in _FORMS + _URL_FORMS:
        match = form.match(text)
        if match is None:
            continue
        groups = match.groupdict()
        steps = [step for step in (groups["path"] or "").split("/") if step]
        if form in _URL_FORMS:
            steps = [_decode(step) for step in steps]
        if len(steps) > MAX_DEPTH:
            raise InvalidName(ascii(text[:80]), reason=f"a path has at most {MAX_DEPTH} steps")
        authority = groups.get("authority") or ""
        account = groups.get("account") or ""
        return HomePath(tuple(parse_name(step) for step in steps), authority.lower(), account.lower())
    raise InvalidName(ascii(text[:80]), reason="a path starts with home: ({home}/ and vofiles://home/ work too)")


def _decode(step: str) -> str:
    try:
        return unquote_to_bytes(step).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidName(ascii(step[:80]), reason="percent-encoded bytes of a path are UTF-8") from error
