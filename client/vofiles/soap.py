"""A client of one service: requests are values of the contract, and answers are read into such.

Rule: what comes out of `call` is an answer or an error of `errors`, whatever the other side does; nothing is fetched
but the address given, and nothing is done twice. For any number of threads.

How a request is written and brought there is a Carrier's: zeep's and requests', where nobody gives another one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final

from lxml import etree

from vofiles import requestid
from vofiles.calls import Call, Carrier, Reply
from vofiles.contract import FaultDetail, Operation
from vofiles.errors import (
    InvalidMessage,
    NotAuthenticated,
    ServiceBusy,
    ServiceUnreachable,
    Unexpected,
    VofilesError,
)
from vofiles.faults import CATEGORIES, error_of
from vofiles.shape import Part, parts
from vofiles.zeepcarrier import Auth, Options, ZeepCarrier

_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"


class SoapClient:
    """One port type at one address."""

    def __init__(
        self,
        wsdl_name: str,
        operations: Iterable[Operation],
        namespace: str,
        address: str,
        *,
        auth: Auth = None,
        options: Options | None = None,
        carrier: Carrier | None = None,
    ) -> None:
        """With a carrier neither `auth` nor the options but `request_id` matter."""
        chosen = options or {}
        self.address = address
        self._operations = {operation.name: operation for operation in operations}
        self._namespace = namespace
        self._carrier = carrier or ZeepCarrier(wsdl_name, frozenset(self._operations), address, auth, chosen)
        self._request_id: Callable[[], str | None] = chosen.get("request_id", requestid.request_id)

    def call(self, name: str, request: Any) -> Any:
        """The answer of an operation. Raises what the service answers as a fault; NotAuthenticated, ServiceBusy;
        ServiceUnreachable where nothing comes, or something that is no answer; InvalidArgument where the request
        cannot be put into XML.
        """
        call = self._checked(Call(name, request, self._request_id()))
        try:
            return self._read(name, self._carrier.ask(call))
        except VofilesError as error:
            raise requestid.noted(error, call.number)  # noqa: B904 - it is the same error

    def call_all(self, calls: Sequence[Call]) -> Iterator[list[tuple[int, Any]]]:
        """What `call` answers for each, or the error that it raises, by its place in the sequence, some at a time."""
        for replies in self._carrier.ask_all([self._checked(call) for call in calls]):
            yield [(place, self._read_or_error(calls[place], reply)) for place, reply in replies]

    def close(self) -> None:
        """Close the connections of all threads. The client may be used again."""
        self._carrier.close()

    def _checked(self, call: Call) -> Call:
        kind = self._operations[call.operation].request
        assert isinstance(call.request, kind), f"{call.operation} takes a {kind.__name__}"
        return call

    def _read_or_error(self, call: Call, reply: Reply | VofilesError) -> Any:
        try:
            if isinstance(reply, VofilesError):
                raise reply
            return self._read(call.operation, reply)
        except VofilesError as error:
            return requestid.noted(error, call.number)

    def _read(self, name: str, reply: Reply) -> Any:
        element = _body_element(reply.body)
        try:
            _require_no_fault(element, reply.status, self.address)
        except NotAuthenticated as error:
            if reply.again:
                # Perhaps it has had the request, which it takes only once, and it is its answer that was lost.
                reason = "it closed the connection without an answer"
                raise ServiceUnreachable(self.address, reason=reason) from error
            raise
        if element is None or element.tag != f"{{{self._namespace}}}{name}Response":
            came = f"{reply.status} {reply.content_type} {ascii(reply.body[:80].decode('utf-8', 'replace'))}"
            raise ServiceUnreachable(self.address, reason=f"what came is not an answer to {name}: {came}")
        try:
            return reader(self._operations[name].answer)(element)
        except (VofilesError, ValueError, KeyError, TypeError) as error:
            raise ServiceUnreachable(self.address, reason=f"the answer to {name} cannot be read: {error}") from error


def _body_element(body: bytes) -> Any:
    """The one element of an envelope's Body, or None where this is no envelope."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.tag != f"{_SOAP}Envelope" or root.getroottree().docinfo.doctype:
        return None
    return next(root.iterfind(f"{_SOAP}Body/*"), None)


def _require_no_fault(element: Any, status: int, address: str) -> None:
    """Raises what the service answered as a fault or, without an envelope, by its status."""
    if element is not None and element.tag == f"{_SOAP}Fault":
        raise _error_of(element, status)
    if status == 401:
        raise NotAuthenticated
    if status == 503:
        raise ServiceBusy(address)


def _error_of(fault: Any, status: int) -> VofilesError:
    message = fault.findtext("faultstring") or ""
    for detail in fault.iterfind("detail/*"):
        category = str(detail.tag).rpartition("}")[2]
        if category in CATEGORIES:
            told = _told(detail, message)
            properties = tuple((item.key, item.value) for item in told.properties)
            return error_of(told.name, told.message, fault=category, status=status, properties=properties)
    if status in {401, 503}:
        return error_of("", message, status=status)
    code = (fault.findtext("faultcode") or "").rpartition(":")[2]
    blamed = InvalidMessage if code.partition(".")[0] in {"Client", "VersionMismatch", "MustUnderstand"} else Unexpected
    return blamed.received(message)


def _told(detail: Any, message: str) -> FaultDetail:
    try:
        told: FaultDetail = reader(FaultDetail)(detail)
    except TypeError:
        # Without a name the category still says what kind of error it is.
        return FaultDetail("", message)
    return told


@cache
def reader(value_type: type) -> Callable[[Any], Any]:
    """What reads an element into a wire class; elements that are not in the contract (a newer service's) are skipped.

    What it makes raises TypeError for a missing element, ValueError, KeyError or a VofilesError for an unusable one.
    """
    known = {part.element: (part.field, part.many, _content(part)) for part in parts(value_type)}

    lists = tuple(field for field, many, _ in known.values() if many)

    def read(element: Any) -> Any:
        values: dict[str, Any] = {field: [] for field in lists}
        for child in element:
            entry = known.get(child.tag.rpartition("}")[2])
            if entry is None:
                continue
            field, many, content = entry
            if many:
                values[field].append(content(child))
            else:
                values[field] = content(child)
        for field in lists:
            values[field] = tuple(values[field])
        return value_type(**values)

    return read


def _content(part: Part) -> Callable[[Any], Any]:
    if part.simple is None:
        return reader(part.type)
    parse = part.simple.parse
    return lambda element: parse(element.text or "")
