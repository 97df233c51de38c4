"""`connect`: a home from an address and credentials, or from the saved login.

Rule: makes no remote call; the one place where client parts are put together.
"""

from pathlib import Path

import requests

from vofiles import waiting
from vofiles.errors import InvalidArgument, NotAuthenticated
from vofiles.filemanager_port import FileManagerPort
from vofiles.registry import AskedFileManager, KnownFileManagers
from vofiles.root import Connection
from vofiles.settings import Login, Settings
from vofiles.tokens import parse_address
from vofiles.tree import Home
from vofiles.waiting import Waiter


def connect(
    address: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    verify: bool | str = True,
    wait: Waiter = waiting.sleep,
    settings: Path | None = None,
) -> Home:
    """One's home on the FileManager at an address, as a user with a password or by a token.

    What is not given is taken from the login that `vofiles login` saved (in the folder `settings`, or where that keeps
    it). `verify` is False or the file of the authorities to trust, as in requests; `wait` lets seconds pass between
    questions.
    Raises InvalidArgument, NotAuthenticated where there is neither a password, a token nor a saved login.
    """
    if (user is None) != (password is None):
        raise InvalidArgument("credentials", reason="give user and password together, or a token, or neither")
    given = (user, password) if user is not None and password is not None else token
    base = parse_address(address) if address is not None else None
    if base is None or given is None:
        saved = _require_saved(Settings(settings), base)
        base, given = base or saved.address, given or saved.token

    session = requests.Session()
    # Nothing from the environment: a .netrc must not add credentials to a transfer URL, which is a right of its own.
    session.trust_env = False
    session.verify = verify
    default = FileManagerPort(f"{base}/filemanager", auth=given, verify=verify)
    registry = KnownFileManagers([default])
    return Home(Connection(AskedFileManager(default), registry, session, wait))


def _require_saved(settings: Settings, base: str | None) -> Login:
    saved = settings.find_login()
    if saved is None or (base is not None and saved.address != base):
        asked = base or "ADDRESS"
        raise NotAuthenticated(reason=f"give a user and a password, or log in first: vofiles login {asked}")
    return saved
