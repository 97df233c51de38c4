"""Two communities: two FileManagers and three FileStores as processes, one store serving both FileManagers.

    ast.cam.ac.uk    its FileManager        stores: Cambridge, Shared       its resolver is a web server of its own
    star.le.ac.uk    its FileManager        stores: Leicester, Shared       also has accounts of ast.cam.ac.uk

Everything is a process of its own, on any free port of loopback; the keys are known here, so that a test can speak as
one of the services and lie.
"""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from socket import socket
from urllib.parse import unquote

from filestore.assembly import clock
from tests.support.journey import PROJECT, Shell, environment
from tests.support.operating import command
from tests.support.signing import SignedAuth
from tests.support.sources import Received, Source, ok, scripted_source
from vofiles.callback_port import CallbackPort
from vofiles.contract import GetAccount
from vofiles.filemanager_port import FileManagerPort
from vofiles.filestore_port import FileStorePort
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.listening import bind

CAMBRIDGE, LEICESTER = Ivorn.parse("ivo://ast.cam.ac.uk"), Ivorn.parse("ivo://star.le.ac.uk")
CAMBRIDGE_MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
LEICESTER_MANAGER = Ivorn.parse("ivo://star.le.ac.uk/filemanager")
CAMBRIDGE_STORE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")
LEICESTER_STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
SHARED_STORE = Ivorn.parse("ivo://roe.ac.uk/filestore")

SERVED = {
    CAMBRIDGE_MANAGER: (CAMBRIDGE_STORE, SHARED_STORE),
    LEICESTER_MANAGER: (LEICESTER_STORE, SHARED_STORE),
}
COMMUNITIES = {CAMBRIDGE_MANAGER: (CAMBRIDGE,), LEICESTER_MANAGER: (LEICESTER, CAMBRIDGE)}
STORES = (CAMBRIDGE_STORE, LEICESTER_STORE, SHARED_STORE)


