"""The FileManagers that one person uses: found by their identifiers, each called with the credentials given for it.

Rule: a credential goes to the address that its owner gave it for, and nowhere else, whatever a registry or another
service says; and what answers there is believed only when it says that it is the service asked for (`getIdentifier`).
"""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock, RLock

from vofiles.contract import GetIdentifier
from vofiles.errors import NotAuthenticated, ServiceNotFound, Unreachable, VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.registry import Registry
from vofiles.resolvers import AccountResolver
from vofiles.tokens import parse_address
from vofiles.zeepcarrier import Auth

OpenPort = Callable[[str, Auth], FileManagerPort]
"""Makes the port of a base address; makes no remote call."""


class Credentials:
    """What proves who a person is, by the base address that it is good for."""

    def __init__(self, saved: Callable[[str], Auth]) -> None:
        """`saved` finds what was kept for an address, or None."""
        self._saved = saved
        self._given: dict[str, Auth] = {}

    def give(self, base: str, auth: Auth) -> None:
        """Let `auth` go to an address, and only there."""
        self._given[base] = auth

    def get(self, base: str) -> Auth:
        """What may go to an address. Raises NotAuthenticated where there is nothing."""
        found = self._given.get(base) or self._saved(base)
        if found is None:
            raise NotAuthenticated(reason=f"log in there first: vofiles login {base}")
        return found


class FileManagers:
    """Ports by the identifiers of their services."""

    def __init__(
        self, registry: Registry, credentials: Credentials, open_port: OpenPort, first: FileManagerPort | None = None
    ) -> None:
        """`first` is a FileManager whose address was given by hand; who it is, it is asked itself."""
        self._registry, self._credentials, self._open = registry, credentials, open_port
        self._first = first
        self._ports: dict[Ivorn, FileManagerPort] = {}
        self._lock = Lock()

    def get_filemanager(self, service: Ivorn) -> FileManagerPort:
        """The port to a FileManager.

        Raises ServiceNotFound, NotAuthenticated where no credentials were given for its address, and what it answers.
        """
        # One that does not answer is in nobody's way whom the registry knows without it.
        with suppress(Unreachable, NotAuthenticated):
            self._meet_first()
        with self._lock:
            known = self._ports.get(service)
        if known is not None:
            return known
        # Outside the lock: one that is slow to answer delays nobody who uses another.
        found = self._find(service)
        with self._lock:
            return self._ports.setdefault(service, found)

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            ports = [*self._ports.values(), *([self._first] if self._first is not None else [])]
        for port in ports:
            port.close()

    def _meet_first(self) -> None:
        first = self._first
        if first is not None:
            identifier = first.get_identifier(GetIdentifier()).identifier
            with self._lock:
                self._ports[identifier] = first
                # Only now: one that did not answer is asked again the next time.
                self._first = None

    def _find(self, service: Ivorn) -> FileManagerPort:
        base = parse_address(self._registry.get_service(service).address)
        port = self._open(base, self._credentials.get(base))
        try:
            told = port.get_identifier(GetIdentifier()).identifier
            if told != service:
                raise ServiceNotFound(service, reason=f"the registry says that it is at {base}, where {told} answers")
        except VofilesError:
            port.close()
            raise
        return port


class OwnHome:
    """The resolver of a person who has said who they are, not where: their account's home tells the FileManager that
    their credentials are for.
    """

    def __init__(
        self, account: Ivorn, auth: Auth, resolver: AccountResolver, registry: Registry, credentials: Credentials
    ) -> None:
        self._account, self._auth, self._resolver = account, auth, resolver
        self._registry, self._credentials = registry, credentials
        self._home: NodeIdentifier | None = None
        self._lock = RLock()

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        # One's own comes first, whoever is meant: from then on the credentials have their place.
        own = self.get_own()
        return own if account in {None, self._account} else self._resolver.get_home(account)

    def get_own(self) -> NodeIdentifier:
        """The person's own home. Raises AccountNotFound, ServiceNotFound, ServiceUnreachable."""
        with self._lock:
            if self._home is None:
                home = self._resolver.get_home(self._account)
                self._credentials.give(self.address_of(home), self._auth)
                self._home = home
            return self._home

    def address_of(self, home: NodeIdentifier) -> str:
        """The base address of the FileManager that keeps a home. Raises ServiceNotFound."""
        return parse_address(self._registry.get_service(home.service).address)
