"""The peer: WsgiDAV on cheroot, from PyPI, serving a folder with Basic authentication; and its jobs, a PUT or a GET.

Rule: the peer is set up as its own documentation advises for serving files, and not slowed down: no locks, no browser
pages, no access log.
"""

import http.client
import json
import random
import secrets
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import free_port, running, wait_for_port

USER, PASSWORD = "dave", "a password of eight words or so"
AUTHORIZATION = {"Authorization": "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()}


@dataclass(frozen=True)
class Peer:
    """A running WsgiDAV."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def serving(directory: Path) -> Iterator[Peer]:
    """WsgiDAV over `directory`/files, as a process of its own."""
    files = directory / "files"
    files.mkdir(parents=True)
    port = free_port()
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "server": "cheroot",
        "provider_mapping": {"/": str(files)},
        "http_authenticator": {"domain_controller": None, "accept_basic": True, "accept_digest": False},
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
        "dir_browser": {"enable": False},
        "lock_storage": False,
        "verbose": 1,
        "logging": {"enable": False},
    }
    config = directory / "wsgidav.json"
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(config)]
    with running(command, directory / "wsgidav.log") as process:
        wait_for_port(port, process)
        yield Peer(port, process)


@dataclass(frozen=True)
class Put:
    """A new file of `size` bytes."""

    port: int
    size: int

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection; every job makes another name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = random.randbytes(self.size)
        run = secrets.token_hex(8)

        def once(count: int) -> None:
            connection.request("PUT", f"/{self.size}-{worker}-{run}-{count}", body, AUTHORIZATION)
            response = connection.getresponse()
            response.read()
            if response.status != 201:
                raise ConnectionError(f"WsgiDAV answered {response.status} to PUT")

        return once


@dataclass(frozen=True)
class Get:
    """The same file of `size` bytes again and again."""

    port: int
    size: int

    def open(self, worker: int) -> Callable[[int], None]:
        """Puts the file, then keeps one connection for reading it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        name = f"/read-{self.size}-{worker}"
        connection.request("PUT", name, random.randbytes(self.size), AUTHORIZATION)
        connection.getresponse().read()

        def once(count: int) -> None:
            connection.request("GET", name, headers=AUTHORIZATION)
            response = connection.getresponse()
            received = read_all(response)
            if (response.status, received) != (200, self.size):
                raise ConnectionError(f"WsgiDAV answered {response.status} and {received} bytes to GET {count}")

        return once


def read_all(response: http.client.HTTPResponse, buffer: bytearray | None = None) -> int:
    """Reads a body through one buffer, as a client that writes it to a file would, and answers its length."""
    buffer = buffer if buffer is not None else bytearray(256 * 1024)
    total = 0
    while count := response.readinto(buffer):
        total += count
    return total