@dataclass
class Communities:
    """What runs, and who has an account."""

    folder: Path
    bases: dict[Ivorn, str]
    resolver: Source | None = None
    homes: dict[Ivorn, NodeIdentifier] = field(default_factory=dict)
    """What the resolver of Cambridge knows."""

    # --- accounts and people ---

    def add_account(self, manager: Ivorn, account: str) -> NodeIdentifier:
        """Make an account as an operator does; its home is known to Cambridge's resolver if it is of Cambridge."""
        words = ("account", "add", account, "--password-stdin")
        done = command("filemanager", self.config(manager), *words, said=password_of(account))
        assert done.returncode == 0, done.stderr
        port = FileManagerPort(f"{self.bases[manager]}/filemanager", auth=(account, password_of(account)))
        try:
            home = port.get_account(GetAccount()).account.home
        finally:
            port.close()
        if account.startswith(str(CAMBRIDGE)):
            self.homes[Ivorn.parse(account)] = home
        return home

    def shell(self, name: str) -> Shell:
        """A terminal of somebody who was given the registry file."""
        shell = Shell(self.folder / name)
        settings = shell.settings / "vofiles"
        settings.mkdir(parents=True)
        (settings / "registry.toml").write_text(self.registry())
        return shell

    def registry(self) -> str:
        """The registry file that both sites hand out."""
        assert self.resolver is not None
        lines = []
        for manager in SERVED:
            lines += ["[[services]]", f'identifier = "{manager}"', f'address = "{self.bases[manager]}/filemanager"']
        lines += ["[[communities]]", f'identifier = "{CAMBRIDGE}"', f'resolver = "{self.resolver.url("/accounts")}"']
        lines += ["[[communities]]", f'identifier = "{LEICESTER}"', f'filemanager = "{LEICESTER_MANAGER}"']
        return "\n".join(lines)

    def resolve(self, request: Received) -> bytes:
        """Cambridge's resolver: the answer to one request."""
        account = Ivorn("ast.cam.ac.uk", unquote(request.target.removeprefix("/accounts/")))
        if account not in self.homes:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        answer = {"account": str(account), "home": str(self.homes[account])}
        return ok(json.dumps(answer).encode(), "Content-Type: application/json")

    # --- speaking as a service ---

    def store_as(self, manager: Ivorn, store: Ivorn, key: Key | None = None) -> FileStorePort:
        """A store as a FileManager calls it, or as somebody else with a key of theirs."""
        keyring = Keyring([Peer(store, (key or key_of(manager, store),))])
        return FileStorePort(f"{self.bases[store]}/filestore", auth=SignedAuth(keyring, store, clock))

    def callback_as(self, key: Key, manager: Ivorn) -> CallbackPort:
        """The callback port of a FileManager, called with a key."""
        keyring = Keyring([Peer(manager, (key,))])
        return CallbackPort(f"{self.bases[manager]}/callback", auth=SignedAuth(keyring, manager, clock))

    def config(self, service: Ivorn) -> Path:
        return self.folder / f"{service.authority}-{service.resource}.toml"

    # --- configuration ---

    def write_store(self, store: Ivorn) -> None:
        lines = [
            f'identifier = "{store}"',
            f'data = "{store.authority}-data"',
            "[outbound]",
            'allow = ["127.0.0.1/32"]',
        ]
        lines += ["[listen]", f'address = "{self.bases[store]}"']
        for manager, stores in SERVED.items():
            if store in stores:
                address = f"{self.bases[manager]}/callback"
                lines += ["[[managers]]", f'identifier = "{manager}"', f'address = "{address}"', keys(manager, store)]
        write(self.config(store), lines)

    def write_manager(self, manager: Ivorn) -> None:
        communities = ", ".join(f'"{community}"' for community in COMMUNITIES[manager])
        lines = [f'identifier = "{manager}"', f"communities = [{communities}]"]
        lines += [f'database = "sqlite:///{manager.authority}.db"', "[listen]", f'address = "{self.bases[manager]}"']
        for store in SERVED[manager]:
            address = f"{self.bases[store]}/filestore"
            lines += ["[[stores]]", f'identifier = "{store}"', f'address = "{address}"', keys(manager, store)]
        for other in SERVED.keys() - {manager}:
            lines += ["[[services]]", f'identifier = "{other}"', f'address = "{self.bases[other]}/filemanager"']
        write(self.config(manager), lines)


def password_of(account: str) -> str:
    """Everybody's own."""
    return f"{account}'s secret"


def key_of(manager: Ivorn, store: Ivorn) -> Key:
    """What a FileManager and a store have in common."""
    name = f"{manager.authority}-{store.authority}"
    return Key(name, sha256(name.encode()).digest())


def keys(manager: Ivorn, store: Ivorn) -> str:
    key = key_of(manager, store)
    return f'keys = [{{id = "{key.id}", secret = "{urlsafe_b64encode(key.secret).decode()}"}}]'


def write(path: Path, lines: list[str]) -> None:
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))


@contextmanager
def running_communities(folder: Path) -> Iterator[Communities]:
    """All of it, while the block runs."""
    with ExitStack() as stack:
        listeners = {service: stack.enter_context(bind("127.0.0.1", 0)) for service in (*SERVED, *STORES)}
        bases = {service: f"http://127.0.0.1:{it.getsockname()[1]}" for service, it in listeners.items()}
        found = Communities(folder, bases)
        for store in STORES:
            found.write_store(store)
            stack.enter_context(serving("filestore", found.config(store), listeners[store]))
        for manager in SERVED:
            found.write_manager(manager)
            stack.enter_context(serving("filemanager", found.config(manager), listeners[manager]))
        found.resolver = stack.enter_context(scripted_source(found.resolve))
        yield found


@contextmanager
def serving(program: str, config: Path, listener: socket) -> Iterator[None]:
    """A server as a process of its own, from when it is ready until the block ends."""
    words = [sys.executable, "-m", program, "--config", str(config), "serve", "--fd", str(listener.fileno())]
    with config.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(
            words, cwd=PROJECT, env=environment(config.parent), pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("ready "), config.with_suffix(".log").read_text()
        listener.close()
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)
