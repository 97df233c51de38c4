"""Stores drained and reported by an operator's commands, while the service runs and people work."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.operating import command
from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from vofiles.contract import (
    AddNode,
    ExportInit,
    GetNode,
    GetStores,
    ImportInit,
    JobState,
    Node,
    NodeKind,
    StoreReport,
    TransferState,
)
from vofiles.ivorn import Ivorn, LongIdentifier

LEAVING, OTHER = STORES


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service looks after everything several times a second."""
    monkeypatch.setattr("filemanager.assembly.UPKEEP", 0.2)
    monkeypatch.setattr("filemanager.services.job_runner.POLL", 0.2)


def put(services: RunningServices, user: User, node: LongIdentifier, data: bytes, store: Ivorn | None = None) -> None:
    port = services.port(user)
    transfer = port.import_init(ImportInit(node, store)).transfer
    assert requests.put(transfer.endpoints[0].url, data=data, timeout=30).status_code == 201

    def version() -> int:
        return port.get_node(GetNode(node)).nodes[0].version

    wait_until(version, "the callback")


def add(services: RunningServices, user: User, name: str) -> LongIdentifier:
    made = services.port(user).add_node(AddNode(services.home(user), name, NodeKind.FILE)).node
    return LongIdentifier(made.identifier)


def get(services: RunningServices, user: User, node: LongIdentifier) -> bytes:
    transfer = services.port(user).export_init(ExportInit(node)).transfer
    assert transfer.state == TransferState.OFFERED
    return requests.get(transfer.endpoints[0].url, timeout=30).content


def location(node: Node) -> str:
    return next(each.value for each in node.properties if each.key == "filestore.location")


def report(config: Path) -> dict[str, dict[str, Any]]:
    done = command("filemanager", config, "store", "report", "--json")
    assert done.returncode == 0, done.stderr
    return {row["identifier"]: row for row in json.loads(done.stdout)}


def stores_of(services: RunningServices, user: User) -> dict[Ivorn, StoreReport]:
    return {each.identifier: each for each in services.port(user).get_stores(GetStores()).stores}


def test_a_store_is_drained_while_people_work(tmp_path: Path) -> None:
    with running_services(tmp_path) as services:
        config, dave = tmp_path / "filemanager.toml", services.add_account("dave")
        files = {add(services, dave, str(number)): bytes([number]) * 70_000 for number in range(4)}
        for node, data in files.items():
            put(services, dave, node, data, LEAVING)
        before = stores_of(services, dave)[LEAVING]
        assert (before.files, before.size, before.state) == (4, 280_000, "ACTIVE")

        done = command("filemanager", config, "store", "drain", str(LEAVING))
        assert done.returncode == 0, done.stderr
        late = add(services, dave, "late")
        put(services, dave, late, b"late")
        for node, data in files.items():
            assert get(services, dave, node) == data

        wait_until(lambda: stores_of(services, dave)[LEAVING].files == 0, "the store is empty")
        for node, data in {**files, late: b"late"}.items():
            (found,) = services.port(dave).get_node(GetNode(node)).nodes
            assert location(found).startswith(str(OTHER))
            assert get(services, dave, node) == data
        row = report(config)[str(LEAVING)]
        assert (row["state"], row["drain"]["done"], row["drain"]["job"]) == ("DRAINING", 4, done.stdout.strip())
        assert (row["contents"], row["drain"]["state"]) == (0, JobState.COMPLETED)
        table = command("filemanager", config, "store", "report").stdout.splitlines()
        assert table[0].split() == ["STORE", "STATE", "ANSWERS", "FREE", "CONTENTS", "BYTES", "DRAINED"]
        leaving = next(line for line in table if line.startswith(str(LEAVING)))
        assert leaving.split()[1:3] == ["DRAINING", "yes"]
        assert leaving.endswith("4 of 4, COMPLETED")
        after = stores_of(services, dave)
        assert (after[LEAVING].files, after[OTHER].files, after[OTHER].size) == (0, 5, 280_004)


def test_what_stores_say_of_themselves_is_told(tmp_path: Path) -> None:
    with running_services(tmp_path) as services:
        config, dave = tmp_path / "filemanager.toml", services.add_account("dave")
        wait_until(lambda: stores_of(services, dave)[OTHER].free, "the store has been asked")
        assert stores_of(services, dave)[OTHER].reachable
        services.stop_store(OTHER)
        wait_until(lambda: not stores_of(services, dave)[OTHER].reachable, "the store is missed")
        row = report(config)[str(OTHER)]
        assert (row["reachable"], row["state"], row["contents"], row["drain"]) == (False, "ACTIVE", 0, None)
        named = services.port(dave).get_stores(GetStores(LEAVING)).stores
        assert [each.identifier for each in named] == [LEAVING]
        nobody = services.port(dave).get_stores(GetStores(Ivorn.parse("ivo://nowhere/store"))).stores
        assert nobody == ()


def test_what_is_no_store_is_not_drained(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]):
        done = command("filemanager", tmp_path / "filemanager.toml", "store", "drain", "ivo://nowhere/store")
        assert done.returncode != 0
        assert "ivo://nowhere/store" in done.stderr
