"""The usual way of requests to a service: envelopes by zeep from the bundled contract, HTTP by requests.

Rule: nothing is fetched but the address given, nothing is sent twice, and nothing of the environment comes in. For any
number of threads.
"""

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from vofiles.calls import MOST_ANSWERED, Call, Reply
from vofiles.errors import InvalidArgument, ServiceUnreachable, VofilesError
from vofiles.shape import Part, parts

Auth = AuthBase | tuple[str, str] | str | None
"""Who calls: anything of requests', a user name and a password, or a bearer token."""

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 60.0


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
            if len(body) > MOST_ANSWERED:
                raise ServiceUnreachable(self._address, reason=f"its answer is longer than {MOST_ANSWERED} bytes")
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
