"""`check` and `rebuild` as an operator runs them, while real services serve, and when the database is gone."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.operating import command
from tests.support.services import MANAGER, STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from vofiles.contract import AddNode, Delete, ExportInit, GetNode, ImportInit, ListChildren, NodeKind
from vofiles.ivorn import LongIdentifier

FILES = {"query 7.vot": b"<VOTABLE/>" * 10_000, "naïve ☉.fits": b"SIMPLE  =" * 10_000, "empty": b""}


def document(service: str, configuration: Path, *arguments: str, code: int) -> dict[str, Any]:
    done = command(service, configuration, *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["clean"] == (code == 0)
    return found


def fill(services: RunningServices, user: User) -> dict[str, LongIdentifier]:
    """Files in a folder, in both stores; answers their identifiers."""
    port = services.port(user)
    folder = port.add_node(AddNode(services.home(user), "solar-project", NodeKind.FOLDER)).node
    made = {}
    for number, (name, data) in enumerate(FILES.items()):
        node = port.add_node(AddNode(LongIdentifier(folder.identifier), name, NodeKind.FILE)).node
        made[name] = LongIdentifier(node.identifier)
        transfer = port.import_init(ImportInit(made[name], store=STORES[number % 2])).transfer
        answer = requests.put(transfer.endpoints[0].url, data=data, timeout=30)
        assert answer.status_code == 201
        wait_until(lambda node=made[name]: port.get_node(GetNode(node)).nodes[0].version == 1, "the file is there")  # type: ignore[misc]
    return made


def fetch(services: RunningServices, user: User, node: LongIdentifier) -> bytes:
    transfer = services.port(user).export_init(ExportInit(node)).transfer
    answer = requests.get(transfer.endpoints[0].url, timeout=30)
    assert answer.status_code == 200
    return answer.content


@pytest.mark.timeout(300)
def test_services_in_use_are_checked_and_a_damaged_store_is_seen(tmp_path: Path) -> None:
    with running_services(tmp_path) as services:
        dave = services.add_account("dave")
        gone, *_ = fill(services, dave).values()
        services.port(dave).delete(Delete(gone))  # its bytes stay, for as long as it is in the trash
        manager, store = tmp_path / "filemanager.toml", tmp_path / "filestore-0.toml"
        found = document("filemanager", manager, "check", code=0)
        assert (found["complete"], found["counted"]["nodes"], found["counted"]["replicas"]) == (True, 6, 3)
        assert found["counted"]["bytes in the tree"] == found["counted"]["bytes in stores"]
        assert document("filestore", store, "check", "--digests", code=0)["counted"]["files"] == 2

        part = document("filemanager", manager, "check", "--pages", "1", code=0)
        assert (part["complete"], part["next"]) == (False, "accounts:")
        assert document("filemanager", manager, "check", "--after", part["next"], code=0)["counted"]["replicas"] == 3
        refused = command("filemanager", manager, "check", "--after", "nonsense")
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr

        (bytes_of_one, *_) = (path for path in (tmp_path / "store-0" / "contents").glob("??/*") if not path.suffix)
        bytes_of_one.unlink()
        (finding,) = document("filestore", store, "check", "--repair", code=1)["findings"]
        assert (finding["invariant"], finding["kind"]) == ("I1", "missing-bytes")
        assert finding["subject"] == f"{STORES[0]}#{bytes_of_one.name}"
        table = command("filestore", store, "check")
        assert table.returncode == 1
        assert finding["subject"] in table.stdout


@pytest.mark.timeout(300)
def test_a_missing_container_is_marked_while_the_service_runs(tmp_path: Path) -> None:
    with running_services(tmp_path) as services:
        user = services.add_account("dave")
        made = fill(services, user)
        store = services.stores[STORES[0]].store
        (row, *_) = store.catalogue.read(lambda records: records.list_held(MANAGER, "", 1))
        store.catalogue.write(lambda records: records.delete_container(row.number))
        manager = tmp_path / "filemanager.toml"
        (finding,) = document("filemanager", manager, "check", code=1)["findings"]
        assert (finding["kind"], finding["repair"]) == ("missing-container", "possible")
        (finding,) = document("filemanager", manager, "check", "--repair", code=1)["findings"]
        assert (finding["subject"], finding["repair"]) == (f"{STORES[0]}#{row.number}", "done")
        port = services.port(user)
        states = [
            each.value
            for node in made.values()
            for each in port.get_node(GetNode(node)).nodes[0].properties
            if each.key == "filestore.location.state"
        ]
        assert sorted(states) == ["AVAILABLE", "AVAILABLE", "LOST"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("source", ["stores", "manifests"])
def test_the_database_is_lost_and_comes_back(tmp_path: Path, source: str) -> None:
    manager = tmp_path / "filemanager.toml"
    with running_services(tmp_path) as services:
        made = fill(services, services.add_account("dave"))
        home = services.home(User("dave", "dave's secret"))
    manifests = []
    if source == "manifests":
        for number in range(len(STORES)):
            done = command("filestore", tmp_path / f"filestore-{number}.toml", "manifest")
            assert done.returncode == 0
            manifests.append(tmp_path / f"{number}.jsonl")
            manifests[-1].write_text(done.stdout)
    lost = list(tmp_path.glob("filemanager.db*"))
    assert lost
    for path in lost:
        path.unlink()
    with running_services(tmp_path) as services:
        found = document("filemanager", manager, "rebuild", *map(str, manifests), code=0)
        assert (found["counted"]["accounts"], found["counted"]["files"]) == (1, 3)
        done = command(
            "filemanager", manager, "account", "password", "dave", "--password-stdin", said="another secret\n"
        )
        assert done.returncode == 0
        user = User("dave", "another secret")
        assert services.home(user) == home
        (folder,) = services.port(user).list_children(ListChildren(home)).nodes
        listed = services.port(user).list_children(ListChildren(LongIdentifier(folder.identifier))).nodes
        assert {node.name: LongIdentifier(node.identifier) for node in listed} == made
        for name, node in made.items():
            assert fetch(services, user, node) == FILES[name]
        document("filemanager", manager, "check", code=0)
        assert document("filemanager", manager, "rebuild", code=0)["counted"]["containers taken in"] == 0
