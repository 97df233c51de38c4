"""A FileManager and its file stores, real ones, served over loopback by this process's reactor.

    with running_services(tmp_path) as services:
        dave = services.add_account("dave")
        services.port(dave).add_node(…)

Everything goes over sockets; only the processes are missing (`tests.support.journey` has those), and a password's hash
is not made to take a tenth of a second.
"""

import contextlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from filemanager.assembly import FileManager, Office
from filemanager.config import load as load_manager
from filestore.assembly import FileStore
from filestore.config import load as load_store
from tests.support.serving import await_reactor, on_reactor, running_reactor
from vofiles.contract import GetAccount
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving.http import AccessRecord
from vofiles.serving.listening import bind

MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
COMMUNITY = Ivorn.parse("ivo://ast.cam.ac.uk")
STORES = (Ivorn.parse("ivo://ast.cam.ac.uk/filestore"), Ivorn.parse("ivo://star.le.ac.uk/filestore"))
QUICK_HASHES = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class User:
    """Somebody with an account."""

    name: str
    password: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.name, self.password


@dataclass
class RunningServices:
    """What is served."""

    folder: Path
    manager: FileManager
    stores: dict[Ivorn, FileStore]
    accesses: list[AccessRecord] = field(default_factory=list)
    _ports: list[FileManagerPort] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The FileManager's SOAP address."""
        return f"{self.manager.address}/filemanager"

    def add_account(self, name: str, *, administrator: bool = False) -> User:
        """An account made as an operator does."""
        user = User(name, f"{name}'s secret")
        with contextlib.closing(Office(load_manager(self.folder / "filemanager.toml"))) as office:
            office.add_account(name, None, "PERSON", user.password, administrator=administrator)
        return user

    def port(self, user: User) -> FileManagerPort:
        """The FileManager as somebody's programs call it."""
        port = FileManagerPort(self.address, auth=user.auth)
        self._ports.append(port)
        return port

    def home(self, user: User) -> LongIdentifier:
        """Somebody's root."""
        return LongIdentifier(self.port(user).get_account(GetAccount()).account.home)

    def stop_store(self, store: Ivorn) -> None:
        """Have a store answer nobody any more."""
        await_reactor(lambda: self.stores[store].stop(0.0))

    def close(self) -> None:
        """Give the connections back."""
        for port in self._ports:
            port.close()


@contextmanager
def running_services(
    folder: Path,
    *sections: str,
    stores: tuple[Ivorn, ...] = STORES,
    outbound: tuple[str, ...] = (),
    first: tuple[str, ...] = (),
    manager: Ivorn = MANAGER,
    community: Ivorn = COMMUNITY,
) -> Iterator[RunningServices]:
    """A FileManager with stores while the block runs; `sections` are added to its configuration, `outbound` to the
    stores' section of that name, and `first` to the first store's configuration alone.
    """
    listeners = {name: bind("127.0.0.1", 0) for name in (manager, *stores)}
    bases = {name: f"http://127.0.0.1:{listener.getsockname()[1]}" for name, listener in listeners.items()}
    accesses: list[AccessRecord] = []
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("filemanager.remote.machine.PasswordHasher", QUICK_HASHES)
        started: dict[Ivorn, FileStore] = {}
        for number, name in enumerate(stores):
            settings = load_store(
                _write_store(folder, number, name, bases, manager, outbound if number else (*outbound, *first))
            )
            store = started[name] = FileStore(settings, listeners[name], running_reactor(), accesses.append)
            stack.callback(await_reactor, lambda store=store: store.stop(0.0))
            store.prepare()
            on_reactor(store.start)
        lines = [f'identifier = "{manager}"', f'communities = ["{community}"]', 'database = "sqlite:///filemanager.db"']
        path = _write_manager(folder, lines, stores, bases, (f'[listen]\naddress = "{bases[manager]}"', *sections))
        served = FileManager(load_manager(path), listeners[manager], running_reactor(), accesses.append)
        stack.callback(await_reactor, lambda: served.stop(0.0))
        served.prepare()
        on_reactor(served.start)
        services = RunningServices(folder, served, started, accesses)
        stack.callback(services.close)
        yield services


def _secret(store: Ivorn) -> str:
    return urlsafe_b64encode(sha256(str(store).encode()).digest()).decode("ascii")


def _write(path: Path, lines: list[str]) -> Path:
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    return path


def _write_store(
    folder: Path, number: int, name: Ivorn, bases: dict[Ivorn, str], manager: Ivorn, outbound: tuple[str, ...]
) -> Path:
    lines = [
        f'identifier = "{name}"',
        f'data = "store-{number}"',
        f'[listen]\naddress = "{bases[name]}"',
        '[outbound]\nallow = ["127.0.0.1/32"]',
        *outbound,
        f'[[managers]]\nidentifier = "{manager}"\naddress = "{bases[manager]}/callback"',
        f'keys = [{{id = "{name}-1", secret = "{_secret(name)}"}}]',
    ]
    return _write(folder / f"filestore-{number}.toml", lines)


def _write_manager(
    folder: Path, lines: list[str], stores: tuple[Ivorn, ...], bases: dict[Ivorn, str], sections: tuple[str, ...]
) -> Path:
    entries = [
        f'[[stores]]\nidentifier = "{name}"\naddress = "{bases[name]}/filestore"\n'
        f'keys = [{{id = "{name}-1", secret = "{_secret(name)}"}}]'
        for name in stores
    ]
    return _write(folder / "filemanager.toml", [*lines, *sections, *entries])
