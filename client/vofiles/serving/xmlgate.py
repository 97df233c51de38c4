"""The gate: what a SOAP request must be before any other XML library sees a byte of it.

One pass of expat over at most 256 KiB, which stops at the first thing that is not allowed, builds nothing and opens
nothing. What passes is one SOAP 1.1 envelope in UTF-8 without document type, processing instructions or entities of its
own, bounded in depth and width, with one Body that has one element.

Rule: the gate knows SOAP and no contract; it raises InvalidMessage (two kinds of it have a faultcode of their own) and
TooLarge, and nothing else whatever the bytes are. Every bound is named here.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from vofiles.errors import InvalidMessage, TooLarge
from vofiles.serving.http import Headers

MAX_BODY = 256 * 1024
"""Bytes of a request as it came."""
MAX_DEPTH = 64
"""Elements within one another, the Envelope included."""
MAX_ATTRIBUTES = 32
"""Attributes of one element, declarations of namespaces included."""
MAX_ELEMENTS = 20_000
MAX_VALUE = 64 * 1024
"""Bytes in UTF-8 of one element's text or of one attribute."""

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2: Final = "http://www.w3.org/2003/05/soap-envelope"
NEXT_ACTOR: Final = "http://schemas.xmlsoap.org/soap/actor/next"

# A character beyond the basic plane as Axis 1.x writes it: a reference to each half of its surrogate pair.
_HALVES: Final = re.compile(rb"&#x([dD][89abAB][0-9a-fA-F]{2});&#x([dD][c-fC-F][0-9a-fA-F]{2});")
_BAD_REFERENCE: Final = expat.errors.codes[expat.errors.XML_ERROR_BAD_CHAR_REF]

_TOLD: Final = 3
"""Headers that a fault names."""

_SPACE = " \t\r\n"
_ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16",
    "utf-16be": "utf-16",
}


class VersionMismatch(InvalidMessage):
    """This service speaks SOAP 1.1, and not {about}"""


class MustUnderstand(InvalidMessage):
    """This service does not understand the header {about}"""


_SPEAK: Final = f"send an envelope of {SOAP} as text/xml, or make the client from ?wsdl anew"


@dataclass(frozen=True, slots=True)
class Message:
    """A request that passed the gate."""

    xml: bytes
    """The envelope in UTF-8, whatever it came in and whatever its XML declaration says."""
    namespace: str
    """Of the element in the Body."""
    name: str
    """Local name of the element in the Body."""
    action: str
    """The SOAPAction header without its quotes; empty where it says nothing."""
    headers: frozenset[str] = frozenset()
    """The headers for us that somebody further in understands."""


def admit(headers: Headers, body: bytes, understood: frozenset[str] = frozenset()) -> Message:
    """The message in an HTTP request. Raises InvalidMessage, VersionMismatch, MustUnderstand, TooLarge.

    `understood` are the SOAP headers that the caller of this will look at, each `namespace name`.
    """
    if len(body) > MAX_BODY:
        raise TooLarge("the request", reason=f"{len(body)} bytes, {MAX_BODY} at the most")
    coding = _single(headers, "content-encoding").lower()
    if coding not in {"", "identity"}:
        raise InvalidMessage("Content-Encoding", reason="send the request as it is, not encoded")
    charset = _charset(_single(headers, "content-type"))
    actual = "utf-16" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    _require_same_encoding("the Content-Type header", charset, actual)
    xml = _to_utf8(body) if actual == "utf-16" else body
    xml, scan = _scanned(xml, actual, understood)
    return Message(xml, scan.namespace, scan.name, _action(headers), frozenset(scan.known))


def _scanned(xml: bytes, actual: str, understood: frozenset[str]) -> tuple[bytes, "Scan"]:
    scan = Scan(actual, understood)
    try:
        scan.run(xml)
    except InvalidMessage as error:
        # No XML parser takes a reference to half a character, but what was meant is certain; and since nothing that is
        # well-formed comes here, nobody's text is changed.
        whole = _HALVES.sub(_join, xml) if getattr(error.__cause__, "code", None) == _BAD_REFERENCE else xml
        if whole == xml:
            raise
        xml, scan = whole, Scan(actual, understood)
        scan.run(xml)
    return xml, scan


