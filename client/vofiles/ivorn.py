"""Identifiers of the virtual observatory: IVORNs, node identifiers and long identifiers.

    ivo://ast.cam.ac.uk/filemanager                                     service identifier (Ivorn)
    ivo://ast.cam.ac.uk/filemanager#1234-5678                           node identifier
    ivo://ast.cam.ac.uk/filemanager#1234-5678/solar-project/query-7.vot long identifier

Rule: pure; the only place that takes identifiers apart or puts them together. What is before `#` is kept in its
canonical form, lower case (IVOA Identifiers 2.0, 2.3.1: compared case-insensitively), so that equal identifiers are
equal values and serve as keys.
"""

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from vofiles.errors import InvalidIdentifier
from vofiles.names import MAX_DEPTH, NodeName, parse_name

MAX_LENGTH = 1024
"""Characters of the longest IVORN accepted, without the path of a long identifier."""

_AUTHORITY = re.compile(r"(?:(?P<user>[a-z0-9._~!$&'()*+,;=%-]+)@)?(?P<authority>[a-z0-9][a-z0-9._~*'()-]*)\Z")
_RESOURCE = re.compile(r"(?:[a-z0-9._~!$&'()*+,;=:@%-]+)(?:/[a-z0-9._~!$&'()*+,;=:@%-]+)*\Z")
_QUERY = re.compile(r"[a-z0-9._~!$&'()*+,;=:@%/?-]*\Z")
_FRAGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+\Z")


def _refuse(text: str, reason: str) -> InvalidIdentifier:
    return InvalidIdentifier(repr(text[:200]), reason=reason)


@dataclass(frozen=True, slots=True)
class Ivorn:
    """An identifier `ivo://[user@]authority[/resource][?query][#fragment]`."""

    authority: str
    resource: str = ""
    fragment: str = ""
    query: str = ""
    user: str = ""

    @classmethod
    def parse(cls, text: str) -> "Ivorn":
        """The identifier that a text names. Raises InvalidIdentifier."""
        text = text.strip()
        if len(text) > MAX_LENGTH:
            raise _refuse(text, f"it is longer than {MAX_LENGTH} characters")
        front, mark, fragment = text.partition("#")
        # Letters from elsewhere first: the lower case of some (the Kelvin sign) is one of ASCII's.
        if not front.isascii():
            raise _refuse(text, "before # it has characters that are not ASCII")
        front = front.lower()
        if not front.startswith("ivo://"):
            raise _refuse(text, "an identifier looks like ivo://authority/resource")
        path, _, query = front[len("ivo://") :].partition("?")
        head, _, resource = path.partition("/")
        match = _AUTHORITY.match(head)
        if match is None:
            raise _refuse(text, "the authority after ivo:// is missing or has characters it must not have")
        resource = resource.rstrip("/")
        if resource and not _RESOURCE.match(resource):
            raise _refuse(text, "the part after the authority has characters it must not have or an empty step")
        if not _QUERY.match(query):
            raise _refuse(text, "the query has characters it must not have")
        if mark and not _FRAGMENT.match(fragment):
            raise _refuse(text, "the fragment after # is empty or has characters it must not have")
        return cls(match["authority"], resource, fragment, query, match["user"] or "")

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        resource = f"/{self.resource}" if self.resource else ""
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"ivo://{user}{self.authority}{resource}{query}{fragment}"

    @property
    def service(self) -> "Ivorn":
        """The identifier without its fragment."""
        return Ivorn(self.authority, self.resource, "", self.query, self.user) if self.fragment else self

    def with_fragment(self, fragment: str) -> "Ivorn":
        """The identifier of a thing of this service."""
        return Ivorn(self.authority, self.resource, fragment, self.query, self.user)


def parse_service(text: str) -> Ivorn:
    """A service or account identifier: an IVORN without fragment. Raises InvalidIdentifier."""
    ivorn = Ivorn.parse(text)
    if ivorn.fragment:
        raise _refuse(text, "a service or account identifier has no # part")
    return ivorn


def new_number() -> str:
    """A fresh node, container or transfer number: 128 random bits as 26 characters of lower-case base32."""
    return b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


@dataclass(frozen=True, slots=True)
class NodeIdentifier:
    """A service identifier and the number of a node in it."""

    service: Ivorn
    number: str

    @classmethod
    def parse(cls, text: str) -> "NodeIdentifier":
        """The node identifier that a text names. Raises InvalidIdentifier, also where there is no fragment."""
        ivorn = Ivorn.parse(text)
        if not ivorn.fragment:
            raise _refuse(text, "a node identifier has the number of the node after #")
        return cls(ivorn.service, ivorn.fragment)

    def __str__(self) -> str:
        return str(self.service.with_fragment(self.number))


@dataclass(frozen=True, slots=True)
class LongIdentifier:
    """A node identifier and a path below that node; the path may be empty."""

    node: NodeIdentifier
    path: tuple[NodeName, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "LongIdentifier":
        """The long identifier that a text names: segments percent-encoded (RFC 3986), needless `/` ignored.

        Raises InvalidIdentifier, and InvalidName for a segment that no node can be called.
        """
        text = text.strip()
        front, mark, fragment = text.partition("#")
        number, _, path = fragment.partition("/")
        node = NodeIdentifier.parse(front + mark + number)
        segments = [segment for segment in path.split("/") if segment]
        if len(segments) > MAX_DEPTH:
            raise _refuse(text, f"a path has at most {MAX_DEPTH} steps")
        return cls(node, tuple(parse_name(decode_segment(segment)) for segment in segments))

    def __str__(self) -> str:
        return "/".join([str(self.node), *(encode_segment(name) for name in self.path)])

    def child(self, name: NodeName) -> "LongIdentifier":
        """The long identifier one step further down."""
        return LongIdentifier(self.node, (*self.path, name))


def encode_segment(name: str) -> str:
    """A name as a path segment: UTF-8, percent-encoded but for RFC 3986's unreserved characters."""
    return quote(name, safe="")


def decode_segment(segment: str) -> str:
    """The name in a percent-encoded path segment. Raises InvalidIdentifier where it is not UTF-8."""
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse(segment, "percent-encoded bytes of a path are UTF-8") from error
