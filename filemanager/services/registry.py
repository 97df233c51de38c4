"""The registry as callers ask for it: which services there are, and where.

Rule: tells what the operator has written down and nothing else; no caller can add to it, and no address here comes from
a request.
"""

from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.caller import Caller
from vofiles.contract import GetServices, Service, ServiceKind


@dataclass(frozen=True)
class RegistryService:
    """The use case of resolving services."""

    config: Config

    def get_services(self, caller: Caller, request: GetServices, address: str) -> tuple[Service, ...]:
        """This service, announced at `address`, its stores and the others of the configuration; of one identifier that
        one alone, or none. Any caller may ask.
        """
        del caller
        known = (
            Service(self.config.identifier, ServiceKind.FILEMANAGER, address),
            *(Service(entry.identifier, entry.kind, entry.address) for entry in self.config.services),
            *(Service(entry.identifier, ServiceKind.FILESTORE, entry.address) for entry in self.config.stores),
        )
        return tuple(service for service in known if request.identifier in {None, service.identifier})
