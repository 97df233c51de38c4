"""The servers that `vofiles up` starts: processes that inherit their listening sockets, and that end with it.

Rule: no child is left behind, however the parent ends: it is asked to stop, then made to; and the kernel ends it when
the parent is killed.
"""

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vofiles.offspring import die_with, uninterrupted

START_PATIENCE = 120.0
"""Seconds in which the servers have to say that they are ready; it takes them 3, but a laptop may have much to do."""
STOP_PATIENCE = 20.0
"""Seconds in which a server has to stop; longer than it gives requests under way."""


class ServerDied(RuntimeError):
    """A server ended by itself; the message says which, and where its log is."""


@dataclass
class Child:
    """One server."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def peak_memory(self) -> int:
        """The most memory it ever had resident, in bytes (VmHWM)."""
        return peak_memory(self.pid)


class Children:
    """All servers; `died` is set when one has ended without being asked to."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._stopping = False
        self.died = threading.Event()

    def __iter__(self) -> Iterator[Child]:
        return iter(self._children)

    def start(self, name: str, module: str, settings: Path, descriptor: int, log: Path, lock: int) -> None:
        """Start a server on an inherited socket; it need not serve yet.

        `lock` is the descriptor of a lock that is to be held until the server has ended, whatever becomes of us.
        """
        # -P: what lies in the folder one happens to be in is not imported, whatever it is called.
        command = [sys.executable, "-P", "-m", module, "--config", str(settings), "serve", "--fd", str(descriptor)]
        # A log names people's files: readable by its owner only, like all else that is kept.
        errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(errors, "ab"), uninterrupted() as mask:
            process = subprocess.Popen(  # noqa: S603 - our own module, our own words
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=(descriptor, lock),
                # Out of the terminal's foreground group: Ctrl-C is for the parent, who stops all in order.
                process_group=0,
                preexec_fn=die_with(os.getpid(), mask),  # noqa: PLW1509 - this process has one thread yet
            )
            self._children.append(Child(name, process, log))

    def await_ready(self) -> None:
        """Wait until all serve. Raises ServerDied."""
        deadline = time.monotonic() + START_PATIENCE
        for child in self._children:
            _await_ready(child, deadline)

    def watch(self) -> None:
        """From now on, notice a server that ends."""
        for child in self._children:
            threading.Thread(target=self._wait_for, args=(child,), name=f"watch-{child.name}", daemon=True).start()

    def require_alive(self) -> None:
        """Raises ServerDied where one has ended."""
        for child in self._children:
            if child.process.poll() is not None:
                raise _death(child)

    def stop(self) -> None:
        """Ask all to stop, and make those that do not."""
        self._stopping = True
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_PATIENCE
        for child in self._children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            if child.process.stdout is not None:
                child.process.stdout.close()

    def _wait_for(self, child: Child) -> None:
        child.process.wait()
        if not self._stopping:
            self.died.set()


def peak_memory(pid: int) -> int:
    """The most memory a process ever had resident, in bytes (VmHWM of proc_pid_status(5))."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _await_ready(child: Child, deadline: float) -> None:
    stdout = child.process.stdout
    assert stdout is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while not said.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise ServerDied(f"{child.name} did not start within {START_PATIENCE:.0f} s; see {child.log}")
            piece = os.read(stdout.fileno(), 4096)
            if not piece:
                child.process.wait()
                raise _death(child)
            said += piece
    if not said.startswith(b"ready "):
        raise ServerDied(f"{child.name} said {said[:80]!r} instead of being ready; see {child.log}")


def _death(child: Child) -> ServerDied:
    lines = child.log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = f"; it said last: {lines[-1][:300]}" if lines else ""
    return ServerDied(f"{child.name} ended with code {child.process.returncode}{last} (log: {child.log})")