def _join(halves: re.Match[bytes]) -> bytes:
    high, low = int(halves[1], 16), int(halves[2], 16)
    return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)).encode()


def is_required(must_understand: str) -> bool:
    """What the attribute mustUnderstand of a SOAP header says. Raises InvalidMessage.

    SOAP 1.1 and WS-I BP 1.1 (R1013) have 1 and 0; true and false are what toolkits of SOAP 1.2 write.
    """
    value = must_understand.strip(_SPACE)
    if value in {"1", "true"}:
        return True
    if value in {"0", "false", ""}:
        return False
    raise InvalidMessage("mustUnderstand", reason=f"it is {ascii(value[:40])}; send 1 or 0")


def is_for_us(actor: str) -> bool:
    """Whether a SOAP header with this actor is ours to judge, and not of another one further on (SOAP 1.1, 4.2.2)."""
    return actor.strip(_SPACE) in {"", NEXT_ACTOR}


def _single(headers: Headers, name: str) -> str:
    values = set(headers.get_all(name))
    if len(values) > 1:
        raise InvalidMessage(name, reason="it is given more than once")
    return values.pop().strip() if values else ""


def _action(headers: Headers) -> str:
    action = _single(headers, "soapaction")
    if len(action) > 1 and action[0] == action[-1] == '"':
        action = action[1:-1]
    return action


def _charset(content_type: str) -> str:
    """The charset that a Content-Type names, or an empty text."""
    media, *parameters = (part.strip() for part in content_type.split(";"))
    if media.lower() == "application/soap+xml":
        raise VersionMismatch("application/soap+xml, the media type of SOAP 1.2", reason=_SPEAK)
    if media.lower() != "text/xml":
        raise InvalidMessage("Content-Type", reason=f"{ascii(media[:80])} came where text/xml is needed")
    charsets = {
        value.strip(" \"'").lower()
        for name, _, value in (p.partition("=") for p in parameters)
        if name.strip().lower() == "charset"
    }
    if len(charsets) > 1:
        raise InvalidMessage("Content-Type", reason="it names two charsets")
    return charsets.pop() if charsets else ""


def _require_same_encoding(where: str, declared: str, actual: str) -> None:
    if not declared:
        return
    if declared not in _ENCODINGS:
        raise InvalidMessage("character encoding", reason=f"{where} has {ascii(declared[:40])}; send UTF-8 or UTF-16")
    if _ENCODINGS[declared] != actual:
        raise InvalidMessage("character encoding", reason=f"{where} says {declared}, but the bytes are {actual}")


def _to_utf8(body: bytes) -> bytes:
    try:
        return body.decode("utf-16").encode("utf-8")
    except UnicodeError as error:
        raise InvalidMessage("character encoding", reason="the bytes are not UTF-16") from error


