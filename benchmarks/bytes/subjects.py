"""Who is measured: our stores and three peers, each with its way to get contents in and out.

Rule: what prepares a burst (nodes, tickets, files to read) and what clears up after it is done while nothing is
measured.
Ours are whole: a FileManager offers the tickets and is called back, while its store takes the bytes.
"""

import random
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from benchmarks import jobs, webdav
from benchmarks.bytes.load import BLOCK, Get, Put, Target
from benchmarks.deployment import AUTHORITY, Deployment
from benchmarks.processes import cpu_seconds
from benchmarks.wire import Wire, value

PREPARING = 8
"""Tickets asked for at once."""
SETTLING = 120
"""Seconds within which what comes after a burst has to be done."""
IDLE = 0.025
"""CPU seconds between two looks, below which servers have nothing to do."""

BASIC = "".join(f"{name}: {value}\r\n" for name, value in webdav.AUTHORIZATION.items())


class Subject(Protocol):
    """A server that takes bytes and hands them out."""

    name: str
    pids: tuple[int, ...]
    """The processes whose CPU and memory count."""

    def prepare_put(self, size: int, clients: int, count: int) -> Put:
        """So many contents that are still to be sent."""
        ...

    def prepare_get(self, size: int) -> Get:
        """A content that is there."""
        ...

    def clear(self) -> None:
        """Away with what was put."""
        ...


class Folder:
    """A server that serves a folder as it is: nginx, Apache, WsgiDAV."""

    def __init__(self, name: str, pids: tuple[int, ...], target: Target, files: Path) -> None:
        self.name, self.pids = name, pids
        self._target, self._files = target, files

    def prepare_put(self, size: int, clients: int, count: int) -> Put:
        run = secrets.token_hex(4)
        return Put(self._target, size, clients, tuple(f"/put-{run}-{number}" for number in range(count)))

    def prepare_get(self, size: int) -> Get:
        path = self._files / f"get-{size}"
        if not path.exists():
            with path.open("wb") as file:
                block = random.randbytes(min(size, BLOCK))
                for _ in range(max(1, size // BLOCK)):
                    file.write(block)
        return Get(self._target, size, f"/{path.name}")

    def clear(self) -> None:
        for path in self._files.glob("put-*"):
            path.unlink()


class Ours:
    """One of our stores, with the FileManager in front of it."""

    def __init__(self, name: str, deployment: Deployment, store: str, files: Path, *, secure: bool = False) -> None:
        self.name = name
        self.pids: tuple[int, ...] = (deployment.pid_of(store),)
        self._service = deployment.service
        self._manager = deployment.pids[0]
        self._store = f"ivo://{AUTHORITY}/{store}"
        self._target = Target(deployment.stores[store], secure=secure)
        self._files = files
        self._folders: list[str] = []
        self._nodes: dict[int, str] = {}

    def prepare_put(self, size: int, clients: int, count: int) -> Put:
        wire = self._service.connect()
        name = f"put-{secrets.token_hex(8)}"
        folder = jobs.add(wire, self._service.home, "FOLDER", name)
        self._folders.append(name)
        with ThreadPoolExecutor(PREPARING) as pool:
            shares = pool.map(lambda number: self._offers(folder, count, number), range(PREPARING))
            return Put(self._target, size, clients, tuple(path for share in shares for path in share))

    def _offers(self, folder: str, count: int, number: int) -> list[str]:
        """The paths of every eighth of so many tickets."""
        wire = self._service.connect()
        return [_path(self._offer(wire, jobs.add(wire, folder, "FILE"))) for _ in range(number, count, PREPARING)]

    def _offer(self, wire: Wire, node: str) -> str:
        return wire.call("importInit", node=node, store=self._store)

    def prepare_get(self, size: int) -> Get:
        wire = self._service.connect()
        if size not in self._nodes:
            node = jobs.add(wire, self._service.home, "FILE", f"get-{size}-{secrets.token_hex(4)}")
            offer = self._offer(wire, node)
            transfer = value(offer, "transfer")
            Put(self._target, size, 1, (_path(offer),)).open(0)(0)
            _wait(lambda: value(wire.call("getTransfer", transfer=transfer), "state") == "COMPLETED")
            self._nodes[size] = node
        return Get(self._target, size, _path(wire.call("exportInit", node=self._nodes[size])))

    def clear(self) -> None:
        self._settle()
        with self._service.client() as home:
            for name in self._folders:
                (home / name).remove(recursive=True, purge=True)
        self._folders.clear()
        kept = sum(self._nodes)
        _wait(lambda: _bytes_in(self._files) < kept + (64 << 20))
        self._settle()

    def _settle(self) -> None:
        """Return when what comes after a burst, callbacks above all, is done: nobody needs a processor any more."""
        used = [0.0]

        def idle() -> bool:
            used.append(sum(map(cpu_seconds, (self._manager, *self.pids))))
            return used[-1] - used[-2] < IDLE

        _wait(idle, 0.25)


def _path(offer: str) -> str:
    return urlsplit(value(offer, "url")).path


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def _wait(condition: Callable[[], bool], pause: float = 0.05) -> None:
    """Return when it holds, which is looked at every `pause` seconds. Raises TimeoutError."""
    deadline = time.monotonic() + SETTLING
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what was to happen after a burst did not")
        time.sleep(pause)
