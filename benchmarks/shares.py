"""Where a call's CPU goes: the same service in this process, one thread, one call after the other, sampled.

The engine's own protocol gets the bytes of requests from here and sends its answers into a socket pair; what is done in
the pool is done at once. Every half millisecond of CPU (ITIMER_PROF) the stack is looked at, and the sample counted for
the first of SHARES that says it is its own, from the innermost frame outwards. What the server as a process of its own
needs besides (twisted's reactor, epoll, changes of thread) is not in it, and is the difference.

Rule: nothing of the service is replaced but the reactor and its threads.
"""

import contextlib
import signal
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.exchanges import FRESH
from filemanager import config
from filemanager.assembly import FileManager
from vofiles.serving.accesslines import AccessLines
from vofiles.serving.http import Limits, get_reactor
from vofiles.serving.http.run import Workshop
from vofiles.serving.http.server import Server
from vofiles.serving.listening import bind
from vofiles.serving.logs import Form

INTERVAL = 0.0005
OTHER = "other"
SHARES = (
    # What is asked in order to know who asks: all of it, the database's part too.
    ("authentication", ("filemanager/api/identity.py", "filemanager/services/credentials.py")),
    ("gate", ("vofiles/serving/xmlgate.py", "vofiles/serving/wsse.py")),
    ("spyne", ("/spyne/", "vofiles/serving/models.py")),
    ("parse, validate, decode", ("vofiles/serving/dispatch.py", "vofiles/serving/decoding.py", "/lxml/")),
    ("encode", ("vofiles/serving/replies.py", "filemanager/api/astrogrid/nodes.py")),
    (
        "SQL",
        (
            "/sqlalchemy/", "/sqlite3/", "vofiles/serving/sqlite.py", "vofiles/serving/statements.py",
            "vofiles/serving/database.py", "vofiles/serving/atonce.py", "filemanager/persistence/",
        ),
    ),
    (
        "service",
        ("filemanager/services/", "filemanager/domain/", "filemanager/api/", "vofiles/ivorn.py", "vofiles/names.py"),
    ),
    (
        "HTTP, log",
        ("vofiles/serving/http/", "vofiles/serving/logs.py", "vofiles/serving/soap.py", "structlog", "httptools"),
    ),
)  # fmt: skip
NAMES = (*(name for name, _ in SHARES), OTHER)


@dataclass
class Profile:
    """What calls of one kind cost."""

    calls: int = 0
    cpu: float = 0.0
    """Seconds, of all threads."""
    samples: Counter[str] = field(default_factory=Counter)

    def milliseconds(self, share: str) -> float:
        """Of one call."""
        return self.total * self.samples[share] / max(1, sum(self.samples.values()))

    @property
    def total(self) -> float:
        """Milliseconds of one call."""
        return 1000 * self.cpu / max(1, self.calls)


class _Wire:
    """In place of twisted's transport: one end of a socket pair."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 23)
            end.setblocking(False)  # noqa: FBT003 - its one argument
        self.writing = False

    def getHandle(self) -> socket.socket:  # noqa: N802 - twisted's names, here and below
        return self._ours

    def getPeer(self) -> Any:  # noqa: N802
        return type("Address", (), {"host": "127.0.0.1"})

    def startWriting(self) -> None:  # noqa: N802
        self.writing = True

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None

    def drain(self) -> bytes:
        """What was sent."""
        found = b""
        with contextlib.suppress(BlockingIOError):
            while piece := self._theirs.recv(1 << 22):
                found += piece
        return found


class _AtOnce:
    """Pool, mailbox and clock in one: work is done by whoever hands it in, as soon as it comes back to `run`."""

    def __init__(self) -> None:
        self._posted: deque[Callable[[], object]] = deque()

    def submit(self, work: Callable[[], None]) -> bool:
        self._posted.append(work)
        return True

    post = submit

    def seconds(self) -> float:
        return time.monotonic()

    def callLater(self, *_: object) -> Any:  # noqa: N802
        return type("Never", (), {"active": staticmethod(lambda: False)})

    def run(self) -> None:
        while self._posted:
            self._posted.popleft()()


class Bench:
    """The service, and one connection to it."""

    def __init__(self, manager: FileManager) -> None:
        loop: Any = _AtOnce()
        self._run, self._wire = loop.run, _Wire()
        nowhere = Path("/dev/null").open("w")  # noqa: SIM115 - as long as the process
        log = AccessLines(Form.JSON, stream=nowhere).add
        server = Server(manager.site, Limits(), Workshop(loop, loop, loop), loop, log, secure=False)
        self._connection: Any = server.buildProtocol(None)
        self._connection.makeConnection(self._wire)  # type: ignore[no-untyped-call]

    def call(self, request: bytes) -> bytes:
        """The answer."""
        self._connection.dataReceived(request)
        self._run()
        answer = self._wire.drain()
        while self._wire.writing:
            self._wire.writing = False
            self._connection._output.resumeProducing()
            answer += self._wire.drain()
        return answer


@contextlib.contextmanager
def bench(settings: Path) -> Iterator[Bench]:
    """The service with this configuration file, whose database nobody else may have open."""
    manager = FileManager(config.load(settings), bind("127.0.0.1", 0), get_reactor(), lambda _: None)
    manager.prepare()
    try:
        yield Bench(manager)
    finally:
        manager._service.close()


def profile(on: Bench, requests: Sequence[bytes], status: int, calls: int) -> Profile:
    """So many calls, after a tenth of that unmeasured. Raises ConnectionError for an answer of another status."""
    found, expected = Profile(), f"HTTP/1.1 {status} ".encode()
    prepared = [_named(requests[number % len(requests)], number) for number in range(calls + calls // 10 + 8)]
    for request in prepared[calls:]:
        answer = on.call(request)
        if not answer.startswith(expected):
            raise ConnectionError(f"not {status}: {answer[:2000]!r}")
    with _sampled(found.samples):
        before = time.process_time()
        for request in prepared[:calls]:
            on.call(request)
        found.cpu = time.process_time() - before
    found.calls = calls
    return found


def _named(request: bytes, number: int) -> bytes:
    return request.replace(FRESH, f"{time.monotonic_ns():016x}-{number:011x}".encode())


@contextlib.contextmanager
def _sampled(samples: Counter[str]) -> Iterator[None]:
    main = threading.main_thread().ident

    def look(_signal: int, frame: FrameType | None) -> None:
        # While a caller waits for the writer's thread, it is that one's work.
        if frame is not None and frame.f_code.co_name == "wait" and "sqlite" in frame.f_code.co_filename:
            others = [each for thread, each in sys._current_frames().items() if thread != main]
            frame = next((each for each in others if "database-writer" in _threads(each)), frame)
        samples[_share_of(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _threads(frame: FrameType) -> str:
    names = []
    walked: FrameType | None = frame
    while walked is not None:
        if walked.f_code.co_qualname.startswith("_Writer."):
            names.append("database-writer")
        walked = walked.f_back
    return " ".join(names)


def _share_of(frame: FrameType | None) -> str:
    files = []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    authentication, rest = SHARES[0], SHARES[1:]
    if any(part in file for file in files for part in authentication[1]):
        return authentication[0]
    for file in files:
        for name, parts in rest:
            if any(part in file for part in parts):
                return name
    return OTHER