@dataclass(slots=True)
class Scan:
    """One pass over one envelope; the counts say how far it came."""

    actual: str
    """The encoding in which the bytes came, to hold the XML declaration against."""
    understood: frozenset[str] = frozenset()
    """Headers that somebody further in understands, each `namespace name`."""
    known: set[str] = field(default_factory=set)
    """Those of them that came, and are for us."""
    elements: int = 0
    namespace: str = ""
    name: str = ""
    _declared: int = 0
    """Namespaces declared on the element about to start."""
    _open: list[str] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _bodies: int = 0
    _headers: int = 0
    _required: list[str] = field(default_factory=list)
    """Headers that the sender wants understood."""

    def run(self, xml: bytes) -> None:
        """Scan an envelope in UTF-8. Raises as `admit` does."""
        # The encoding given here overrides the declaration, so no codec is ever looked up by a name from outside.
        parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(xml, True)  # noqa: FBT003 - expat takes no keywords
        except expat.ExpatError as error:
            raise InvalidMessage("XML", reason=str(error)) from error
        if not self.name:
            raise InvalidMessage("envelope", reason="its Body is empty" if self._bodies else "it has no Body")
        if self._required:
            raise MustUnderstand(", ".join(ascii(name[:200]) for name in self._required[:_TOLD]))

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        _require_same_encoding("the XML declaration", (encoding or "").lower(), self.actual)

    def _doctype(self, *_ignored: object) -> None:
        raise InvalidMessage("XML", reason="a document type (DOCTYPE) is not allowed")

    def _instruction(self, *_ignored: object) -> None:
        raise InvalidMessage("XML", reason="a processing instruction is not allowed")

    def _declare(self, *_ignored: object) -> None:
        self._declared += 1
        if self._declared > MAX_ATTRIBUTES:
            raise TooLarge("an element", reason=f"it has more than {MAX_ATTRIBUTES} attributes")

    def _start(self, name: str, attributes: list[str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise TooLarge("the request", reason=f"it has more than {MAX_ELEMENTS} elements")
        depth = len(self._open)
        if depth >= MAX_DEPTH:
            raise TooLarge("the request", reason=f"its elements are nested more than {MAX_DEPTH} deep")
        if attributes or self._declared:
            if self._declared + len(attributes) // 2 > MAX_ATTRIBUTES:
                raise TooLarge("an element", reason=f"it has more than {MAX_ATTRIBUTES} attributes")
            self._declared = 0
            for value in attributes[1::2]:
                if _size(value) > MAX_VALUE:
                    raise TooLarge("an attribute", reason=f"{MAX_VALUE} bytes at the most")
        if depth < 3:
            self._structure(depth, name, attributes)
        self._open.append(name)
        self._sizes.append(0)

    def _structure(self, depth: int, name: str, attributes: list[str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if depth == 0:
            self._envelope(namespace, local)
        elif depth == 1:
            self._part(namespace, local)
        elif self._open[1] == f"{SOAP} Header":
            self._header(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))
        else:
            if self.name:
                raise InvalidMessage("envelope", reason="its Body has more than one element")
            if name == f"{SOAP} Fault":
                raise InvalidMessage("envelope", reason="a Fault is no request")
            self.namespace, self.name = namespace, local

    def _envelope(self, namespace: str, local: str) -> None:
        if local != "Envelope":
            raise InvalidMessage("envelope", reason=f"the outermost element is {ascii(local[:80])}")
        if namespace != SOAP:
            version = " (SOAP 1.2)" if namespace == SOAP_1_2 else ""
            raise VersionMismatch(f"envelopes of {ascii(namespace[:80])}{version}", reason=_SPEAK)

    def _part(self, namespace: str, local: str) -> None:
        if self._bodies:
            what = "a second Body" if local == "Body" else f"{ascii(local[:80])} after its Body"
            raise InvalidMessage("envelope", reason=f"it has {what}")
        if namespace != SOAP or local not in {"Header", "Body"}:
            raise InvalidMessage("envelope", reason=f"{ascii(local[:80])} is neither a Header nor a Body of SOAP 1.1")
        if local == "Body":
            self._bodies += 1
            return
        self._headers += 1
        if self._headers > 1:
            raise InvalidMessage("envelope", reason="it has a second Header")

    def _header(self, name: str, attributes: dict[str, str]) -> None:
        if not is_for_us(attributes.get(f"{SOAP} actor", "")):
            return
        required = is_required(attributes.get(f"{SOAP} mustUnderstand", "0"))
        if name in self.understood:
            self.known.add(name)
        elif required:
            self._required.append(name.replace(" ", "#"))

    def _end(self, _name: str) -> None:
        self._open.pop()
        self._sizes.pop()

    def _text(self, data: str) -> None:
        if len(self._open) < 3 and data.strip(_SPACE):
            raise InvalidMessage("envelope", reason="it has text between its elements")
        self._sizes[-1] += _size(data)
        if self._sizes[-1] > MAX_VALUE:
            local = self._open[-1].rpartition(" ")[2]
            raise TooLarge(f"the value of {ascii(local[:80])}", reason=f"{MAX_VALUE} bytes at the most")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8"))
