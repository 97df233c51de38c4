"""What `vofiles up` keeps in its folder: who its services are, their ports, keys and configuration files.

    filemanager.toml  filestore-1.toml  filestore-2.toml    as an operator would write them
    deployment.json   password   logs/                      ports and keys; the first account's password; logs

Rule: everything that a second start needs is here, written whole or not at all, and readable by its owner only. Secrets
are made once; addresses follow the ports.
"""

import errno
import fcntl
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final

COMMUNITY: Final = "vofiles.local"
ACCOUNT: Final = "dave"
MANAGER: Final = "filemanager"
STORES: Final = ("filestore-1", "filestore-2")
DATABASE: Final = "filemanager.db"
LOOPBACK: Final = "127.0.0.1"
FIRST_CHOICE: Final = 8080
"""The FileManager's port, where it is free."""


class FolderTaken(OSError):
    """Another `vofiles up` runs on the folder."""


class FolderSpoilt(OSError):
    """A file in the folder is not what `vofiles up` wrote."""


def identifier(service: str) -> str:
    """The IVORN of one of the services."""
    return f"ivo://{COMMUNITY}/{service}"


@dataclass
class Kept:
    """What a second start needs."""

    ports: dict[str, int] = field(default_factory=dict)
    """Of each service when it last ran."""
    keys: dict[str, str] = field(default_factory=dict)
    """The secret that each store shares with the FileManager."""
    password: str = ""


class Deployment:
    """The folder of one deployment, and its services' sockets while it runs."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; make it if it is not there. Raises FolderTaken, FolderSpoilt, OSError."""
        self.folder = folder.absolute()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(self.folder / "lock")
        try:
            self._kept = _load(self.folder / "deployment.json")
        except OSError:
            self._lock.close()
            raise
        self.listeners: dict[str, socket.socket] = {}

    @property
    def lock(self) -> int:
        """The descriptor of the folder's lock: the folder is taken while any process has it."""
        return self._lock.fileno()

    @property
    def password(self) -> str:
        """The first account's."""
        return self._kept.password

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    @property
    def has_database(self) -> bool:
        """Whether the FileManager has run here before."""
        return (self.folder / DATABASE).exists()

    def settings(self, service: str) -> Path:
        """A service's configuration file."""
        return self.folder / f"{service}.toml"

    def log(self, service: str) -> Path:
        """Where a service's log goes."""
        return self.folder / "logs" / f"{service}.log"

    def address(self, service: str) -> str:
        """A service's base URL."""
        return f"http://{LOOPBACK}:{self._kept.ports[service]}"

    def open(self, port: int | None) -> None:
        """Bind the sockets (where they were before, if that is free) and write what the services are to read.

        `port` is the FileManager's, whatever it was before; 0 any free one. Raises OSError where it is taken.
        """
        before = dict(self._kept.ports)
        for service in (MANAGER, *STORES):
            wanted = before.get(service, FIRST_CHOICE if service == MANAGER else 0)
            listener = _bind_or_say(port) if service == MANAGER and port is not None else _bind_or_any(wanted)
            self.listeners[service] = listener
            self._kept.ports[service] = listener.getsockname()[1]
        for store in STORES:
            self._kept.keys.setdefault(store, secrets.token_urlsafe(32))
        self._kept.password = self._kept.password or secrets.token_urlsafe(12)
        self._save(self.folder / "deployment.json", json.dumps(asdict(self._kept), indent=1) + "\n")
        self._save(self.password_file, self._kept.password + "\n")
        if self._kept.ports != before or not all(self.settings(name).exists() for name in (MANAGER, *STORES)):
            self._save(self.settings(MANAGER), self._manager_settings())
            for store in STORES:
                self._save(self.settings(store), self._store_settings(store))
        (self.folder / "logs").mkdir(mode=0o700, exist_ok=True)

    def close_listeners(self) -> None:
        """Let go of the sockets: the services have them now, and a dead one must not seem to listen."""
        for listener in self.listeners.values():
            listener.close()
        self.listeners.clear()

    def close(self) -> None:
        """Let go of the folder."""
        self.close_listeners()
        self._lock.close()

    def _manager_settings(self) -> str:
        stores = "".join(
            f'\n[[stores]]\nidentifier = "{identifier(store)}"\naddress = "{self.address(store)}/filestore"\n'
            f'keys = [{{ id = "{store}", secret = "{self._kept.keys[store]}" }}]\n'
            for store in STORES
        )
        return (
            f'identifier = "{identifier(MANAGER)}"\ncommunities = ["ivo://{COMMUNITY}"]\n'
            f'database = "sqlite:///{DATABASE}"\ndefault_store = "{identifier(STORES[0])}"\n\n'
            f'[listen]\nport = {self._kept.ports[MANAGER]}\naddress = "{self.address(MANAGER)}"\n{stores}'
        )

    def _store_settings(self, store: str) -> str:
        return (
            f'identifier = "{identifier(store)}"\ndata = "{store}"\n\n'
            f'[listen]\nport = {self._kept.ports[store]}\naddress = "{self.address(store)}"\n\n'
            "# importData and exportData reach this machine's own servers, which a store elsewhere had better not.\n"
            f'[outbound]\nallow = ["{LOOPBACK}/32"]\nstores = ["{LOOPBACK}/32"]\n\n'
            f'[[managers]]\nidentifier = "{identifier(MANAGER)}"\naddress = "{self.address(MANAGER)}/callback"\n'
            f'keys = [{{ id = "{store}", secret = "{self._kept.keys[store]}" }}]\n'
        )

    def _save(self, path: Path, text: str) -> None:
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)


def _load(path: Path) -> Kept:
    if not path.exists():
        return Kept()
    try:
        return Kept(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        reason = f"not what vofiles up keeps there ({error}); put a copy back, or start in another folder"
        raise FolderSpoilt(errno.EINVAL, reason, str(path)) from error


def _lock(path: Path) -> IO[str]:
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise FolderTaken(error.errno, "another vofiles up runs on this folder", str(path.parent)) from error
    return file


def _bind(port: int) -> socket.socket:
    return socket.create_server((LOOPBACK, port), backlog=1024)


def _bind_or_say(port: int) -> socket.socket:
    try:
        return _bind(port)
    except OSError as error:
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        number = error.errno or errno.EADDRINUSE
        raise OSError(number, f"port {port} of {LOOPBACK} {reason}: give another one with --port") from error


def _bind_or_any(port: int) -> socket.socket:
    try:
        return _bind(port)
    except OSError:
        return _bind(0)
