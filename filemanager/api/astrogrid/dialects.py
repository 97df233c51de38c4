"""AstroGrid's contract as it is spoken: two dialects at one address, told apart by the namespace of the request.

    NAMESPACE  as published   <NodeBundle xmlns=…> around the nodes   <info xmlns="">, <ivorn xmlns="">   nothing at all
    SPOKEN     by its clients  <opResponse xmlns=…> around the nodes    or around info, ivorn                or nothing
    none       Axis, of getIdentifier, where the published text gives it nothing to write: answered as published

Rule: only the form of requests and answers is here. What came is brought to the published form and judged by the
published schema, in which everything may be missing: clients send nil for what they have no value for, or leave it out,
and what a null means is for the operation to say. Local elements are unqualified.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final

from lxml import etree

from filemanager.api.astrogrid.faults import OUTSIDE, fault_of
from filemanager.api.astrogrid.types import NAMESPACE, OPERATIONS, SPOKEN, FaultMessage, NodeBundle
from vofiles.contract import Operation
from vofiles.errors import InvalidMessage, VofilesError
from vofiles.serving import replies
from vofiles.serving.language import NIL
from vofiles.serving.xmlgate import SOAP
from vofiles.shape import Part, parts

AXIS: Final = "http://xml.apache.org/axis/"
CLASSES: Final = "org.astrogrid.filemanager.common"
"""The Java package of the faults, by whose names Axis knows which to raise."""
CODE: Final = "Server.generalException"
"""The faultcode of whatever a function raised, in Axis."""

NAMESPACES: Final = frozenset({NAMESPACE, SPOKEN, ""})
_LOCAL: Final = frozenset({NAMESPACE, SPOKEN, None})
"""Where local elements are; some clients qualify them all the same."""

_HEAD: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="{SOAP}" {replies.NAMED}><soapenv:Body>'
)
_TAIL: Final = "</soapenv:Body></soapenv:Envelope>"
_UNQUALIFIED: Final = ' xmlns=""'

_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
_TOKEN: Final = "token"  # noqa: S105 - a type of XML Schema
_LOOSE: Final = frozenset({"anyURI", "NMTOKEN"})
"""Types whose rules are not ours: names may have spaces, and identifiers come as people typed them."""
_REQUESTS: Final = {operation.name: operation.request for operation in OPERATIONS}


class AstroGrid:
    """The language of AstroGrid's FileManager. For any number of threads."""

    namespaces: Final = NAMESPACES
    fault_detail: Final[type] = FaultMessage

    def judged_by(self, schema: etree._Element) -> etree._Element:
        """The published schema with nothing required, and with names and identifiers as they come."""
        tolerant = deepcopy(schema)
        for element in tolerant.iter(f"{_XSD}element"):
            if element.get("type") is not None:
                element.set("minOccurs", "0")
                _loosen(element, "type")
        for restriction in tolerant.iter(f"{_XSD}restriction"):
            _loosen(restriction, "base")
        return tolerant

    def hear(self, request: etree._Element) -> None:
        """Published namespace, unqualified locals, no attributes of types or encodings, nothing that is nil."""
        name = etree.QName(request).localname
        request.tag = f"{{{NAMESPACE}}}{name}"
        _forget_remarks(request)
        if name in _REQUESTS:
            _hear_within(request, _REQUESTS[name])

    def require_action(self, operation: Operation, action: str, published: Mapping[str, str]) -> None:
        """Old clients send it as they like; only one that names another operation is refused."""
        named = action.rstrip("/").rpartition("/")[2].rpartition("#")[2].rpartition(":")[2]
        if named != operation.name and named in published:
            reason = f"it is {ascii(action[:80])}, and the request is {operation.name}"
            raise InvalidMessage("SOAPAction", reason=reason)

    def answer(self, namespace: str, operation: Operation, value: Any) -> bytes:
        pieces = [_HEAD]
        write = replies.writer(operation.answer, _UNQUALIFIED)
        element = _wrapper(namespace, operation)
        if element:
            pieces.append(f'<{element} xmlns="{namespace or NAMESPACE}">')
        write(value, pieces.append)
        if element:
            pieces.append(f"</{element}>")
        pieces.append(_TAIL)
        return "".join(pieces).encode("utf-8")

    def fault_of(self, operation: Operation | None, error: VofilesError) -> str:
        if operation is None or isinstance(error, OUTSIDE):
            return error.name
        return fault_of(operation, error)

    def fault(self, operation: Operation | None, error: VofilesError, **told: Any) -> bytes:
        """As Axis writes it; without detail where the contract has nothing to do with it."""
        if operation is None or isinstance(error, OUTSIDE):
            return replies.fault(NAMESPACE, error, **{**told, "detail": False})
        sentence = replies.escape(error.message)
        # Axis takes the class of the last element that it reads, so the name comes after the message.
        return (
            f"{_HEAD}<soapenv:Fault><faultcode>soapenv:{CODE}</faultcode><faultstring>{sentence}</faultstring>"
            f"<detail><message>{sentence}</message>"
            f'<ns1:exceptionName xmlns:ns1="{AXIS}">{CLASSES}.{fault_of(operation, error)}</ns1:exceptionName>'
            f"</detail></soapenv:Fault>{_TAIL}"
        ).encode()


def _wrapper(namespace: str, operation: Operation) -> str:
    """The name of the element around an answer; empty where there is none."""
    if namespace == SPOKEN:
        return f"{operation.name}Response"
    return NodeBundle.__name__ if operation.answer is NodeBundle else ""


def _loosen(element: etree._Element, attribute: str) -> None:
    prefix, _, local = (element.get(attribute) or "").rpartition(":")
    if local in _LOOSE:
        element.set(attribute, f"{prefix}:{_TOKEN}")


def _hear_within(element: etree._Element, kind: type) -> None:
    """The same for what is in an element, as far as it is known; the schema refuses the rest."""
    known = _known(kind)
    for child in list(element):
        name = etree.QName(child)
        part = known.get(name.localname)
        if part is None or name.namespace not in _LOCAL:
            continue
        if child.get(NIL, "").strip() in {"true", "1"} or (part.default is not None and _is_empty(child)):
            element.remove(child)
            continue
        child.tag = name.localname
        _forget_remarks(child)
        if part.simple is None:
            _hear_within(child, part.type)


@cache
def _known(kind: type) -> dict[str, Part]:
    return {part.element: part for part in parts(kind)}


def _forget_remarks(element: etree._Element) -> None:
    """Drop what says how a value is written: its type, its encoding, that it is not nil. The value shows it itself."""
    for name in element.attrib:
        if name.startswith("{"):
            del element.attrib[name]


def _is_empty(element: etree._Element) -> bool:
    """Whether there is nothing in it: by XML Schema it has its default then."""
    return len(element) == 0 and not (element.text or "").strip()
