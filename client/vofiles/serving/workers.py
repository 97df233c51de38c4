"""Workers: several processes that serve one service on one listening socket, and the parent that keeps them.

    the first one starts ──► it serves ──► the others start ──► all serve: "ready ADDRESS"
    one ends by itself  ──► started again, after a pause that grows while it keeps ending soon
    SIGTERM, SIGINT     ──► all are asked to stop, then made to          SIGHUP ──► passed on

Rule: the parent opens no database and serves nobody; it has one thread, so that its death is its children's too, and
its signals only wake it. Whoever comes while a worker is started again waits in the socket's queue, or is another's.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from vofiles.offspring import die_with, uninterrupted
from vofiles.serving.seat import Seat

START_PATIENCE: Final = 120.0
"""Seconds in which a worker has to say that it is ready."""
STOP_PATIENCE: Final = 20.0
"""Seconds in which a worker has to stop, besides those that it gives requests under way."""
SOON: Final = 10.0
"""Seconds; a worker that lived less long is started again only after a pause."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
GIVE_UP: Final = 5
"""After so many starts in a row that came to nothing all is stopped: whoever started the parent is to know."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

_log = structlog.get_logger(__name__)


class WorkersEnded(RuntimeError):
    """No worker can be started; the message says which one failed."""


@dataclass(eq=False)
class _Worker:
    """A seat and who has it."""

    seat: Seat
    process: "subprocess.Popen[bytes] | None" = None
    said: bytes = b""
    ready: bool = False
    begun: float = 0.0
    soon: int = 0
    """How often in a row it ended soon."""
    in_vain: int = 0
    """How often in a row it ended without ever being ready."""
    next_start: float = 0.0
    hang_up: bool = False
    """Whether it is to be sent a SIGHUP once it knows what to do with one."""

    def pause(self) -> float:
        """Seconds to wait before it is started again."""
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.soon - 1)) if self.soon else 0.0


@dataclass(frozen=True)
class Enterprise:
    """What the workers are, and what they are given."""

    number: int
    command: Callable[[Seat], Sequence[str]]
    descriptors: tuple[int, ...]
    """What they inherit: the listening socket, and locks that are to be held until the last of them has ended."""
    stop_seconds: float
    """What each gives requests under way."""
    close: Callable[[], None] = lambda: None
    """Called before they are stopped: nobody new is to wait in a queue that is served no more."""


@dataclass
class Workers:
    """The workers of one service; for one thread, the process's main one."""

    enterprise: Enterprise
    tell_ready: Callable[[str], None]
    """Told the address once, when all serve."""
    _workers: list[_Worker] = field(default_factory=list)
    _told: bool = False
    _stopping: bool = False

    def run(self) -> None:
        """Keep the workers until SIGTERM or SIGINT. Raises WorkersEnded where one cannot be started."""
        self._workers = [_Worker(Seat(number, self.enterprise.number, first=False)) for number in self._numbers()]
        with _signals() as woken, selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            try:
                self._keep(selector, woken)
            finally:
                self.enterprise.close()
                self._stop()

    def _numbers(self) -> range:
        return range(1, self.enterprise.number + 1)

    def _keep(self, selector: selectors.BaseSelector, woken: int) -> None:
        while not self._stopping:
            self._start_due(selector)
            for key, _ in selector.select(self._pause()):
                if key.fd == woken:
                    self._note_signals(os.read(woken, 4096))
                else:
                    self._hear(selector, key.data)
            if not self._stopping:
                self._bury(selector)

    # --- starting ---

    def _start_due(self, selector: selectors.BaseSelector) -> None:
        """Start who is to be started now: before all have served once, the first one alone."""
        now = time.monotonic()
        first = self._workers[0]
        for worker in self._workers if self._told or first.ready else [first]:
            if worker.process is None and worker.next_start <= now:
                self._start(worker, selector, now)

    def _start(self, worker: _Worker, selector: selectors.BaseSelector, now: float) -> None:
        leading = not self._told and worker is self._workers[0]
        seat = replace(worker.seat, first=leading)
        with uninterrupted() as mask:
            worker.process = subprocess.Popen(  # noqa: S603 - our own module, our own words
                [*self.enterprise.command(seat)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=self.enterprise.descriptors,
                # Out of the terminal's foreground group: Ctrl-C is for the parent, who stops all in order.
                process_group=0,
                preexec_fn=die_with(os.getpid(), mask),  # noqa: PLW1509 - this process has one thread
            )
        worker.said, worker.ready, worker.begun, worker.hang_up = b"", False, now, False
        assert worker.process.stdout is not None
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def _hear(self, selector: selectors.BaseSelector, worker: _Worker) -> None:
        assert worker.process is not None
        assert worker.process.stdout is not None
        piece = os.read(worker.process.stdout.fileno(), 4096)
        if not piece:
            # It says no more; how it ended is heard by its signal.
            selector.unregister(worker.process.stdout)
            return
        worker.said += piece if not worker.ready else b""
        if not worker.ready and worker.said.startswith(b"ready ") and worker.said.endswith(b"\n"):
            worker.ready, worker.in_vain = True, 0
            _log.info("worker serves", worker=worker.seat.number, pid=worker.process.pid)
            if worker.hang_up:
                worker.process.send_signal(signal.SIGHUP)
            if not self._told and all(each.ready for each in self._workers):
                self._told = True
                self.tell_ready(worker.said.decode("ascii", "replace").split()[1])

    # --- what happens to them ---

    def _pause(self) -> float | None:
        """Seconds until something is to be done by itself; None: never."""
        now = time.monotonic()
        times = [each.next_start for each in self._workers if each.process is None and each.next_start > now]
        times += [each.begun + START_PATIENCE for each in self._workers if each.process is not None and not each.ready]
        return max(0.0, min(times) - now) if times else None

    def _note_signals(self, numbers: bytes) -> None:
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self._stopping = True
        if signal.SIGHUP in numbers:
            for worker in self._workers:
                # One that is starting would die of it, or may have read the old configuration already.
                worker.hang_up = True
                if worker.process is not None and worker.ready:
                    worker.process.send_signal(signal.SIGHUP)

    def _bury(self, selector: selectors.BaseSelector) -> None:
        """See who has ended, and who has not become ready in time."""
        now = time.monotonic()
        for worker in self._workers:
            process = worker.process
            if process is None:
                continue
            if not worker.ready and now - worker.begun > START_PATIENCE:
                process.kill()
                process.wait()
            if process.poll() is not None:
                self._note_end(worker, process, selector, now)

    def _note_end(
        self, worker: _Worker, process: "subprocess.Popen[bytes]", selector: selectors.BaseSelector, now: float
    ) -> None:
        assert process.stdout is not None
        if process.stdout in [key.fileobj for key in selector.get_map().values()]:
            selector.unregister(process.stdout)
        process.stdout.close()
        worker.process = None
        worker.soon = worker.soon + 1 if now - worker.begun < SOON else 0
        worker.in_vain += not worker.ready
        worker.ready = False
        _log.error("worker ended", worker=worker.seat.number, code=process.returncode, pause=worker.pause())
        if worker.in_vain and (worker.in_vain >= GIVE_UP or not self._told):
            raise WorkersEnded(f"worker {worker.seat.number} cannot start: it ended with code {process.returncode}")
        worker.next_start = now + worker.pause()

    # --- stopping ---

    def _stop(self) -> None:
        """Ask all to stop, and make those that do not."""
        running = [each.process for each in self._workers if each.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.enterprise.stop_seconds + STOP_PATIENCE
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def _signals() -> Iterator[int]:
    """Signals as bytes that can be read from a descriptor, one each; as before at the end."""
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, _noted) for number in _SIGNALS}
    fd = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(woken)
        os.close(wake)


def _noted(_number: int, _frame: object) -> None:
    """What is to be done is done by whoever reads the descriptor."""
