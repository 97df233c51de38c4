"""One port type of a published contract as a handler of our HTTP engine.

    engine → entrance (who is it? a harmless envelope?) → `dispatch`: published schema, decoding
           → a function of the API → `replies`; whatever is raised on the way becomes a fault

What can be answered without waiting for anything is answered at once (`atonce`), by the same steps.
How a contract is spoken is its `language`'s.

Rule: nothing leaves here but an answer of the contract or a fault of `faults`; an error that is not ours is logged with
an id, and the id is all that the caller learns of it.
"""

import contextvars
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars

from vofiles.contract import Operation
from vofiles.errors import Incomplete, InvalidMessage, ServiceBusy, TooLarge, Unexpected, VofilesError
from vofiles.faults import row_of
from vofiles.serving import xmlgate
from vofiles.serving.atonce import LONGEST_BODY, AtOnce, WouldWait, would_wait
from vofiles.serving.dispatch import Dispatcher
from vofiles.serving.entrance import BySecurity, Entrance, Identify
from vofiles.serving.http import Control, Later, Request, Response, Route
from vofiles.serving.language import Language, Native
from vofiles.serving.page import Page, read_port
from vofiles.serving.wsdl import Published
from vofiles.serving.wsse import SecurityFault

Caller = TypeVar("Caller")

PASSWORD_OR_TOKEN: Final = ('Basic realm="vofiles", charset="UTF-8"', 'Bearer realm="vofiles"')
"""The WWW-Authenticate challenges of a service for people and their programs."""

RETRY_AFTER: Final = 2
"""Seconds after which a caller who found the service busy may try again."""

_XML: Final = ("Content-Type", "text/xml; charset=utf-8")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parked:
    """An answer that waits for something without holding a thread; see `vofiles.serving.http.Later`.

    `finish` gives the answer of the contract (or parks once more) and may raise what the function itself might.
    """

    subscribe: Callable[[Callable[[], None]], Callable[[], None]]
    timeout: float
    """Seconds."""
    finish: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """From a request to a function."""

    entrance: Entrance[Any]
    functions: Mapping[str, Callable[[Any, Any], Any]]


