"""A client of one service: requests made by zeep from the bundled contract, answers read into values of the contract.

Rule: what comes out of `call` is an answer or an error of `errors`, whatever the other side does; nothing is fetched
but the address given, and nothing is done twice. For any number of threads.

Who has a way of his own to write requests and to send them gives a Carrier: our services do, to each other.
"""

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypedDict

import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from zeep import Client, Settings
from zeep.exceptions import ValidationError

from vofiles import requestid
from vofiles.calls import Call, Carrier, Reply
from vofiles.contract import FaultDetail, Operation
from vofiles.errors import (
    InvalidArgument,
    InvalidMessage,
    NotAuthenticated,
    ServiceBusy,
    ServiceUnreachable,
    Unexpected,
    VofilesError,
)
from vofiles.faults import CATEGORIES, error_of
from vofiles.shape import Part, parts

Auth = AuthBase | tuple[str, str] | str | None
"""Who calls: anything of requests', a user name and a password, or a bearer token."""

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 60.0
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of the longest answer that is read."""

_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"


class Options(TypedDict, total=False):
    """What can be chosen for a client besides address and caller."""

    read_timeout: float
    """Seconds without a byte of the answer; 60."""
    connect_timeout: float
    """Seconds; 5."""
    verify: bool | str
    """Whether TLS certificates are verified, or the file of the authorities to trust."""
    request_id: Callable[[], str | None]
    """Asked at each call for the X-Request-Id to send; that of the job under way, else a fresh one."""


class BearerAuth(AuthBase):
    """A token in the Authorization header (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def auth_of(auth: Auth) -> AuthBase | None:
    """What requests makes its credentials from; names and passwords go as UTF-8 (RFC 7617)."""
    if isinstance(auth, tuple):
        name, password = auth
        return HTTPBasicAuth(name.encode("utf-8"), password.encode("utf-8"))
    return BearerAuth(auth) if isinstance(auth, str) else auth


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


class ZeepCarrier:
    """The usual carrier: envelopes by zeep, HTTP by requests, one session for each thread."""

    def __init__(self, wsdl_name: str, operations: frozenset[str], address: str, auth: Auth, chosen: Options) -> None:
        self._address = address
        self._wsdl_name = wsdl_name
        self._operations = operations
        self._auth = auth_of(auth)
        self._timeout = (chosen.get("connect_timeout", CONNECT_TIMEOUT), chosen.get("read_timeout", READ_TIMEOUT))
        self._verify = chosen.get("verify", True)
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._lock = threading.Lock()

    def ask(self, call: Call) -> Reply:
        envelope, action = _message(self._wsdl_name, self._operations, call.operation, call.request)
        return self._exchange(envelope, action, call.number)

    def ask_all(self, calls: Sequence[Call]) -> Iterator[Sequence[tuple[int, Reply | VofilesError]]]:
        for place, call in enumerate(calls):
            try:
                yield [(place, self.ask(call))]
            except VofilesError as error:
                yield [(place, error)]

    def close(self) -> None:
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def _exchange(self, envelope: bytes, action: str, number: str | None) -> Reply:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"', "Accept": "text/xml"}
        if number:
            headers[requestid.HEADER] = number
        try:
            with self._session().post(
                self._address,
                data=envelope,
                headers=headers,
                auth=self._auth,
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Reply(response.status_code, response.headers.get("Content-Type", ""), self._read(response))
        except (requests.RequestException, OSError) as error:
            raise ServiceUnreachable(self._address, reason=why(error)) from error

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > MAX_ANSWER:
                raise ServiceUnreachable(self._address, reason=f"its answer is longer than {MAX_ANSWER} bytes")
        return bytes(body)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # Nothing from the environment: a .netrc or a proxy variable must not change whom we speak to, and as whom.
            session.trust_env = False
            session.mount("http://", HTTPAdapter(max_retries=0))
            session.mount("https://", HTTPAdapter(max_retries=0))
            with self._lock:
                self._sessions.add(session)
        return session


def why(error: BaseException) -> str:
    """The plain reason at the bottom of an exception of requests."""
    if isinstance(error, requests.ConnectTimeout):
        return "it did not accept the connection in time"
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    seen: set[int] = set()
    reason = str(error)
    pending: list[object] = [error]
    while pending:
        current = pending.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, OSError) and current.strerror:
            reason = current.strerror
        pending += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
    return reason[:300]


@cache
def _contract(wsdl_name: str) -> Client:
    """Zeep's reading of a bundled contract; once for the process, because it costs a tenth of a second."""
    path = files("vofiles").joinpath("wsdl", wsdl_name)
    settings = Settings(strict=True, forbid_external=True, forbid_dtd=True)
    return Client(str(path), settings=settings)  # type: ignore[no-untyped-call]


@cache
def _port(wsdl_name: str, operations: frozenset[str]) -> Any:
    client = _contract(wsdl_name)
    for service in client.wsdl.services.values():
        for port in service.ports.values():
            if operations == port.binding.all().keys():
                return client.bind(service.name, port.name), port.binding
    raise LookupError(f"{wsdl_name} has no port with just the operations {sorted(operations)}")


def _message(wsdl_name: str, operations: frozenset[str], name: str, request: Any) -> tuple[bytes, str]:
    """The envelope of a request, and its SOAPAction."""
    service, binding = _port(wsdl_name, operations)
    try:
        client: Any = _contract(wsdl_name)
        envelope = client.create_message(service, name, **_for_zeep(request))
    except (ValidationError, ValueError) as error:
        raise InvalidArgument(name, reason=str(error)) from error
    text: bytes = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return text, binding.get(name).soapaction


def _for_zeep(value: Any) -> Mapping[str, Any]:
    kind: type = type(value)
    content = {part.element: (part, getattr(value, part.field)) for part in parts(kind)}
    return {
        element: [_one_for_zeep(part, item) for item in inner] if part.many else _one_for_zeep(part, inner)
        for element, (part, inner) in content.items()
        if inner is not None
    }


def _one_for_zeep(part: Part, value: Any) -> Any:
    if part.simple is None:
        return _for_zeep(value)
    return value if isinstance(value, bool) else part.simple.text(value)


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
