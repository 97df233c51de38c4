"""`vofiles up`: three servers from one command, and however it ends, none is left behind and nothing is lost."""

import os
import re
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.journey import PATIENCE, PROGRAM, STORES, Shell, Up, deployment, environment, is_gone
from tests.support.serving import wait_until
from vofiles.cli.deployment import Deployment


def test_what_it_prints_works_literally(running: Up, tmp_path: Path) -> None:
    login, ls = running.next_steps
    shell = Shell(tmp_path / "elsewhere")
    for step, expected in ((login, f"Logged in to {running.address} as dave until "), (ls, "")):
        done = subprocess.run(
            ["/bin/sh", "-c", step],
            cwd=running.folder.parent,
            env=shell.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(expected)


def test_the_folder_is_its_owners_alone(running: Up) -> None:
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in [running.folder, *running.folder.rglob("*")]}
    wrong = {str(path): oct(mode) for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)}
    assert not wrong
    assert {"deployment.json", "password", "filemanager.toml", "filestore-1.toml"} <= {path.name for path in found}


def test_no_secret_is_in_a_process_list(running: Up) -> None:
    kept = (running.folder / "deployment.json").read_text()
    secrets = [secret for secret in re.findall(r'"([\w-]{16,})"', kept) if not secret.startswith("filestore")]
    assert running.password in secrets
    for pid in running.services().values():
        words = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert not [secret for secret in secrets if secret.encode() in words]


def test_a_second_one_on_the_folder_is_refused(running: Up, tmp_path: Path) -> None:
    done = Shell(tmp_path).run("up", "--data", running.folder, "--port", "0")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"vofiles: {running.folder}: another vofiles up runs on this folder\n"
    assert len(running.services()) == 3


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = Shell(tmp_path).run("up", "--data", "data", "--port", str(port))
    assert (done.code, done.out) == (1, "")
    assert done.err == f"vofiles: port {port} of 127.0.0.1 is taken: give another one with --port\n"


def test_a_spoilt_folder_is_said_to_be_one(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for text in ("{", "[]", '{"ports": {}, "colour": "blue"}'):
        (folder / "deployment.json").write_text(text)
        done = Shell(tmp_path).run("up", "--data", folder, "--port", "0")
        assert done.code == 1
        assert done.err.startswith(f"vofiles: {folder / 'deployment.json'}: ")
        assert "Traceback" not in done.err
        assert len(done.err.splitlines()) == 1


@pytest.fixture
def own(tmp_path: Path) -> Up:
    """A deployment of a test's own, not started yet."""
    return Up(tmp_path / "data", "--port", "0")


def test_sigterm_and_ctrl_c_stop_all_and_a_second_start_goes_on(own: Up) -> None:
    with deployment(own.folder) as first:
        ports = [first.address, *map(first.store_address, STORES)]
        with first.home() as home:
            (home / "kept.txt").put(b"kept")
        services = first.services()
        assert set(services) == {"filemanager", *STORES}
        done = first.end(signal.SIGTERM)
        assert (done.code, done.err) == (0, "")
        assert done.out.endswith("\nStopped.\n")
        assert all(map(is_gone, services.values()))

        first.start()
        assert [first.address, *map(first.store_address, STORES)] == ports
        with first.home() as home:
            assert (home / "kept.txt").read_bytes() == b"kept"
        services = first.services()
        done = first.end(signal.SIGINT)
        assert (done.code, done.err) == (0, "")
        assert all(map(is_gone, services.values()))


def test_stopped_while_it_starts_it_leaves_nothing(own: Up) -> None:
    own.begin()
    wait_until(own.services, "a first server")
    services = own.services()
    done = own.end(signal.SIGINT)
    assert (done.code, done.err) == (0, "")
    wait_until(lambda: all(map(is_gone, services.values())), "no server is left")


def test_killed_it_leaves_no_server(own: Up) -> None:
    with deployment(own.folder) as up:
        services = up.services()
        assert len(services) == 3
        os.kill(up.process.pid, signal.SIGKILL)
        up.finish()
        wait_until(lambda: all(map(is_gone, services.values())), "no server is left")


def test_a_server_that_dies_brings_all_down_and_is_named(own: Up) -> None:
    with deployment(own.folder) as up:
        services = up.services()
        os.kill(services["filestore-2"], signal.SIGKILL)
        done = up.finish()
    assert done.code == 1
    log = own.folder / "logs" / "filestore-2.log"
    assert done.err.startswith("vofiles: filestore-2 ended with code -9")
    assert done.err.endswith(f"(log: {log})\n")
    assert len(done.err.splitlines()) == 1
    assert all(map(is_gone, services.values()))


def test_a_server_that_cannot_start_is_named(tmp_path: Path) -> None:
    prepared = Deployment(tmp_path / "data")
    prepared.open(0)
    prepared.close()
    settings = prepared.settings("filestore-1")
    settings.write_text("colour = 1\n" + settings.read_text())
    done = Shell(tmp_path).run("up", "--data", prepared.folder)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("vofiles: filestore-1 ended with code ")
    assert "colour" in done.err


def test_the_demonstration_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "up", "--demo", "--once", "--demo-size", "32", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "All came back identical.\n" in done.stdout
    assert "One large file of 32 MiB" in done.stdout
    peaks = re.findall(r"peak memory of (\S.*?) +\d+\.\d MiB", done.stdout)
    assert peaks == [*STORES, "filemanager", "this client"]
    assert not list(tmp_path.iterdir())


def test_a_demonstration_that_was_stopped_is_not_taken_for_one_that_ended_well(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "up", "--demo", "--once", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "vofiles is up.\n"
        running.terminate()
        assert running.stdout.read().endswith("Stopped.\n")
    assert running.returncode == 130