class SoapService:
    """The handler of one path. Raises ValueError where functions and contract do not fit.

    `functions` has for each operation `(caller, request) -> answer | Parked`, in the values of `contract`. `identify`
    says whose an HTTP request is, or raises NotAuthenticated; `by_security` says it by the WS-Security header, which
    without it nobody here understands. `addresses` has the announced URL of each port of the contract, by its name:
    FileManager, FileManagerCallback, FileStore. `identifier` is the service's, for its page. `language` is how the
    contract is spoken, where it is not one of ours. `at_once` is what is tried on the reactor before anything else.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        namespace: str,
        wsdl_name: str,
        addresses: Mapping[str, str],
        functions: Mapping[str, Callable[[Caller, Any], Any]],
        identify: Identify[Caller],
        *,
        by_security: BySecurity[Caller] | None = None,
        identifier: str = "",
        challenges: tuple[str, ...] = PASSWORD_OR_TOKEN,
        language: Language | None = None,
        at_once: AtOnce[Caller] | None = None,
    ) -> None:
        self._operations = {operation.name: operation for operation in operations}
        if functions.keys() != self._operations.keys():
            strangers = sorted(functions.keys() ^ self._operations.keys())
            raise ValueError(f"functions and operations differ in {', '.join(strangers)}")
        self._language: Language = language or Native(namespace)
        published = Published(wsdl_name, self._language.judged_by)
        if published.namespace != namespace:
            raise ValueError(f"{wsdl_name} has the namespace {published.namespace}, not {namespace}")
        self.port = published.get_port(frozenset(self._operations))
        """The name of the port type that is served."""
        self._actions = published.actions(self.port)
        self._wsdl = published.with_addresses(addresses)
        ways = *(challenge.partition(" ")[0] for challenge in challenges), *(["UsernameToken"] if by_security else [])
        self._page = Page(read_port(self._wsdl, self.port), identifier, ways)
        self._dispatcher = Dispatcher(published, self.port, self._operations.values(), self._language)
        self._way = _Way(Entrance(identify, by_security), functions)
        self._at_once, self._tried = None, None
        if at_once is not None:
            self._at_once = _Way(Entrance(at_once.identify, would_wait if by_security else None), at_once.functions)
            self._tried = re.compile(rb"[<:](?:%s)[\s/>]" % b"|".join(name.encode() for name in at_once.functions))
        self._challenges = challenges

    def route(self, path: str) -> Route:
        """The route that serves this at a path."""
        at_once = self.answer_at_once if self._at_once is not None else None
        serve = Control(self, xmlgate.MAX_BODY, self.refuse, at_once)
        return Route(path, frozenset({"GET", "POST"}), serve)

    def __call__(self, request: Request) -> Response | Later:
        """The answer to a request: POST calls an operation, GET reads the contract with `?wsdl`, else a page."""
        # The operation is filled in when it is known, and forgotten with the rest: the thread serves others next.
        with bound_contextvars(request_id=request.request_id, operation=""):
            return self._perform(request, self._way) if request.method == "POST" else self._show(request)

    def answer_at_once(self, request: Request) -> Response | None:
        """The same answer, where nothing has to be waited for; else None, and nothing has been done."""
        assert self._at_once is not None
        assert self._tried is not None
        # Who says nothing of himself in the head may say it in the envelope: by a password, which takes its time.
        is_tried = len(request.body) <= LONGEST_BODY and "authorization" in request.headers
        if not is_tried or request.method != "POST" or not self._tried.search(request.body):
            return None
        try:
            with bound_contextvars(request_id=request.request_id, operation=""):
                answer = self._perform(request, self._at_once)
        except WouldWait:
            return None
        return answer if isinstance(answer, Response) else None

    def refuse(self, _request: Request, status: int, message: str) -> Response:
        """The fault that says what the engine itself refuses."""
        kinds = {408: Incomplete("the request", reason=message), 503: ServiceBusy(reason=message)}
        if status in kinds:
            return self._fault(kinds[status], status=status)
        if status == 413:
            return self._fault(TooLarge("the request", reason=message))
        if status < 500:
            return self._fault(InvalidMessage("the request", reason=message), status=status)
        return self._fault(Unexpected(reason=message), status=status)

    def _show(self, request: Request) -> Response:
        if request.query.lower() == "wsdl":
            return Response(200, (_XML,), self._wsdl)
        return self._page.answer(request)

    def _perform(self, request: Request, way: "_Way") -> Response | Later:
        operation: Operation | None = None
        try:
            caller, message = way.entrance.admit(request)
            operation = self._operation_of(message)
            bind_contextvars(operation=operation.name)
            act = partial(way.functions.get(operation.name, would_wait), caller)
            return self._respond(operation, message.namespace, self._dispatcher.perform(message.xml, act))
        except Exception as error:  # noqa: BLE001 - the catch-all: every request gets a well-formed answer
            return self._failed(operation, error)

    def _operation_of(self, message: xmlgate.Message) -> Operation:
        operation = self._operations.get(message.name) if message.namespace in self._language.namespaces else None
        if operation is None:
            called = ascii(f"{{{message.namespace[:80]}}}{message.name[:80]}")
            raise InvalidMessage("operation", reason=f"{self.port} has no operation {called}; see ?wsdl")
        self._language.require_action(operation, message.action, self._actions)
        return operation

    def _respond(self, operation: Operation, namespace: str, outcome: Any) -> Response | Later:
        if isinstance(outcome, Parked):
            # What is logged when the answer is finished belongs to this request too.
            finish = partial(contextvars.copy_context().run, self._finish, operation, namespace, outcome)
            return Later(outcome.subscribe, outcome.timeout, finish)
        if not isinstance(outcome, operation.answer):
            raise TypeError(f"{operation.name} gave {type(outcome).__name__}, not {operation.answer.__name__}")
        body = self._language.answer(namespace, operation, outcome)
        return Response(200, (_XML,), body, operation=operation.name)

    def _finish(self, operation: Operation, namespace: str, parked: Parked) -> Response | Later:
        try:
            return self._respond(operation, namespace, parked.finish())
        except Exception as error:  # noqa: BLE001 - as in _perform
            return self._failed(operation, error)

    def _failed(self, operation: Operation | None, error: Exception) -> Response:
        if isinstance(error, xmlgate.VersionMismatch):
            return self._fault(error, code="VersionMismatch", detail=False, upgrade=True)
        if isinstance(error, xmlgate.MustUnderstand):
            return self._fault(error, code="MustUnderstand", detail=False)
        if isinstance(error, SecurityFault):
            # Not 401: HTTP was not asked to authenticate, and clients that hear it hide the fault.
            _log.info("fault", name=error.name, reason=error.message)
            return self._fault(error, code=error.code, status=500)
        if not isinstance(error, VofilesError):
            number = secrets.token_hex(6)
            _log.error("failure", number=number, exc_info=error)
            return self._fault(Unexpected(number), operation)
        fault = self._language.fault_of(operation, error)
        if operation is not None and fault not in operation.faults:
            _log.warning("undeclared fault", fault=fault, name=error.name)
        else:
            _log.info("fault", name=error.name, reason=error.message)
        return self._fault(error, operation)

    def _fault(
        self, error: VofilesError, operation: Operation | None = None, *, status: int = 0, **told: Any
    ) -> Response:
        # WS-I BP 1.1, R1126: a fault is a 500; a 401 or 503 says in HTTP, too, what clients of HTTP act upon.
        known = row_of(error).status
        status = status or (known if known in {401, 503} else 500)
        body = self._language.fault(operation, error, **told)
        name = operation.name if operation is not None else ""
        return Response(status, (_XML, *self._challenge(status)), body, operation=name)

    def _challenge(self, status: int) -> tuple[tuple[str, str], ...]:
        if status == 401:
            return tuple(("WWW-Authenticate", challenge) for challenge in self._challenges)
        return (("Retry-After", str(RETRY_AFTER)),) if status == 503 else ()
