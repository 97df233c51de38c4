"""Where services are: from a service's identifier to the URL of its SOAP service.

    account -> AccountResolver -> home's node identifier -> Registry -> FileManager

Rule: a registry says where a service is and nothing of what may be sent there; it is asked by identifier, and no
address comes from anywhere else.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from vofiles.contract import GetServices, Service
from vofiles.errors import ServiceNotFound
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn


class Registry(Protocol):
    """Knows services by their identifiers."""

    def get_service(self, identifier: Ivorn) -> Service:
        """A service and where it is. Raises ServiceNotFound."""


class ListedServices:
    """The registry of what is written down: a registry file, or a server's configuration."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = {service.identifier: service for service in services}

    def get_service(self, identifier: Ivorn) -> Service:
        if identifier not in self._services:
            raise ServiceNotFound(identifier, reason="it is not in the registry file")
        return self._services[identifier]


class AskedServices:
    """The registry that asks one FileManager for the services it knows; `port` is looked up when it is needed."""

    def __init__(self, port: Callable[[], FileManagerPort]) -> None:
        self._port = port

    def get_service(self, identifier: Ivorn) -> Service:
        port = self._port()
        for service in port.get_services(GetServices(identifier)).services:
            if service.identifier == identifier:
                return service
        raise ServiceNotFound(identifier, reason=f"{port.address} does not know it")


class FirstThatKnows:
    """Several registries as one: the first that knows a service is believed."""

    def __init__(self, registries: Iterable[Registry]) -> None:
        self._registries = tuple(registries)

    def get_service(self, identifier: Ivorn) -> Service:
        failure = ServiceNotFound(identifier, reason="there is no registry to ask")
        for registry in self._registries:
            try:
                return registry.get_service(identifier)
            except ServiceNotFound as error:
                failure = error
        raise failure
