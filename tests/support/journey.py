"""A FileManager and two FileStores as processes, as `vofiles up` starts them, and a shell to use them from.

    with deployment(tmp_path / "data") as up:
        shell = Shell(tmp_path / "dave")
        shell.log_in(up)
        shell.run("ls", "-l", "home:")

Everything is a process of its own and is used as people use it; what dies here dies as in the world.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import vofiles
from tests.support.serving import wait_until
from vofiles.tree import Home
from vofiles.waiting import Waiter

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "vofiles.cli.main")
STORES = ("filestore-1", "filestore-2")
PATIENCE = 90
"""Seconds in which a command must end; only a broken one takes them."""


def environment(settings: Path) -> dict[str, str]:
    """The environment of a command; logins are kept in `settings`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("VOFILES", "COVERAGE"))}
    return kept | {
        "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'client'}",
        "XDG_CONFIG_HOME": str(settings),
        "XDG_STATE_HOME": str(settings),
        "TZ": "UTC",
        "COLUMNS": "200",
    }


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Up:
    """One `vofiles up` on a folder, started and ended as often as a test likes."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self._options = folder, options
        self.said = ""
        """What it has printed since it was last started."""
        self._errors = folder.with_name(f"{folder.name}.stderr")
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None
        return self._process

    def begin(self) -> None:
        """Start it; it need not be ready."""
        assert self._process is None
        self.said = ""
        # A start after the first one finds its ports in the folder, as for anybody who types the plain command.
        options = () if (self.folder / "deployment.json").exists() else self._options
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [*PROGRAM, "up", "--data", self.folder, *options],
                cwd=self.folder.parent,
                env=environment(self.folder.parent / "nobody"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start it and wait until it says that it stays up."""
        self.begin()
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Ctrl-C"):
                return
        raise AssertionError(f"vofiles up ended: {self.finish()}")

    def finish(self) -> Done:
        """Wait for its end."""
        process, self._process = self.process, None
        rest, _ = process.communicate(timeout=PATIENCE)
        self.said += rest
        return Done(process.returncode, self.said, self._errors.read_text())

    def end(self, number: signal.Signals = signal.SIGTERM) -> Done:
        """End it by a signal to its process group, as a terminal does."""
        os.killpg(self.process.pid, number)
        return self.finish()

    @property
    def is_running(self) -> bool:
        return self._process is not None

    # --- what it says ---

    @property
    def address(self) -> str:
        """The FileManager's base URL as printed."""
        return self._printed(r"^  ivo://\S+/filemanager +(http://\S+)/filemanager\?wsdl$")

    def store_address(self, store: str) -> str:
        """A store's base URL as printed."""
        return self._printed(rf"^  ivo://\S+/{store} +(http://\S+)/filestore\?wsdl$")

    def _printed(self, pattern: str) -> str:
        found = re.search(pattern, self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    @property
    def next_steps(self) -> list[str]:
        """The commands that it proposes, line by line as printed."""
        _, _, steps = self.said.partition("as dave:\n")
        return [line.strip() for line in steps.splitlines() if line.startswith("  ")]

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def home(self, wait: Waiter | None = None) -> Home:
        """Dave's home for a script. `wait` is called instead of sleeping."""
        if wait is None:
            return vofiles.connect(self.address, user="dave", password=self.password)
        return vofiles.connect(self.address, user="dave", password=self.password, wait=wait)

    # --- its processes ---

    def services(self) -> dict[str, int]:
        """The process ids of the servers that run below it, by name."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = {}
        for pid in map(int, pids):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"serve" in words:
                found[Path(os.fsdecode(words[words.index(b"--config") + 1])).stem] = pid
        return found

    def kill(self, service: str) -> None:
        """End one server as a crash would, and wait until it is gone."""
        pid = self.services()[service]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: is_gone(pid), f"{service} is gone")

    def freeze(self) -> None:
        """Stop the parent, so that it does not see what becomes of its servers."""
        os.kill(self.process.pid, signal.SIGSTOP)
        wait_until(lambda: state_of(self.process.pid) == "T", "the parent stands still")

    def crash(self) -> None:
        """End everything as a power cut would: no process does anything any more."""
        pids = [*self.services().values(), self.process.pid]
        for pid in pids[::-1]:
            os.kill(pid, signal.SIGKILL)
        self.finish()
        wait_until(lambda: all(map(is_gone, pids)), "all are gone")


def state_of(pid: int) -> str:
    """A process's state letter (proc_pid_stat(5)); empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_gone(pid: int) -> bool:
    """Whether a process has ended, if nobody has asked how yet."""
    return state_of(pid) in {"", "Z", "X"}


@contextmanager
def deployment(folder: Path, *options: str) -> Iterator[Up]:
    """A deployment on any free port while the block runs; nothing of it stays behind."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    up = Up(folder, *(options or ("--port", "0")))
    try:
        up.start()
        yield up
    finally:
        if up.is_running:
            os.kill(up.process.pid, signal.SIGCONT)
            up.end()


@dataclass
class Shell:
    """Somebody at a terminal of their own: a folder to work in, and saved logins."""

    folder: Path
    settings: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = self.folder / ".config"

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.settings)

    def run(self, *words: str | os.PathLike[str], input: str | bytes = "") -> Done:  # noqa: A002 - subprocess's word
        """`vofiles` with these words, to its end."""
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.environment,
            input=input.encode() if isinstance(input, str) else input,
            capture_output=True,
            timeout=PATIENCE,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def require(self, *words: str | os.PathLike[str], input: str | bytes = "") -> str:  # noqa: A002 - as above
        """What a command that must succeed printed."""
        done = self.run(*words, input=input)
        assert (done.code, done.err) == (0, ""), done
        return done.out

    def begin(self, *words: str | os.PathLike[str], out: int, err: int) -> "subprocess.Popen[bytes]":
        """`vofiles` with these words, running, without input."""
        command = [*PROGRAM, *words]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )

    def log_in(self, up: Up) -> None:
        """As Dave."""
        self.require("login", up.address, "--user", "dave", "--password-stdin", input=up.password + "\n")


class Bytes:
    """Reproducible bytes as a file open for reading, which calls `at[n]()` when the reader has come to byte n."""

    name = "made for a test"

    def __init__(self, content: bytes, at: dict[int, Callable[[], None]], block: int = 1 << 18) -> None:
        self._content, self._at, self._block = content, dict(at), block
        self._position = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (len(self._content) if whence == os.SEEK_END else 0)
        return self._position

    def read(self, most: int = -1) -> bytes:
        for place in [place for place in self._at if place <= self._position]:
            self._at.pop(place)()
        size = self._block if most < 0 else min(most, self._block)
        piece = self._content[self._position : self._position + size]
        self._position += len(piece)
        return piece
