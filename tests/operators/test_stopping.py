"""A graceful stop: what is under way finishes within the grace, or gives its lease back; inherited sockets."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.support.filestore import PROJECT, FileStoreProcess, calling_manager
from tests.support.operating import command
from tests.support.serving import wait_until
from vofiles.serving.listening import bind

BODY = b"x" * 100_000

# What systemd does for a service with a socket: descriptor 3, and who it is for.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "filestore", "--config", sys.argv[2], "serve"])
"""


def begun(url: str) -> socket.socket:
    """A PUT of which half the body has been sent."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
    head = f"PUT {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    connection.sendall(head.encode() + BODY[: len(BODY) // 2])
    return connection


def refuses(address: str) -> bool:
    """Whether nobody listens there any more."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def receiving(process: FileStoreProcess) -> bool:
    """Whether an upload has its lease, as an operator sees it."""
    done = command("filestore", process.config, "transfers", "--state", "RECEIVING")
    assert done.returncode == 0, done.stderr
    return bool(done.stdout)


def test_an_upload_under_way_finishes_within_the_grace(tmp_path: Path) -> None:
    with calling_manager() as manager:
        process = FileStoreProcess(tmp_path, [manager], "[limits]\nstop_seconds = 60")
        process.start()
        with begun(manager.put_url(process.address)) as connection:
            wait_until(lambda: receiving(process), "the lease")
            os.kill(process.pid, 15)
            wait_until(lambda: refuses(process.address), "the listener's end")
            connection.sendall(BODY[len(BODY) // 2 :])
            assert connection.recv(100).startswith(b"HTTP/1.1 201")
        assert process.stop() == 0
        with process:  # what was acknowledged is told after the next start, if not before
            wait_until(lambda: manager.received, "the callback")


def test_an_upload_that_takes_longer_gives_its_lease_back(tmp_path: Path) -> None:
    with calling_manager() as manager:
        process = FileStoreProcess(tmp_path, [manager], "[limits]\nstop_seconds = 0.2")
        process.start()
        url = manager.put_url(process.address)
        with begun(url):
            wait_until(lambda: receiving(process), "the lease")
            assert process.stop() == 0
        assert not receiving(process)
        port = urlsplit(url).port
        with process:
            again = url.replace(f":{port}/", f":{urlsplit(process.address).port}/")
            assert requests.put(again, data=BODY, timeout=30).status_code == 201


def test_a_socket_from_systemd_is_served(tmp_path: Path) -> None:
    with calling_manager() as manager, bind("127.0.0.1", 0) as listener:
        process = FileStoreProcess(tmp_path, [manager])
        descriptor = listener.fileno()
        child = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, str(descriptor), str(process.config)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
            text=True,
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == f"ready {address}\n"
            manager.stored(address, b"x")
            child.terminate()
            assert child.wait(30) == 0
