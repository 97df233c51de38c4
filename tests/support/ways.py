"""Three ways to a FileManager, all spoken in the requests and answers of the contract, so that one suite runs by each:

direct    the operations as Python functions, without SOAP or HTTP
soap      zeep as a stranger uses it, on the WSDL that the service serves; nothing of our client is in it
client    our own typed port, with a bearer token

way.call(AddNode(home, "a", NodeKind.FILE)).node
"""

import threading
from collections.abc import Callable
from typing import Any, Protocol

import requests
import zeep
from requests.auth import HTTPBasicAuth

from filemanager.api.soap import native
from filemanager.domain.caller import Caller
from tests.support.services import MANAGER, RunningServices, User
from tests.support.serving import PATIENCE
from vofiles.contract import FILEMANAGER, Operation
from vofiles.errors import VofilesError
from vofiles.faults import error_of
from vofiles.filemanager_port import FileManagerPort
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.soap import Parked
from vofiles.shape import Part, parts
from vofiles.tokens import get_token

OPERATIONS = {operation.request: operation for operation in FILEMANAGER}


class Way(Protocol):
    """Somebody at the FileManager."""

    def call(self, request: Any) -> Any:
        """The answer to a request. Raises the error of the tree that the service means."""


class DirectWay:
    """The functions behind the SOAP port."""

    def __init__(self, services: RunningServices, user: User) -> None:
        account = Ivorn(MANAGER.authority, user.name)
        self._caller = Caller(account)
        self._functions = native.functions(services.manager.desk, services.manager.address)

    def call(self, request: Any) -> Any:
        answer = self._functions[OPERATIONS[type(request)].name](self._caller, request)
        while isinstance(answer, Parked):
            woken = threading.Event()
            unsubscribe = answer.subscribe(woken.set)
            woken.wait(min(answer.timeout, PATIENCE))
            unsubscribe()
            answer = answer.finish()
        return answer


class SoapWay:
    """zeep on the served WSDL, with name and password."""

    def __init__(self, services: RunningServices, user: User) -> None:
        session = requests.Session()
        session.auth = HTTPBasicAuth(*user.auth)
        self._session = session
        transport = zeep.Transport(session=session)  # type: ignore[no-untyped-call]
        client = zeep.Client(f"{services.address}?wsdl", transport=transport)  # type: ignore[no-untyped-call]
        (self._service,) = (
            client.bind(service.name, port)
            for service in client.wsdl.services.values()
            for port in service.ports
            if port == "FileManager"
        )

    def call(self, request: Any) -> Any:
        operation = OPERATIONS[type(request)]
        try:
            answer = getattr(self._service, operation.name)(**_to_zeep(request))
        except zeep.exceptions.Fault as fault:
            raise _error_of(fault) from fault
        return _from_zeep(operation, answer)

    def close(self) -> None:
        self._session.close()


class ClientWay:
    """Our typed port, as who has logged in."""

    def __init__(self, services: RunningServices, user: User) -> None:
        token = get_token(services.manager.address, *user.auth).secret
        self._port = FileManagerPort(services.address, auth=token)

    def call(self, request: Any) -> Any:
        words = [letter if letter.islower() else f"_{letter.lower()}" for letter in OPERATIONS[type(request)].name]
        return getattr(self._port, "".join(words))(request)

    def close(self) -> None:
        self._port.close()


WAYS: dict[str, Callable[[RunningServices, User], Way]] = {"direct": DirectWay, "soap": SoapWay, "client": ClientWay}


def _to_zeep(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kind: type = type(value)
    for part in parts(kind):
        inner = getattr(value, part.field)
        if part.many:
            found[part.element] = [_one_to_zeep(part, item) for item in inner]
        elif inner is not None:
            found[part.element] = _one_to_zeep(part, inner)
    return found


def _one_to_zeep(part: Part, value: Any) -> Any:
    if part.simple is None:
        return _to_zeep(value)
    return (
        value if isinstance(value, bool | int) and part.simple.xsd in {"long", "boolean"} else part.simple.text(value)
    )


def _from_zeep(operation: Operation, answer: Any) -> Any:
    """zeep gives the only part of an answer without its wrapper, and None for an empty answer."""
    known = parts(operation.answer)
    if len(known) == 1:
        (part,) = known
        value = _many_from_zeep(part, answer) if part.many else _one_from_zeep(part, answer)
        return operation.answer(**{part.field: value})
    return _read(operation.answer, answer) if known else operation.answer()


def _read(kind: type, value: Any) -> Any:
    values: dict[str, Any] = {}
    for part in parts(kind):
        inner = getattr(value, part.element, None)
        if part.many:
            values[part.field] = _many_from_zeep(part, inner)
        elif inner is not None:
            values[part.field] = _one_from_zeep(part, inner)
        elif not part.optional:
            values[part.field] = ""  # zeep reads an empty element as None
    return kind(**values)


def _many_from_zeep(part: Part, values: Any) -> tuple[Any, ...]:
    return tuple(_one_from_zeep(part, item) for item in values or ())


def _one_from_zeep(part: Part, value: Any) -> Any:
    if part.simple is None:
        return _read(part.type, value)
    if part.simple.xsd == "dateTime":
        return Instant(part.simple.parse(value.isoformat()))
    return part.simple.parse(value) if isinstance(value, str) else value


def _error_of(fault: Any) -> VofilesError:
    """The error that a fault's typed detail names."""
    (detail,) = fault.detail
    told = {child.tag.rpartition("}")[2]: child.text or "" for child in detail}
    return error_of(told["name"], told["message"], fault=detail.tag.rpartition("}")[2])
