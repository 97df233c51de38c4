"""`connect`: a home from an address and credentials, from the name of an account, or from the saved login.

Rule: makes no remote call; the one place where client parts are put together.
"""

from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from vofiles import directory, waiting
from vofiles.directory import Community, Directory
from vofiles.errors import InvalidArgument, NotAuthenticated
from vofiles.filemanager_port import FileManagerPort
from vofiles.filemanagers import Credentials, FileManagers, OwnHome
from vofiles.ivorn import Ivorn
from vofiles.parallel import MOST_CONNECTIONS
from vofiles.registry import AskedServices, FirstThatKnows, ListedServices
from vofiles.resolvers import (
    AccountResolver,
    AskedFileManager,
    ByCommunity,
    CommunityService,
    ListedHomes,
    find_account,
)
from vofiles.root import Connection
from vofiles.settings import Login, Settings
from vofiles.tokens import parse_address
from vofiles.tree import Home
from vofiles.waiting import Waiter
from vofiles.zeepcarrier import Auth


def connect(
    address: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    verify: bool | str = True,
    wait: Waiter = waiting.sleep,
    settings: Path | None = None,
    registry: Path | None = None,
) -> Home:
    """One's home on the FileManager at an address, as a user with a password or by a token.

    Without an address, a user `name@community` whose community is in the registry file has the home that the community
    tells. What is not given else is taken from the login that `vofiles login` saved (in the folder `settings`, or where
    that keeps it). `registry` is the registry file, `registry.toml` among the settings if not given
    (docs/resolution.md). `verify` is False or the file of the authorities to trust, as in requests; `wait` lets seconds
    pass between questions.
    Raises InvalidArgument, NotAuthenticated where there is neither a password, a token nor a saved login.
    """
    if (user is None) != (password is None):
        raise InvalidArgument("credentials", reason="give user and password together, or a token, or neither")
    given = (user, password) if user is not None and password is not None else token
    saved = Settings(settings)
    known = known_places(saved, registry)
    parts = _Parts(saved, known, verify=verify)
    account = find_account(user) if user is not None else None
    base = parse_address(address) if address is not None else parts.find_base(account)
    if base is None and account is not None and given is not None and parts.knows_community_of(account):
        filemanagers, resolver = parts.by_account(account, given)
    else:
        if base is None or given is None:
            login = _require_saved(saved, base)
            base, given = base or login.address, given or login.token
        filemanagers, resolver = parts.by_address(base, given)

    session = requests.Session()
    # Nothing from the environment: a .netrc must not add credentials to a transfer URL, which is a right of its own.
    session.trust_env = False
    session.verify = verify
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=MOST_CONNECTIONS))
    return Home(Connection(resolver, filemanagers, session, wait))


def find_address(user: str, settings: Path | None = None, *, verify: bool | str = True) -> str | None:
    """The base address of the FileManager where a user's home is, None where the registry file does not know the
    community of the user's name. Asks the community. Raises AccountNotFound, ServiceNotFound, ServiceUnreachable.
    """
    saved = Settings(settings)
    parts, account = _Parts(saved, known_places(saved, None), verify=verify), find_account(user)
    if account is None or not parts.knows_community_of(account):
        return None
    base = parts.find_base(account)
    if base is None:
        own = parts.own_home(account, None)
        base = own.address_of(own.get_own())
    return base


def known_places(settings: Settings, registry: Path | None) -> Directory:
    """What the registry file says; nothing where none is named and there is none among the settings. Raises
    InvalidArgument.
    """
    usual = settings.folder / directory.FILE
    if registry is None and not usual.exists():
        return Directory()
    return directory.load(registry or usual)


def _require_saved(settings: Settings, base: str | None) -> Login:
    saved = settings.find_login(base)
    if saved is None:
        asked = base or "ADDRESS"
        raise NotAuthenticated(reason=f"give a user and a password, or log in first: vofiles login {asked}")
    return saved


class _Parts:
    """The parts of a connection, and the two ways to put them together."""

    def __init__(self, settings: Settings, known: Directory, *, verify: bool | str) -> None:
        self._settings, self._verify = settings, verify
        self._listed = ListedServices(known.services)
        self._communities = {community.identifier: community for community in known.communities}
        self._credentials = Credentials(self._find_saved)

    def knows_community_of(self, account: Ivorn) -> bool:
        return Ivorn(account.authority) in self._communities

    def find_base(self, account: Ivorn | None) -> str | None:
        """The address of the one FileManager that has all homes of an account's community, if there is such a one.
        Raises ServiceNotFound.
        """
        community = self._communities.get(Ivorn(account.authority)) if account is not None else None
        if community is None or community.filemanager is None:
            return None
        return parse_address(self._listed.get_service(community.filemanager).address)

    def by_address(self, base: str, auth: Auth) -> tuple[FileManagers, AccountResolver]:
        """The FileManager at an address knows its own caller, and what the registry file does not."""
        first = self._open(base, auth)
        self._credentials.give(base, auth)
        registry = FirstThatKnows([self._listed, AskedServices(lambda: first)])
        filemanagers = FileManagers(registry, self._credentials, self._open, first)
        return filemanagers, self._resolver(filemanagers, AskedFileManager(lambda: first))

    def by_account(self, account: Ivorn, auth: Auth) -> tuple[FileManagers, AccountResolver]:
        """The community knows where the caller's home is; the FileManager there, what the registry file does not."""

        def at_home() -> FileManagerPort:
            return filemanagers.get_filemanager(own.get_own().service)

        registry = FirstThatKnows([self._listed, AskedServices(at_home)])
        filemanagers = FileManagers(registry, self._credentials, self._open)
        own = self.own_home(account, auth, self._resolver(filemanagers, AskedFileManager(at_home)))
        return filemanagers, own

    def own_home(self, account: Ivorn, auth: Auth, resolver: AccountResolver | None = None) -> OwnHome:
        """The home of an account of a community with a resolver or a list; only the registry file says where it is."""
        if resolver is None:
            resolver = self._resolver_of(self._communities[Ivorn(account.authority)], None)
        return OwnHome(account, auth, resolver, self._listed, self._credentials)

    def _resolver(self, filemanagers: FileManagers, otherwise: AccountResolver) -> AccountResolver:
        known = {name: self._resolver_of(each, filemanagers) for name, each in self._communities.items()}
        return ByCommunity(known, otherwise)

    def _resolver_of(self, community: Community, filemanagers: FileManagers | None) -> AccountResolver:
        if community.resolver is not None:
            return CommunityService(community.resolver, verify=self._verify)
        service = community.filemanager
        if service is not None and filemanagers is not None:
            return AskedFileManager(lambda: filemanagers.get_filemanager(service))
        return ListedHomes(community.homes)

    def _find_saved(self, base: str) -> Auth:
        saved = self._settings.find_login(base)
        return saved.token if saved is not None else None

    def _open(self, base: str, auth: Auth) -> FileManagerPort:
        return FileManagerPort(f"{base}/filemanager", auth=auth, verify=self._verify)
