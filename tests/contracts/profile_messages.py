"""The rules of WS-I Basic Profile 1.1 on what is sent: requests, answers and faults; see `profile`.

Rule: as there; a rule looks at one message and knows no service.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENCODING = "{http://schemas.xmlsoap.org/soap/encoding/}"
CODES = {"VersionMismatch", "MustUnderstand", "Client", "Server"}


@dataclass(frozen=True)
class Message:
    """An envelope as HTTP carried it."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    status: int | None = None
    """Of an answer; None: it is a request."""
    element: str = ""
    """The element that its Body should have by the contract, `{namespace}name`; empty: that of a fault."""
    action: str = ""
    """Of a request: what the contract has as its operation's soapAction."""
    version: str = "1.1"
    """Of HTTP."""

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def in_body(self) -> list[etree._Element]:
        return [child for body in self.root.iterfind(f"{SOAP}Body") for child in body.iterchildren(etree.Element)]

    @property
    def fault(self) -> etree._Element | None:
        return self.root.find(f"{SOAP}Body/{SOAP}Fault")

    def of_soap(self) -> Iterator[etree._Element]:
        """The elements in SOAP's namespace."""
        return self.root.iter(f"{SOAP}*")


def r1000(message: Message) -> Iterator[str]:
    """A Fault has faultcode, faultstring, faultactor and detail, and nothing else."""
    for each in message.fault if message.fault is not None else ():
        if etree.QName(each).localname not in {"faultcode", "faultstring", "faultactor", "detail"}:
            yield str(each.tag)


def r1001(message: Message) -> Iterator[str]:
    """What is in a Fault is in no namespace."""
    for each in message.fault if message.fault is not None else ():
        if etree.QName(each).namespace:
            yield str(each.tag)


def r1004(message: Message) -> Iterator[str]:
    """A faultcode is one of SOAP's, or a QName of whoever else defines it."""
    for each in message.fault.iterfind("faultcode") if message.fault is not None else ():
        prefix, _, local = (each.text or "").rpartition(":")
        namespace = each.nsmap.get(prefix or None)
        if namespace is None or (f"{{{namespace}}}" == SOAP and local.partition(".")[0] not in CODES):
            yield str(each.text)


def r1031(message: Message) -> Iterator[str]:
    """A faultcode of SOAP's has no dot with more behind it."""
    for each in message.fault.iterfind("faultcode") if message.fault is not None else ():
        if "." in (each.text or ""):
            yield str(each.text)


def r1005(message: Message) -> Iterator[str]:
    """No element of SOAP's has an encodingStyle."""
    for each in message.of_soap():
        if each.get(f"{SOAP}encodingStyle") is not None:
            yield str(each.tag)


def r1006(message: Message) -> Iterator[str]:
    """What stands in the Body has no encodingStyle."""
    for each in message.in_body:
        if each.get(f"{SOAP}encodingStyle") is not None:
            yield str(each.tag)


def r1008(message: Message) -> Iterator[str]:
    """There is no document type."""
    if message.root.getroottree().docinfo.doctype:
        yield message.root.getroottree().docinfo.doctype


def r1009(message: Message) -> Iterator[str]:
    """There are no processing instructions."""
    for each in message.root.getroottree().xpath("//processing-instruction()"):
        yield str(each)


def r1011(message: Message) -> Iterator[str]:
    """Nothing follows the Body."""
    for body in message.root.iterfind(f"{SOAP}Body"):
        yield from (str(each.tag) for each in body.itersiblings(etree.Element))


def r1012(message: Message) -> Iterator[str]:
    """The envelope is in UTF-8 or UTF-16."""
    encoding = message.root.getroottree().docinfo.encoding or "UTF-8"
    if encoding.upper() not in {"UTF-8", "UTF-16"}:
        yield encoding


def r1013(message: Message) -> Iterator[str]:
    """mustUnderstand is 1 or 0."""
    for each in message.root.iterfind(f"{SOAP}Header/*"):
        if each.get(f"{SOAP}mustUnderstand", "0") not in {"0", "1"}:
            yield str(each.tag)


def r1014(message: Message) -> Iterator[str]:
    """What stands in the Body is in a namespace."""
    for each in message.in_body:
        if not etree.QName(each).namespace:
            yield str(each.tag)


def r1018(message: Message) -> Iterator[str]:
    """The charset of the Content-Type, if there is one, is that of the envelope."""
    said = re.search(r"charset=\"?([\w-]+)", message.headers.get("content-type", ""))
    actual = message.root.getroottree().docinfo.encoding or "UTF-8"
    if said and said[1].lower() != actual.lower():
        yield f"{said[1]}, but it is {actual}"


def r1032(message: Message) -> Iterator[str]:
    """Envelope, Header and Body have no attributes of SOAP's."""
    for each in message.root.iter(f"{SOAP}Envelope", f"{SOAP}Header", f"{SOAP}Body"):
        yield from (name for name in map(str, each.attrib) if name.startswith(SOAP))


def r1033(message: Message) -> Iterator[str]:
    """The prefix xml, which everybody has, is not declared."""
    if b"xmlns:xml=" in message.body:
        yield "xmlns:xml"


def r1109(message: Message) -> Iterator[str]:
    """The SOAPAction of a request is in quotes."""
    action = message.headers.get("soapaction", "")
    if message.status is None and not re.fullmatch('"[^"]*"', action):
        yield action


def r1111(message: Message) -> Iterator[str]:
    """An answer that is no fault has the status 200."""
    if message.status is not None and message.fault is None and message.status != 200:
        yield str(message.status)


def r1126(message: Message) -> Iterator[str]:
    """A fault has the status 500."""
    if message.status is not None and message.fault is not None and message.status != 500:
        yield str(message.status)


def r1141(message: Message) -> Iterator[str]:
    """Messages are sent with HTTP/1.1 or HTTP/1.0."""
    if message.version not in {"1.0", "1.1"}:
        yield message.version


def r2113(message: Message) -> Iterator[str]:
    """There is no arrayType of SOAP's encoding."""
    for each in message.root.iter(etree.Element):
        if each.get(f"{ENCODING}arrayType") is not None:
            yield str(each.tag)


def r2712(message: Message) -> Iterator[str]:
    """In the Body of a document binding's message is the one element that the contract has for it."""
    if message.fault is None and [str(each.tag) for each in message.in_body] != [message.element]:
        yield ", ".join(str(each.tag) for each in message.in_body)


def r2744(message: Message) -> Iterator[str]:
    """The SOAPAction of a request is that of the contract, in quotes."""
    if message.status is None and message.headers.get("soapaction") != f'"{message.action}"':
        yield message.headers.get("soapaction", "")
