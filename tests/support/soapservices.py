"""The three port types served for real on loopback, each function answering what the test put there.

with running_services() as services:
    services.plan("FileManager", "getNode", answer)      # or an error, or a function of (caller, request)
    services.address("FileManager")
    services.asked[-1]                                    # (caller, request) of the last call
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.serving import Served, running_site
from vofiles import contract
from vofiles.errors import NotAuthenticated
from vofiles.serving.http import Request
from vofiles.serving.soap import SoapService

PORTS = {
    "FileManager": ("/filemanager", "filemanager-1.wsdl", contract.FILEMANAGER_NAMESPACE, contract.FILEMANAGER),
    "FileManagerCallback": (
        "/callback",
        "filemanager-callback-1.wsdl",
        contract.FILEMANAGER_NAMESPACE,
        contract.CALLBACK,
    ),
    "FileStore": ("/filestore", "filestore-1.wsdl", contract.FILESTORE_NAMESPACE, contract.FILESTORE),
}


def identify(request: Request) -> str:
    """Whoever has an Authorization header is its value."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        raise NotAuthenticated
    return authorization


@dataclass
class Services:
    """What is being served."""

    plans: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[tuple[Any, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    served: Served | None = None

    def plan(self, port: str, operation: str, outcome: Any) -> None:
        """What the operation answers from now on: a value, an error to raise, or a function of (caller, request)."""
        self.plans[port, operation] = outcome

    def address(self, port: str) -> str:
        assert self.served is not None
        return self.served.url + PORTS[port][0]

    def soap_service(self, port: str, addresses: dict[str, str] | None = None) -> SoapService:
        _, wsdl, namespace, operations = PORTS[port]
        functions = {operation.name: self._function(port, operation.name) for operation in operations}
        return SoapService(operations, namespace, wsdl, addresses or {}, functions, self._identify)

    def _identify(self, request: Request) -> str:
        self.requests.append(request)
        return identify(request)

    def _function(self, port: str, operation: str) -> Callable[[Any, Any], Any]:
        def function(caller: Any, request: Any) -> Any:
            self.asked.append((caller, request))
            outcome = self.plans[port, operation]
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome(caller, request) if callable(outcome) else outcome

        return function


@contextmanager
def running_services() -> Iterator[Services]:
    """Serve all port types on a free port while the block runs."""
    services = Services()
    addresses = {port: f"https://public.example{path}" for port, (path, *_) in PORTS.items()}
    routes = [services.soap_service(port, addresses).route(path) for port, (path, *_) in PORTS.items()]
    with running_site(routes) as served:
        services.served = served
        yield services
