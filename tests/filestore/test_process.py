"""A store as a process: killed, stopped, started again, measured. What was acknowledged is there, and nothing else."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.filestore import PROJECT, STORE, CallingManager, FileStoreProcess, calling_manager, url_of
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from vofiles.contract import GetProperties, StoreImportData, TransferCompleted
from vofiles.ivorn import new_number

MIB = 1 << 20
CONTENT = bytes(range(256)) * 8 * 1024  # 2 MiB


@pytest.fixture
def manager() -> Iterator[CallingManager]:
    with calling_manager() as manager:
        yield manager


@pytest.fixture
def listen() -> str:
    """A port that stays the store's own when it is started again."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"[listen]\nport = {probe.getsockname()[1]}"


def command(process: FileStoreProcess, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "filestore", "--config", process.config, *words],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def begin_put(client: RawClient, url: str, length: int) -> None:
    client.send(f"PUT {urlsplit(url).path} HTTP/1.1\nHost: h\nContent-Length: {length}\n\n")


def files_of(process: FileStoreProcess) -> list[Path]:
    return [path for path in (process.config.parent / "store" / "contents").rglob("*") if path.is_file()]


def test_killed_in_an_upload_and_started_again(manager: CallingManager, listen: str, tmp_path: Path) -> None:
    with FileStoreProcess(tmp_path, [manager], listen) as process:
        kept = manager.stored(process.address, b"kept")
        before = set(files_of(process))
        transfer = manager.port(process.address).import_init(manager.import_request()).transfer
        with RawClient(int(process.address.rpartition(":")[2])) as client:
            begin_put(client, url_of(transfer), len(CONTENT))
            client.send(CONTENT[: len(CONTENT) * 3 // 4])
            wait_until(lambda: set(files_of(process)) - before, "bytes are on the disk")
            process.kill()
        assert set(files_of(process)) - before
        process.start()
        assert set(files_of(process)) == before
        port = manager.port(process.address)
        found = port.get_properties(GetProperties(transfer=transfer.transfer))
        assert found.transfer is not None
        assert found.container is not None
        assert (found.transfer.state, found.container.state) == ("OFFERED", "EMPTY")
        assert requests.get(manager.get_url(process.address, kept), timeout=30).content == b"kept"
        # The same address is still good, and takes the whole.
        assert requests.put(url_of(transfer), data=CONTENT, timeout=30).status_code == 201
        assert transfer.container is not None
        assert requests.get(manager.get_url(process.address, transfer.container), timeout=30).content == CONTENT


def test_killed_right_after_the_answer(manager: CallingManager, listen: str, tmp_path: Path) -> None:
    """The 201 stands, and the callback comes, although the manager could not take it before the kill."""
    with FileStoreProcess(tmp_path, [manager], listen) as process:
        request = manager.import_request()
        transfer = manager.port(process.address).import_init(request).transfer

        def refuse() -> None:
            raise ConnectionAbortedError

        manager.answer = refuse
        assert requests.put(url_of(transfer), data=CONTENT, timeout=30).status_code == 201
        process.kill()
        manager.answer = lambda: None
        process.start()
        message = manager.await_callback(request.transfer)
        assert isinstance(message, TransferCompleted)
        assert message.receipt.size == len(CONTENT)
        assert requests.get(manager.get_url(process.address, message.receipt.container), timeout=30).content == CONTENT


def test_killed_in_an_import_it_begins_again(manager: CallingManager, listen: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, FileStoreProcess(tmp_path, [manager], listen) as process:
        port = silent.getsockname()[1]
        request = StoreImportData(
            new_number(),
            manager.identifier,
            manager.new_node(),
            manager.identifier,
            f"http://127.0.0.1:{port}/x",
        )
        manager.port(process.address).import_data(request)
        first, _ = silent.accept()
        process.kill()
        first.close()
        process.start()
        again, _ = silent.accept()
        with again:
            again.recv(65536)
            again.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain")
            message = manager.await_callback(request.transfer)
        assert isinstance(message, TransferCompleted)
        assert message.receipt.size == 5


def test_memory_is_flat(manager: CallingManager, tmp_path: Path) -> None:
    """256 MiB in and out through a process that never has a quarter of it resident beyond what it needs at rest."""
    size, block = 256 * MIB, os.urandom(MIB)
    with FileStoreProcess(tmp_path, [manager]) as process:
        manager.stored(process.address, CONTENT)
        at_rest = process.peak_memory()
        transfer = manager.port(process.address).import_init(manager.import_request(size=size)).transfer
        sent = requests.put(url_of(transfer), data=(block for _ in range(size // MIB)), timeout=60)
        assert sent.status_code == 201
        whole = hashlib.sha256()
        for _ in range(size // MIB):
            whole.update(block)
        assert sent.json()["digests"]["sha-256"] == whole.hexdigest()
        assert transfer.container is not None
        got = hashlib.sha256()
        with requests.get(manager.get_url(process.address, transfer.container), stream=True, timeout=60) as response:
            for piece in response.iter_content(MIB):
                got.update(piece)
        assert got.hexdigest() == whole.hexdigest()
        assert process.peak_memory() - at_rest < 64 * MIB


def test_slow_clients_hold_no_thread(manager: CallingManager, tmp_path: Path) -> None:
    """More uploads that stand still than there are threads, and another one passes them."""
    with FileStoreProcess(tmp_path, [manager]) as process:
        number = int(process.address.rpartition(":")[2])
        slow = [RawClient(number) for _ in range(40)]
        for client in slow:
            begin_put(client, manager.put_url(process.address), len(CONTENT))
            client.send(CONTENT[: MIB + MIB // 2])
        manager.stored(process.address, CONTENT)
        for client in slow:
            client.send(CONTENT[MIB + MIB // 2 :])
            assert client.reply().status == 201
            client.close()


def test_asked_to_stop_it_finishes_what_runs(manager: CallingManager, listen: str, tmp_path: Path) -> None:
    with FileStoreProcess(tmp_path, [manager], listen) as process:
        url = manager.put_url(process.address)
        number = int(process.address.rpartition(":")[2])
        with RawClient(number) as client:
            begin_put(client, url, len(CONTENT))
            client.send(CONTENT[:MIB])
            wait_until(lambda: files_of(process), "the upload has begun")
            os.kill(process.pid, 15)
            wait_until(lambda: not listens(number), "it accepts no more")
            client.send(CONTENT[MIB:])
            assert client.reply().status == 201
        assert process.stop() == 0
        process.start()
        assert requests.put(url, data=CONTENT, timeout=30).status_code == 201


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_no_ticket_in_the_log(manager: CallingManager, tmp_path: Path) -> None:
    with FileStoreProcess(tmp_path, [manager]) as process:
        url = manager.put_url(process.address)
        requests.put(url, data=b"x", timeout=30)
        requests.put(url, data=b"other", timeout=30)
        requests.get(url, timeout=30)
        process.stop()
        log = process.log.read_text()
        assert log.count("/content/") >= 3  # also of the request just before its end
        assert url.rpartition("/")[2] not in log


def test_manifest(manager: CallingManager, tmp_path: Path) -> None:
    with FileStoreProcess(tmp_path, [manager]) as process:
        transfer = manager.port(process.address).import_init(manager.import_request()).transfer
        requests.put(url_of(transfer), data=CONTENT, timeout=30)
        manager.put_url(process.address)
        process.kill()
        (process.config.parent / "store" / "catalogue.db").unlink()
        listed = command(process, "manifest")
        assert listed.returncode == 0, listed.stderr
        (line,) = map(json.loads, listed.stdout.splitlines())
        assert line["container"] == str(transfer.container)
        assert line["container"].startswith(str(STORE))
        assert (line["size"], line["manager"]) == (len(CONTENT), str(manager.identifier))
        assert line["digests"]["sha-256"] == hashlib.sha256(CONTENT).hexdigest()


def test_one_folder_serves_one_process(manager: CallingManager, tmp_path: Path) -> None:
    with FileStoreProcess(tmp_path, [manager]) as process:
        second = command(process, "serve")
        assert second.returncode == 1
        assert "another process serves" in second.stderr
        manager.stored(process.address, b"x")


def test_it_serves_on_an_inherited_socket(manager: CallingManager, tmp_path: Path) -> None:
    process = FileStoreProcess(tmp_path, [manager])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        child = subprocess.Popen(
            [sys.executable, "-m", "filestore", "--config", process.config, "serve", "--fd", str(descriptor)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
            text=True,
        )
        port = listener.getsockname()[1]
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
        manager.stored(f"http://127.0.0.1:{port}", b"x")
        child.terminate()
        assert child.wait(30) == 0


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("", 2, "identifier: it is missing"),
        ('identifier = "ivo://a/b"\ndata = "/proc/none"', 1, "/proc/none"),
        ('identifier = "ivo://a/b"\ndata = "d"\n[listen]\ninterface = "192.0.2.1"', 2, ":4: listen.interface"),
        (
            'identifier = "ivo://a/b"\ndata = "d"\n[listen]\ninterface = "192.0.2.1"\ntrusted_network = true',
            1,
            "address",
        ),
        ('identifier = "ivo://a/b"\ndata = "d"\n[listen]\ninterface = "0.0.0.0"\nport = 0', 2, "listen.address"),
    ],
)
def test_what_keeps_it_from_serving_is_said_in_a_line(tmp_path: Path, text: str, code: int, told: str) -> None:
    process = FileStoreProcess(tmp_path, [])
    process.config.write_text(text)
    ended = command(process, "serve")
    assert ended.returncode == code, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
