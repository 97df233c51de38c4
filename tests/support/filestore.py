"""File stores for tests, always real ones, and the FileManagers that they serve.

    with calling_manager() as manager, running_filestore(tmp_path, [manager]) as store:
        manager.port(store.address).import_init(…)
        manager.await_callback(transfer)

`running_filestore` serves on the reactor of this process; `FileStoreProcess` is a child process, to be killed and
measured. A `CallingManager` is no FileManager: it signs calls to stores and takes their callbacks, through the same
modules.
"""

import os
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import requests

from filestore.assembly import FileStore, clock
from filestore.backends.files import Files
from filestore.config import load
from tests.support.serving import Served, await_reactor, on_reactor, running_reactor, running_site, wait_until
from tests.support.signing import SignedAuth
from vofiles.contract import (
    CALLBACK,
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    GetIdentifier,
    IdentifierAnswer,
    StoreExportInit,
    StoreImportInit,
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.filestore_port import FileStorePort
from vofiles.ivorn import Ivorn, LongIdentifier, new_number
from vofiles.serving.http import AccessRecord, Request
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.listening import bind
from vofiles.serving.signatures import Verifier
from vofiles.serving.soap import SoapService

STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
OWNER = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class CallingManager:
    """Who a store serves: it calls, signed, and is called back."""

    identifier: Ivorn
    key: Key
    """The one it signs with."""
    older_keys: list[Key] = field(default_factory=list)
    """Others that a store may still know; written into its configuration."""
    callback_address: str = "http://127.0.0.1:1/callback"
    claimed: Ivorn | None = None
    """Who it says that it is, where that is not so."""
    times_asked: int = 0
    """How often it was asked who it is."""
    received: list[TransferCompleted | TransferFailed] = field(default_factory=list)
    answer: Callable[[], None] = lambda: None
    """Called at each callback before it is kept; what it raises is answered."""
    served: Served | None = None

    def auth(self, store: Ivorn = STORE) -> SignedAuth:
        return SignedAuth(Keyring([Peer(store, (self.key,))]), store, clock)

    def port(self, address: str) -> FileStorePort:
        """The store at an address, called as this manager."""
        return FileStorePort(f"{address}/filestore", auth=self.auth())

    def import_request(self, **told: Any) -> StoreImportInit:
        return StoreImportInit(new_number(), self.identifier, self.new_node(), OWNER, **told)

    def new_node(self) -> LongIdentifier:
        return LongIdentifier.parse(f"{self.identifier}#{new_number()}/solar-project/query-7.vot")

    def put_url(self, address: str, **told: Any) -> str:
        """An address to PUT to."""
        return url_of(self.port(address).import_init(self.import_request(**told)).transfer)

    def get_url(self, address: str, container: Ivorn, **told: Any) -> str:
        """An address to GET a container from."""
        request = StoreExportInit(new_number(), self.identifier, container, **told)
        return url_of(self.port(address).export_init(request).transfer)

    def stored(self, address: str, content: bytes, **told: Any) -> Ivorn:
        """The container in which a content is now."""
        transfer = self.port(address).import_init(self.import_request(**told)).transfer
        response = requests.put(url_of(transfer), data=content, timeout=30)
        assert response.status_code == 201, response.text
        assert transfer.container is not None
        return transfer.container

    def await_callback(self, transfer: str) -> TransferCompleted | TransferFailed:
        """What the store says of a transfer, when it does."""
        wait_until(lambda: self.find_callback(transfer), f"callback of {transfer}")
        found = self.find_callback(transfer)
        assert found is not None
        return found

    def find_callback(self, transfer: str) -> TransferCompleted | TransferFailed | None:
        return next((message for message in self.received if transfer_of(message) == transfer), None)


def transfer_of(message: TransferCompleted | TransferFailed) -> str:
    return message.receipt.transfer if isinstance(message, TransferCompleted) else message.transfer


def url_of(transfer: Transfer) -> str:
    """The one address of a transfer that was offered."""
    (endpoint,) = transfer.endpoints
    return endpoint.url


@contextmanager
def calling_manager(name: str = "ivo://ast.cam.ac.uk/filemanager") -> Iterator[CallingManager]:
    """A manager that listens for callbacks while the block runs."""
    manager = CallingManager(Ivorn.parse(name), Key(f"{name}-1", sha256(name.encode()).digest()))
    verifier = Verifier(Keyring([Peer(STORE, (manager.key,))]))

    def take(caller: Ivorn, message: TransferCompleted | TransferFailed) -> Acknowledged:
        assert caller == STORE
        manager.answer()
        manager.received.append(message)
        return Acknowledged()

    def identify(request: Request) -> Ivorn:
        return verifier.verify(request, clock())

    def tell(caller: Ivorn, _request: GetIdentifier) -> IdentifierAnswer:
        assert caller == STORE
        manager.times_asked += 1
        return IdentifierAnswer(manager.claimed or manager.identifier)

    functions: dict[str, Callable[[Ivorn, Any], Any]] = {
        "getIdentifier": tell,
        "transferCompleted": take,
        "transferFailed": take,
    }
    service: SoapService = SoapService(
        CALLBACK, FILEMANAGER_NAMESPACE, "filemanager-callback-1.wsdl", {}, functions, identify
    )
    with running_site([service.route("/callback")]) as served:
        manager.served = served
        manager.callback_address = f"{served.url}/callback"
        yield manager


def write_config(folder: Path, managers: Sequence[CallingManager], *sections: str) -> Path:
    """A store's configuration, its data beside it; any port, 127.0.0.1 may be fetched from."""
    lines = [f'identifier = "{STORE}"', 'data = "store"', *sections]
    if not any("[listen]" in section for section in sections):
        lines.append("[listen]\nport = 0")
    if not any("[outbound]" in section for section in sections):
        lines.append('[outbound]\nallow = ["127.0.0.1/32"]')
    for manager in managers:
        keys = ", ".join(_written(key) for key in [manager.key, *manager.older_keys])
        lines += [
            "[[managers]]",
            f'identifier = "{manager.identifier}"',
            f'address = "{manager.callback_address}"',
            f"keys = [{keys}]",
        ]
    path = folder / "filestore.toml"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    return path


def _written(key: Key) -> str:
    return f'{{id = "{key.id}", secret = "{urlsafe_b64encode(key.secret).decode()}"}}'


@dataclass
class RunningFileStore:
    """A store that is served by this process's reactor."""

    server: FileStore
    accesses: list[AccessRecord]

    @property
    def address(self) -> str:
        return self.server.address

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


@contextmanager
def running_filestore(
    folder: Path, managers: Sequence[CallingManager], *sections: str, files: Files | None = None
) -> Iterator[RunningFileStore]:
    """A store while the block runs; again in the same folder it is the same store. `files` may fail for a test."""
    accesses: list[AccessRecord] = []
    settings = load(write_config(folder, managers, *sections))
    server = FileStore(settings, bind("127.0.0.1", 0), running_reactor(), accesses.append, files=files)
    server.prepare()
    on_reactor(server.start)
    try:
        yield RunningFileStore(server, accesses)
    finally:
        await_reactor(lambda: server.stop(0.0))


class FileStoreProcess:
    """A store in a process of its own, started again and again on the same folder."""

    def __init__(self, folder: Path, managers: Sequence[CallingManager], *sections: str) -> None:
        self.config = write_config(folder, managers, *sections)
        self.log = folder / "filestore.log"
        self.address = ""
        self.under: list[str] = []
        """The program that it runs under, with its arguments, from the next start on."""
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it serves."""
        with self.log.open("a") as log:
            self._child = subprocess.Popen(
                [*self.under, sys.executable, "-m", "filestore", "--config", self.config, "serve"],
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._child.stdout is not None
        word, _, self.address = self._child.stdout.readline().strip().partition(" ")
        assert word == "ready", self.log.read_text()

    def kill(self) -> None:
        """As the kernel does it: no warning, no clean-up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        child, self._child = self._child, None
        if child is None:
            return 0
        child.send_signal(number)
        code = child.wait(60)
        assert child.stdout is not None
        child.stdout.close()
        return code

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def peak_memory(self) -> int:
        """The most memory that the running process ever had resident, in bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the kernel does not tell the peak of resident memory")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
