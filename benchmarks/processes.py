"""Servers as processes: started on free ports, measured through /proc, ended by their own ids.

Rule: only processes that were started here, and their children, are looked at or ended.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def descendants(pid: int) -> Iterator[int]:
    """The process and all below it, parents first."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from descendants(int(child))


@dataclass(frozen=True)
class Usage:
    """What processes have used: CPU seconds since their start, and peak memory in bytes since it was last set back."""

    cpu: float
    peak: int


def usage(pids: Sequence[int]) -> Usage:
    """CPU of all these processes added up, and the largest peak among them."""
    return Usage(sum(map(cpu_seconds, pids)), max(map(peak_memory, pids)))


def cpu_seconds(pid: int) -> float:
    """User and system time, in steps of a clock tick (10 ms), so only differences over many jobs say anything."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_memory(pid: int) -> int:
    """VmHWM in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def set_back_peak(pid: int) -> None:
    """Makes VmHWM start again from what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Returns once something accepts connections on the port; raises if the process ends first or time runs out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        with suppress(subprocess.TimeoutExpired):
            raise ChildProcessError(f"{process.args!r} ended with {process.wait(0.02)}")
    raise TimeoutError(f"nothing listens on port {port}")


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process, its output in `log`; interrupted at the end, and killed if that takes over 20 s."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            yield process
        except Exception as error:
            error.add_note(f"the last that {log.name} says:\n{log.read_text(errors='replace')[-3000:]}")
            raise
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
