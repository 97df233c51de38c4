"""Where services are and where accounts live: from what people type to a service's address.

    account -> AccountResolver -> home's node identifier -> Registry -> FileManager

Rule: the only module that turns an identifier into an address; an address is believed only when what answers there says
that it is the service asked for (`getIdentifier`).
"""

from collections.abc import Iterable
from typing import Protocol

from vofiles.contract import GetAccount, GetIdentifier
from vofiles.errors import ServiceNotFound
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, NodeIdentifier


class AccountResolver(Protocol):
    """Knows where accounts have their homes."""

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        """The home of an account; of the caller's own without one. Raises AccountNotFound."""


class Registry(Protocol):
    """Knows FileManagers by their identifiers."""

    def get_filemanager(self, service: Ivorn) -> FileManagerPort:
        """The port to a FileManager. Raises ServiceNotFound."""


class KnownFileManagers:
    """The registry of those FileManagers that we were given the addresses of."""

    def __init__(self, ports: Iterable[FileManagerPort]) -> None:
        self._unchecked = list(ports)
        self._ports: dict[Ivorn, FileManagerPort] = {}

    def get_filemanager(self, service: Ivorn) -> FileManagerPort:
        while service not in self._ports and self._unchecked:
            port = self._unchecked[0]
            self._ports[port.get_identifier(GetIdentifier()).identifier] = port
            # Only now: one that did not answer is asked again the next time.
            del self._unchecked[0]
        if service not in self._ports:
            raise ServiceNotFound(service, reason="give the address of the FileManager where this home is")
        return self._ports[service]


class AskedFileManager:
    """The account resolver that asks one FileManager."""

    def __init__(self, port: FileManagerPort) -> None:
        self._port = port

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        return self._port.get_account(GetAccount(account)).account.home
