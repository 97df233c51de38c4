"""A station: a FileManager and a FileStore as processes, each behind a gate, killed and started again as a test likes.

    with running_station(folder) as station:
        held = station.store.gate.hold(REQUEST, b"importInit")
        …
        station.manager.kill()
        held.drop()
        station.manager.start()
        station.require_clean()

Everybody who speaks to a service does so through its gate: people, the FileManager to its store, the store to its
FileManager, who sends bytes. Rule: nobody looks at how things stand inside of a service but by its own commands.
"""

import json
import os
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import vofiles
from tests.support.faultgates import Gate, running_gate
from tests.support.journey import PATIENCE, PROJECT, environment, state_of
from tests.support.operating import Ended, command
from tests.support.serving import wait_until
from vofiles.contract import AddNode, GetAccount, GetNode, ImportInit, Node, NodeKind, Transfer
from vofiles.errors import StoreUnreachable
from vofiles.filemanager_port import FileManagerPort
from vofiles.info import NodeInfo
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import parse_name
from vofiles.serving.listening import bind
from vofiles.tree import Home

R = TypeVar("R")
MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
STORE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")
PASSWORD = "dave's own secret"
_SECRET = urlsafe_b64encode(sha256(b"between the two").digest()).decode("ascii")


@dataclass
class Service:
    """One server, dead or alive."""

    program: str
    config: Path
    gate: Gate
    under: tuple[str, ...] = ()
    """The program that it runs under, with its arguments, from the next start on."""
    _child: "subprocess.Popen[str] | None" = None

    @property
    def log(self) -> Path:
        return self.config.with_suffix(".log")

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child is not None

    def start(self) -> None:
        """Start it, and wait until it serves."""
        with bind("127.0.0.1", 0) as listener, self.log.open("a") as log:
            descriptor = listener.fileno()
            self._child = subprocess.Popen(
                [*self.under, *self._command("serve", "--fd", str(descriptor), "--log", "json")],
                cwd=PROJECT, env=environment(self.config.parent), pass_fds=[descriptor],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
            self.gate.target = listener.getsockname()[1]
        assert self._child.stdout is not None
        ready = self._child.stdout.readline()
        assert ready.startswith("ready "), self.log.read_text()

    def kill(self) -> None:
        """As the kernel does it: no warning, no clean-up; it may be gone already."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Have it do nothing any more, and keep its connections."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: state_of(self.pid) == "T", "it stands still")

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def run(self, *words: str, said: str = "") -> Ended:
        """One of its commands, to its end, beside it in the tests' process."""
        return command(self.program, self.config, *words, said=said)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", self.program, "--config", str(self.config), *words]

    def _end(self, number: signal.Signals) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.send_signal(number)
        child.communicate(timeout=PATIENCE)


@dataclass
class Station:
    """What runs, and Dave, who has an account."""

    folder: Path
    manager: Service
    store: Service
    _ports: list[FileManagerPort] = field(default_factory=list)

    def port(self) -> FileManagerPort:
        """The FileManager as Dave's programs call it."""
        port = FileManagerPort(f"{self.manager.gate.url}/filemanager", auth=("dave", PASSWORD))
        self._ports.append(port)
        return port

    def home(self) -> Home:
        """Dave's home for a script."""
        return vofiles.connect(self.manager.gate.url, user="dave", password=PASSWORD)

    def home_node(self, port: FileManagerPort) -> LongIdentifier:
        """Dave's root."""
        return LongIdentifier(port.get_account(GetAccount()).account.home)

    def file(self, port: FileManagerPort, name: str) -> LongIdentifier:
        """The entry of that name in Dave's home."""
        return self.home_node(port).child(parse_name(name))

    def new_file(self, port: FileManagerPort, name: str) -> LongIdentifier:
        """An empty file in Dave's home."""
        request = AddNode(self.home_node(port), parse_name(name), NodeKind.FILE)
        return LongIdentifier(port.add_node(request).node.identifier)

    def put(self, name: str, content: bytes) -> NodeInfo:
        """A file in Dave's home, put as a script does it, once the store is not left alone any more."""
        with self.home() as home:
            return when_reachable(lambda: (home / name).put(content))

    def offered(self, port: FileManagerPort, file: LongIdentifier) -> Transfer:
        """Where to PUT a file's next content, once the store is not left alone any more."""
        return when_reachable(lambda: port.import_init(ImportInit(file)).transfer)

    def require_content(self, name: str, content: bytes, version: int) -> None:
        """A file has that content, as that version."""
        with self.home() as home:
            found = when_reachable((home / name).read_bytes)
            assert ((home / name).info().version, found) == (version, content)

    def node(self, port: FileManagerPort, node: LongIdentifier) -> Node:
        return port.get_node(GetNode(node)).nodes[0]

    @property
    def database(self) -> Path:
        """The FileManager's."""
        return self.folder / "database" / "filemanager.db"

    @property
    def catalogue(self) -> Path:
        """The store's."""
        return self.folder / "store" / "catalogue.db"

    @property
    def contents(self) -> Path:
        """Where the store keeps its bytes."""
        return self.folder / "store" / "contents"

    def findings(self) -> list[dict[str, str]]:
        """What `filemanager check` and `filestore check` find, with all bytes read."""
        checks = [self.manager.run("check", "--json"), self.store.run("check", "--json", "--digests")]
        found: list[dict[str, str]] = []
        for check in checks:
            assert check.returncode in {0, 1}, check.stderr
            findings = json.loads(check.stdout)["findings"]
            assert (check.returncode == 0) is (findings == [])
            found += findings
        return found

    def require_clean(self) -> None:
        """The invariants hold, says who looks at everything."""
        found = self.findings()
        assert not found, found

    def close(self) -> None:
        for port in self._ports:
            port.close()
        self.manager.kill()
        self.store.kill()


def when_reachable(work: Callable[[], R]) -> R:
    """What `work` answers when its store is there: one that did not answer a few times is left alone for seconds."""
    answers: list[R] = []

    def tried() -> bool:
        with suppress(StoreUnreachable):
            answers.append(work())
        return bool(answers)

    wait_until(tried, "the store is asked again")
    return answers[0]


@contextmanager
def running_station(folder: Path, *, manager: str = "", store: str = "") -> Iterator[Station]:
    """Both of them while the block runs; `manager` and `store` are added to their configurations."""
    with ExitStack() as stack:
        gates = [stack.enter_context(running_gate()) for _ in range(2)]
        station = Station(
            folder,
            Service("filemanager", _manager(folder, gates[0], gates[1], manager), gates[0]),
            Service("filestore", _store(folder, gates[0], gates[1], store), gates[1]),
        )
        stack.callback(station.close)
        added = station.manager.run("account", "add", "dave", "--password-stdin", said=PASSWORD)
        assert added.returncode == 0, added.stderr
        station.store.start()
        station.manager.start()
        yield station


def _manager(folder: Path, own: Gate, store: Gate, more: str) -> Path:
    quick = "[transfers]\npull_interval = 0.01\npull_timeout = 5.0\nstore_timeout = 5.0"
    return _write(
        folder / "filemanager.toml",
        f'identifier = "{MANAGER}"',
        'communities = ["ivo://ast.cam.ac.uk"]',
        'database = "sqlite:///database/filemanager.db"',
        f'[listen]\naddress = "{own.url}"',
        quick if "[transfers]" not in more else "",
        more,
        f'[[stores]]\nidentifier = "{STORE}"\naddress = "{store.url}/filestore"',
        f'keys = [{{id = "both", secret = "{_SECRET}"}}]',
    )


def _store(folder: Path, manager: Gate, own: Gate, more: str) -> Path:
    return _write(
        folder / "filestore.toml",
        f'identifier = "{STORE}"',
        'data = "store"',
        f'[listen]\naddress = "{own.url}"',
        '[outbound]\nallow = ["127.0.0.1/32"]',
        more,
        f'[[managers]]\nidentifier = "{MANAGER}"\naddress = "{manager.url}/callback"',
        f'keys = [{{id = "both", secret = "{_SECRET}"}}]',
    )


def _write(path: Path, *lines: str) -> Path:
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    return path
