"""Ours: a FileManager and two FileStores as processes of their own, with an account, as an operator would set them up.

Rule: only the services' command lines and configuration files are used, so that what is measured is what people run.
"""

import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.jobs import Service
from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.wire import Wire, value

AUTHORITY = "bench.example"
MANAGER = f"ivo://{AUTHORITY}/filemanager"
STORES = ("first", "second")
"""The stores that there are by default."""


@dataclass(frozen=True)
class Certificate:
    """PEM files of a certificate that is its own authority, and of its key."""

    chain: Path
    key: Path


@dataclass(frozen=True)
class Deployment:
    """Running services."""

    service: Service
    pids: tuple[int, ...]
    """The FileManager's, then the stores'."""
    stores: Mapping[str, int]
    """The port of each store, by its name."""

    def pid_of(self, store: str) -> int:
        """The process of one store."""
        return self.pids[1 + list(self.stores).index(store)]


@contextmanager
def serving(
    directory: Path, wanted: Mapping[str, str] | None = None, secure: Certificate | None = None
) -> Iterator[Deployment]:
    """All of them, over folders in `directory`: a FileManager, and stores by their names with what their configuration
    says besides. With a certificate the stores speak TLS.
    """
    wanted = wanted or dict.fromkeys(STORES, "")
    directory.mkdir()
    port = free_port()
    stores = {name: free_port() for name in wanted}
    keys = {name: secrets.token_urlsafe(32) for name in wanted}
    manager = write(directory / "filemanager.toml", manager_settings(port, stores, keys, secure=secure))
    with ExitStack() as stack:
        processes = [stack.enter_context(started("filemanager", manager, port))]
        for name, extra in wanted.items():
            text = store_settings(name, stores[name], port, keys[name], secure) + extra
            settings = write(directory / f"{name}.toml", text)
            processes.append(stack.enter_context(started("filestore", settings, stores[name])))
        service = at_home(f"http://127.0.0.1:{port}", signed_up(manager))
        yield Deployment(service, tuple(process.pid for process in processes), stores)


@dataclass(frozen=True)
class Manager:
    """A FileManager that is still to be started: its database has an account and nothing else."""

    settings: Path
    port: int
    token: str

    @contextmanager
    def serving(self) -> Iterator[Deployment]:
        """Alone; its stores are there in name only."""
        with started("filemanager", self.settings, self.port) as process:
            yield Deployment(at_home(f"http://127.0.0.1:{self.port}", self.token), (process.pid,), {})


def manager_on(directory: Path, database: str) -> Manager:
    """A FileManager over a new database, its files in `directory`."""
    directory.mkdir()
    port = free_port()
    text = manager_settings(port, {STORES[0]: 9}, {name: secrets.token_urlsafe(32) for name in STORES}, database)
    settings = write(directory / "filemanager.toml", text)
    return Manager(settings, port, signed_up(settings))


def manager_settings(
    port: int,
    stores: Mapping[str, int],
    keys: Mapping[str, str],
    database: str = "sqlite:///filemanager.db",
    secure: Certificate | None = None,
) -> str:
    """The FileManager's configuration file."""
    base = f"http{'s' if secure else ''}://127.0.0.1"
    trust = f'[outbound]\nauthorities = "{secure.chain}"\n' if secure else ""
    entries = "".join(
        f'[[stores]]\nidentifier = "ivo://{AUTHORITY}/{name}"\naddress = "{base}:{at}/filestore"\n'
        f'[[stores.keys]]\nid = "{name}"\nsecret = "{keys[name]}"\n'
        for name, at in stores.items()
    )
    return (
        f'identifier = "{MANAGER}"\ncommunities = ["ivo://{AUTHORITY}"]\ndatabase = "{database}"\n'
        f'default_store = "ivo://{AUTHORITY}/{next(iter(stores))}"\n[listen]\nport = {port}\n{trust}{entries}'
    )


def store_settings(name: str, port: int, manager: int, key: str, secure: Certificate | None = None) -> str:
    """A store's configuration file."""
    tls = f'certificate = "{secure.chain}"\nkey = "{secure.key}"\n' if secure else ""
    return (
        f'identifier = "ivo://{AUTHORITY}/{name}"\ndata = "{name}"\n[listen]\nport = {port}\n{tls}'
        # What is imported comes from this machine, too.
        f'[outbound]\nallow = ["127.0.0.1/32"]\n'
        f'[[managers]]\nidentifier = "{MANAGER}"\naddress = "http://127.0.0.1:{manager}/callback"\n'
        f'[[managers.keys]]\nid = "{name}"\nsecret = "{key}"\n'
    )


def write(path: Path, text: str) -> Path:
    """A file that its owner only can read, because it holds secrets."""
    path.touch(0o600)
    path.write_text(text)
    return path


@contextmanager
def started(service: str, settings: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The service as a process, listening."""
    command = [sys.executable, "-m", service, "--config", str(settings), "serve"]
    with running(command, settings.with_suffix(".log")) as process:
        wait_for_port(port, process)
        yield process


def signed_up(settings: Path) -> str:
    """Makes an account; its token."""
    command = [sys.executable, "-m", "filemanager", "--config", str(settings), "account"]
    password = secrets.token_urlsafe(16) + "\n"
    subprocess.run(
        [*command, "add", "dave", "--password-stdin"], input=password, text=True, check=True, stdout=subprocess.DEVNULL
    )
    answer = subprocess.run([*command, "token", "dave"], stdout=subprocess.PIPE, text=True, check=True)
    return answer.stdout.split()[-1]


def at_home(address: str, token: str) -> Service:
    """The service as the account with that token has it."""
    home = value(Wire(f"{address}/filemanager", token).call("getAccount"), "home")
    return Service(address, token, home)
