"""A FileManager and a FileStore as two processes with configuration files that a test rewrites while they run.

with service_pair(tmp_path) as pair:
    pair.write("manager", NEW, OLD)      # the keys, the signing one first
    pair.reload("manager")

Either may be several processes on PostgreSQL (`databases`, `options`).
"""

import os
import secrets
import signal
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.operating import command
from tests.support.serving import wait_until
from vofiles.serving.keyring import Key as SharedKey
from vofiles.serving.listening import bind

PROJECT = Path(__file__).resolve().parents[2]
MANAGER = "ivo://ast.cam.ac.uk/filemanager"
STORE = "ivo://ast.cam.ac.uk/filestore"
PASSWORD = "dave's secret"


class Key:
    """A key shared by the two."""

    def __init__(self) -> None:
        self.id, self._secret = secrets.token_hex(4), secrets.token_urlsafe(32)

    @property
    def shared(self) -> SharedKey:
        """As who speaks as one of the two signs with it."""
        return SharedKey(self.id, urlsafe_b64decode(self._secret + "="))

    @property
    def entry(self) -> str:
        return f'{{id = "{self.id}", secret = "{self._secret}"}}'


class Server:
    """One of the two; its listening socket is the test's, so that a restart refuses nobody."""

    def __init__(self, folder: Path, program: str, *options: str) -> None:
        self.program, self._options = program, options
        self.config = folder / f"{program}.toml"
        self.log = folder / f"{program}.log"
        self.listener = bind("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it serves."""
        with self.log.open("a") as log:
            self._child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    self.program,
                    "--config",
                    self.config,
                    "serve",
                    "--fd",
                    str(self.listener.fileno()),
                    *self._options,
                ],
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
                pass_fds=[self.listener.fileno()],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._child.stdout is not None
        assert self._child.stdout.readline() == f"ready {self.address}\n", self.log.read_text()

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        assert self._child is not None
        return self._child.pid

    def workers(self) -> list[int]:
        """The processes that it has started, in their order."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def finish(self) -> int:
        """Wait for its end; its exit code."""
        child, self._child = self._child, None
        assert child is not None
        code = child.wait(60)
        assert child.stdout is not None
        child.stdout.close()
        return code

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        if self._child is None:
            return 0
        self._child.terminate()
        return self.finish()

    def reload(self, word: str = "configuration reloaded") -> None:
        """Have it read its configuration anew, and wait until it says so."""
        assert self._child is not None
        before = self.log.read_text().count(word)
        self._child.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log.read_text().count(word) > before, word)


@dataclass(frozen=True)
class Databases:
    """Where the two keep their rows, and how they are started."""

    manager: str = "sqlite:///f.db"
    store: str = ""
    """Empty: in its folder."""
    manager_options: tuple[str, ...] = ()
    store_options: tuple[str, ...] = ()

    @property
    def store_line(self) -> str:
        return f'database = "{self.store}"\n' if self.store else ""


class Pair:
    """Both."""

    def __init__(self, folder: Path, databases: "Databases | None" = None) -> None:
        databases = databases or Databases()
        self._databases = databases
        self.manager = Server(folder, "filemanager", *databases.manager_options)
        self.store = Server(folder, "filestore", *databases.store_options)

    def write_manager(self, *keys: Key) -> None:
        """The FileManager's configuration, with the keys that it shares with the store."""
        _write(
            self.manager.config,
            f'identifier = "{MANAGER}"\ncommunities = ["ivo://ast.cam.ac.uk"]\ndatabase = "{self._databases.manager}"\n'
            f'default_store = "{STORE}"\n'
            f'[[stores]]\nidentifier = "{STORE}"\naddress = "{self.store.address}/filestore"',
            keys,
        )

    def write_store(self, *keys: Key) -> None:
        """The store's configuration, likewise."""
        _write(
            self.store.config,
            f'identifier = "{STORE}"\ndata = "store"\n{self._databases.store_line}'
            f'[outbound]\nallow = ["127.0.0.1/32"]\n[[managers]]\nidentifier = "{MANAGER}"\n'
            f'address = "{self.manager.address}/callback"',
            keys,
        )

    def add_account(self) -> None:
        """Dave, as an operator makes him."""
        done = command("filemanager", self.manager.config, "account", "add", "dave", "--password-stdin", said=PASSWORD)
        assert done.returncode == 0, done.stderr


def _write(path: Path, text: str, keys: tuple[Key, ...]) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(f"{text}\nkeys = [{', '.join(key.entry for key in keys)}]\n")
    fresh.replace(path)


@contextmanager
def service_pair(folder: Path, key: Key, databases: Databases | None = None) -> Iterator[Pair]:
    """Both, serving, with one key and Dave's account."""
    pair = Pair(folder, databases)
    with ExitStack() as stack:
        stack.callback(pair.manager.listener.close)
        stack.callback(pair.store.listener.close)
        pair.write_manager(key)
        pair.write_store(key)
        for server in (pair.store, pair.manager):
            stack.callback(server.stop)
            server.start()
        pair.add_account()
        yield pair
