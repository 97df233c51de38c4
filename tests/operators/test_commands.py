"""The operators' commands beside services that run; one of each program as a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from filemanager.config import load as load_manager
from filestore.config import load as load_store
from tests.support.filestore import PROJECT, FileStoreProcess, calling_manager, url_of
from tests.support.operating import Ended, command
from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from tests.support.sources import Received, scripted_source
from vofiles.contract import (
    AddNode,
    Delete,
    GetAccount,
    GetTransfer,
    ImportInit,
    ImportTree,
    NodeKind,
    Property,
    Transfer,
    TreeSource,
)
from vofiles.errors import NotAuthenticated, VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name

PREFERRED = (Property("filestore.preferred", str(STORES[0])),)
FRESH = "ivo://roe.ac.uk/filestore"


def process(program: str, config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", program, "--config", str(config), *words],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def rows(done: Ended | subprocess.CompletedProcess[str]) -> list[list[str]]:
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def offered(services: RunningServices, user: User, name: str = "a.vot") -> Transfer:
    """An upload that may begin."""
    port = services.port(user)
    node = port.add_node(AddNode(services.home(user), parse_name(name), NodeKind.FILE, PREFERRED)).node
    return port.import_init(ImportInit(LongIdentifier(node.identifier))).transfer


def test_stores_are_listed_and_their_state_is_set_while_the_service_runs(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        config = tmp_path / "filemanager.toml"
        listed = rows(process("filemanager", config, "store", "list"))
        assert [row[:2] for row in listed] == [[str(STORES[0]), "ACTIVE"]]
        dave = services.add_account("dave")
        offered(services, dave)
        assert command("filemanager", config, "store", "set-state", str(STORES[0]), "OFFLINE").returncode == 0
        with pytest.raises(VofilesError):
            offered(services, dave, "b.vot")
        # What else is done with the database leaves it so.
        assert rows(command("filemanager", config, "store", "list"))[0][1] == "OFFLINE"
        assert command("filemanager", config, "store", "set-state", str(STORES[0]), "ACTIVE").returncode == 0
        offered(services, dave, "c.vot")
        refused = command("filemanager", config, "store", "set-state", str(STORES[0]), "AWAY")
        assert (refused.returncode, "ACTIVE, DRAINING" in refused.stderr) == (1, True)
        refused = command("filemanager", config, "store", "set-state", FRESH, "ACTIVE")
        assert (refused.returncode, "not in the configuration" in refused.stderr) == (1, True)


def test_a_store_is_added_by_entries_for_both_sides(tmp_path: Path) -> None:
    config = tmp_path / "filemanager.toml"
    config.touch(mode=0o600)
    config.write_text(
        'identifier = "ivo://ast.cam.ac.uk/filemanager"\ncommunities = ["ivo://ast.cam.ac.uk"]\n'
        'database = "sqlite:///f.db"\n[listen]\nport = 8099\n'
    )
    added = command("filemanager", config, "store", "add", FRESH, "https://store.roe.ac.uk/", "--append")
    assert added.returncode == 0, added.stderr
    (entry,) = load_manager(config).stores
    assert (str(entry.identifier), entry.address) == (FRESH, "https://store.roe.ac.uk/filestore")
    store = tmp_path / "filestore.toml"
    store.touch(mode=0o600)
    store.write_text(f'identifier = "{FRESH}"\ndata = "store"\n{added.stdout}')
    (manager,) = load_store(store).managers
    assert manager.address == "http://127.0.0.1:8099/callback"
    assert manager.keys == entry.keys
    again = command("filemanager", config, "store", "add", FRESH, "https://store.roe.ac.uk/")
    assert (again.returncode, "already" in again.stderr) == (1, True)
    other = command("filemanager", config, "store", "add", "ivo://x.org/filestore", "https://store.x.org")
    assert other.stdout.count("[[stores]]") == other.stdout.count("[[managers]]") == 1
    soap = command("filemanager", config, "store", "add", "ivo://x.org/filestore", "https://store.x.org/filestore")
    for printed in (other.stdout, soap.stdout):
        assert 'address = "https://store.x.org/filestore"\n' in printed
    assert len(load_manager(config).stores) == 1


def test_jobs_are_listed(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services, scripted_source(never) as source:
        config = tmp_path / "filemanager.toml"
        port, home = services.port(dave := services.add_account("dave")), services.home(dave)
        sources = (TreeSource("a", source.url()), TreeSource("b", source.url()))
        failed = port.import_tree(ImportTree(home, wait=20, sources=sources)).job
        assert failed is not None
        assert rows(command("filemanager", config, "jobs")) == []
        (row,) = rows(command("filemanager", config, "jobs", "--state", "FAILED"))
        assert row[:3] == [failed.job, "FAILED", "importTree"]
        assert row[4:] == ["0", "0", "0", "2", "0", "0", home.node.number, f"ivo://ast.cam.ac.uk/{dave.name}", "-"]
        assert command("filemanager", config, "jobs", "--state", "GONE").returncode == 1


def never(_received: Received) -> bytes:
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def test_transfers_and_errands_are_listed(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        config = tmp_path / "filemanager.toml"
        dave = services.add_account("dave")
        done, waiting = offered(services, dave), offered(services, dave, "b.vot")
        assert requests.put(url_of(done), data=b"x", timeout=10).status_code == 201

        port = services.port(dave)
        wait_until(lambda: port.get_transfer(GetTransfer(done.transfer)).transfer.state == "COMPLETED", "the end")
        (ended,) = rows(command("filemanager", config, "transfers", "--state", "COMPLETED"))
        assert ended[0] == done.transfer
        (row,) = rows(command("filemanager", config, "transfers"))
        assert row[:3] == [waiting.transfer, "OFFERED", "importInit"]
        assert command("filemanager", config, "transfers", "--state", "GONE").returncode == 1
        assert rows(command("filemanager", config, "errands")) == []
        services.stop_store(STORES[0])
        port.delete(Delete(LongIdentifier.parse(f"{services.home(dave)}/a.vot"), purge=True))
        (errand,) = rows(command("filemanager", config, "errands"))
        assert errand[:2] == [str(STORES[0]), "deleteContainer"]
        assert command("filemanager", config, "errands", "--retry").stdout.startswith("1 errands")


def test_an_account_is_disabled_and_comes_back_with_a_password(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=()) as services:
        config = tmp_path / "filemanager.toml"
        services.add_account("dave")
        token = command("filemanager", config, "account", "token", "dave").stdout.split()[-1]
        port = FileManagerPort(services.address, auth=token)
        by_password = services.port(User("dave", "dave's secret"))
        home = services.home(User("dave", "dave's secret"))
        by_password.get_account(GetAccount())
        disabled = command("filemanager", config, "account", "disable", "dave")
        assert (disabled.returncode, disabled.stdout) == (0, "1 tokens are worth nothing now\n")
        with pytest.raises(NotAuthenticated):
            port.add_node(AddNode(home, parse_name("x"), NodeKind.FOLDER))
        port.close()
        # Although it was right a moment ago, and is remembered so.
        with pytest.raises(NotAuthenticated):
            by_password.get_account(GetAccount())
        unknown = command("filemanager", config, "account", "disable", "nobody")
        assert (unknown.returncode, "Traceback" in unknown.stderr) == (1, False)
        fresh = command(
            "filemanager", config, "account", "password", "dave", "--password-stdin", said="another secret\n"
        )
        assert fresh.returncode == 0, fresh.stderr
        assert services.home(User("dave", "another secret")) == home


def test_a_stores_transfers_and_outbox_are_listed(tmp_path: Path) -> None:
    with calling_manager() as manager:
        manager.callback_address = "http://127.0.0.1:1/callback"
        with FileStoreProcess(tmp_path, [manager]) as store:
            url = manager.put_url(store.address)
            assert requests.put(url, data=b"x", timeout=10).status_code == 201
            waiting = manager.put_url(store.address)
            assert waiting != url
            row, _ = rows(process("filestore", store.config, "transfers"))
            assert row[1:3] == ["OFFERED", "importInit"]
            (stored,) = rows(command("filestore", store.config, "transfers", "--state", "STORED"))
            wait_until(
                lambda: int(rows(command("filestore", store.config, "outbox"))[0][4]) > 0, "an attempt that failed"
            )
            (callback,) = rows(command("filestore", store.config, "outbox"))
            assert callback[:2] == [stored[0], str(manager.identifier)]
            assert command("filestore", store.config, "outbox", "--retry").stdout.startswith("1 callbacks")
            assert command("filestore", store.config, "transfers", "--state", "GONE").returncode == 1
