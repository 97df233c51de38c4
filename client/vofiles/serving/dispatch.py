"""From a harmless envelope to a function of the API: the published schema judges, and what it lets through is decoded.

    perform     judged, read by `decoding`; what that does not take goes the other way
    by_spyne    spyne's: its contexts, models and dispatch. What declares every operation, and says how each is read

Rule: only what satisfies the published schema is decoded, so that what is served at `?wsdl` and what is accepted are
one; a refusal names the element. What the function raises comes out as it is. The two ways answer alike: a test sends
the same requests through both.
"""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import spyne.const
from lxml import etree
from spyne import Application, MethodContext
from spyne import Fault as SpyneFault
from spyne.protocol.soap import Soap11
from spyne.server import ServerBase

from vofiles.contract import Operation
from vofiles.errors import InvalidArgument, InvalidIdentifier, InvalidMessage, VofilesError
from vofiles.serving.decoding import Elsewhere, reader
from vofiles.serving.language import Language, Native
from vofiles.serving.models import PATTERNS, Models, request_of
from vofiles.serving.wsdl import Published

# spyne collects garbage once a second while it serves, which costs more than the garbage.
spyne.const.MIN_GC_INTERVAL = float("inf")

Act = Callable[[Any], Any]
"""What a decoded request is given to."""

_ELEMENT: Final = re.compile(r"Element '([^']*)'(?:[^:]*): (.*)\Z", re.DOTALL)
_PATTERN: Final = re.compile(r"\[facet 'pattern'\] The value '(.*)' is not accepted by the pattern '(.*)'\.", re.DOTALL)
_LOOKS: Final = {
    PATTERNS["Ivorn"]: "an identifier looks like ivo://authority/resource",
    PATTERNS["NodeIvorn"]: "the identifier of a node looks like ivo://authority/resource#number",
}
# libxml2's names of what is wrong with a value, or with its being nil, rather than with the elements around it.
_OF_VALUES: Final = ("SCHEMAV_CVC_DATATYPE", "SCHEMAV_CVC_ENUMERATION", "SCHEMAV_CVC_ELT_3")


@dataclass(slots=True)
class _Turn:
    """One request on its way through spyne."""

    act: Act
    result: Any = None
    error: Exception | None = None


class Dispatcher:
    """Decodes the requests of one port type, in a language (ours, if none is said). For any number of threads."""

    def __init__(
        self, published: Published, port: str, operations: Iterable[Operation], language: Language | None = None
    ) -> None:
        spoken = language or Native(published.namespace)
        operations = tuple(operations)
        service = Models(published.namespace, spoken.fault_detail).service(port, operations, _call)
        self._published, self._language = published, spoken
        self._readers = {operation.name: reader(operation.request) for operation in operations}
        self._protocol = _Contract(published, spoken)
        app = Application([service], published.namespace, name=port, in_protocol=self._protocol, out_protocol=Soap11())
        self.interface = app.interface
        """What spyne makes of the port type."""
        self._app = app
        self._server = _Server(app)

    def perform(self, xml: bytes, act: Act) -> Any:
        """What `act` makes of the request in an envelope (UTF-8). Raises what `act` raises; InvalidMessage,
        InvalidArgument, InvalidIdentifier, InvalidName where the request is not one.
        """
        element = read_envelope(xml)[-1][0]
        self._language.hear(element)
        judge(self._published, element)
        try:
            request = self._readers[etree.QName(element).localname](element)
        except Elsewhere:
            return self.by_spyne(xml, act)
        return act(request)

    def by_spyne(self, xml: bytes, act: Act) -> Any:
        """The same by way of spyne."""
        context = MethodContext(self._server, MethodContext.SERVER)
        turn = context.udc = _Turn(act)
        context.in_string = xml
        protocol = self._protocol
        try:
            protocol.create_in_document(context)
            protocol.decompose_incoming_envelope(context)
            (context.descriptor,) = protocol.get_call_handles(context)
            protocol.deserialize(context, protocol.REQUEST)
        except SpyneFault as fault:
            raise InvalidArgument("the request", reason=str(fault.faultstring)[:300]) from fault
        except (ValueError, OverflowError) as unusable:
            # A value that the schema lets through and that no value of Python's is, such as the hour 24.
            raise InvalidArgument("the request", reason=str(unusable)[:300]) from unusable
        self._app.process_request(context)
        error = turn.error or context.out_error
        if error is not None:
            raise error
        return turn.result


class _Server(ServerBase):
    transport = "http://schemas.xmlsoap.org/soap/http"


def _call(operation: Operation) -> Callable[..., None]:
    def call(context: Any, *arguments: Any) -> None:
        turn: _Turn = context.udc
        # spyne would log whatever is raised here and answer its text; we hand it on untouched.
        try:
            turn.result = turn.act(request_of(operation.request, arguments))
        except Exception as error:  # noqa: BLE001
            turn.error = error

    return call


class _Contract(Soap11):
    """spyne's SOAP 1.1, reading with a parser of ours and judging by the published schema as a language has it."""

    def __init__(self, published: Published, language: Language) -> None:
        super().__init__(parse_xsi_type=False)
        self._published = published
        self._language = language

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002 - spyne's signature
        envelope = read_envelope(ctx.in_string)
        # The gate has seen to it that the Body comes last and has one element.
        self._language.hear(envelope[-1][0])
        ctx.in_document = envelope, {}

    def validate_document(self, payload: etree._Element) -> None:
        judge(self._published, payload)


class _Parser(threading.local):
    """One for each thread. Comments are dropped while parsing, else a value with one in it would end there."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )


_local: Final = _Parser()


def read_envelope(xml: bytes) -> etree._Element:
    """An envelope that has passed the gate, as a tree. Raises InvalidMessage."""
    try:
        return etree.fromstring(xml, _local.parser)
    except etree.XMLSyntaxError as error:
        raise InvalidMessage("XML", reason=str(error)[:300]) from error


def judge(published: Published, request: etree._Element) -> None:
    """Refuse the element of a request that does not satisfy the schema.

    Raises InvalidMessage, InvalidArgument, InvalidIdentifier.
    """
    schema = published.schema
    if not schema.validate(request):
        raise _refusal(schema.error_log[0], published.namespace)


def _refusal(entry: Any, namespace: str) -> VofilesError:
    """What libxml2 found, as one of our errors."""
    sentence = entry.message.replace(f"{{{namespace}}}", "")
    match = _ELEMENT.match(sentence)
    element, complaint = (match[1], match[2]) if match else ("the request", sentence)
    pattern = _PATTERN.match(complaint)
    if pattern:
        looks = _LOOKS.get(pattern[2], f"the contract asks for a text of the form {pattern[2]}")
        return InvalidIdentifier(ascii(pattern[1][:200]), reason=f"{element}: {looks}")
    kind = InvalidArgument if entry.type_name.startswith(_OF_VALUES) else InvalidMessage
    return kind(element, reason=complaint[:300])
