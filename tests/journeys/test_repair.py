"""Rot in one of two stores is found, told and put right by the services themselves, while people read."""

from pathlib import Path

import pytest
import requests

from tests.support.rotting import flipped
from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from vofiles.contract import AddNode, Copy, ExportInit, GetNode, ImportInit, NodeKind
from vofiles.errors import Damaged
from vofiles.ivorn import Ivorn, LongIdentifier

CONTENT = bytes(range(256)) * 8192
NEVER, SOON = 3600.0, 0.05


def location(services: RunningServices, user: User, node: LongIdentifier) -> tuple[Ivorn, str]:
    """A file's container, and what is said of it."""
    told = {each.key: each.value for each in services.port(user).get_node(GetNode(node)).nodes[0].properties}
    return Ivorn.parse(told["filestore.location"]), told["filestore.location.state"]


def fetch(services: RunningServices, user: User, node: LongIdentifier) -> bytes | None:
    """What a reader gets: all of it, or a clear fault."""
    try:
        (endpoint,) = services.port(user).export_init(ExportInit(node)).transfer.endpoints
    except Damaged:
        return None
    answer = requests.get(endpoint.url, timeout=30)
    if answer.status_code == 500:
        assert answer.json()["name"] == "Damaged"
        return None
    assert answer.status_code == 200
    return answer.content


def filled(services: RunningServices, user: User) -> LongIdentifier:
    """A file in the first store, and a copy of it in the second."""
    port = services.port(user)
    file = LongIdentifier(port.add_node(AddNode(services.home(user), "a.fits", NodeKind.FILE)).node.identifier)
    (endpoint,) = port.import_init(ImportInit(file, store=STORES[0])).transfer.endpoints
    assert requests.put(endpoint.url, data=CONTENT, timeout=30).status_code == 201
    wait_until(lambda: port.get_node(GetNode(file)).nodes[0].version == 1, "the file is there")
    copy = LongIdentifier(port.copy(Copy(file, name="copy.fits", store=STORES[1])).node.identifier)
    wait_until(lambda: port.get_node(GetNode(copy)).nodes[0].version == 1, "the copy is there")
    assert location(services, user, copy)[0].service == STORES[1]
    return file


@pytest.mark.timeout(300)
def test_rot_is_found_and_put_right_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.assembly.SCRUBBING", NEVER)
    with running_services(tmp_path) as services:
        dave = services.add_account("dave")
        file = filled(services, dave)
        rotten, _ = location(services, dave, file)
    path = tmp_path / "store-0" / "contents" / rotten.fragment[:2] / rotten.fragment
    path.write_bytes(flipped(CONTENT))

    monkeypatch.setattr("filestore.assembly.SCRUBBING", SOON)
    monkeypatch.setattr("filemanager.assembly.UPKEEP", SOON)
    with running_services(tmp_path) as services:

        def is_well() -> bool:
            where, state = location(services, dave, file)
            return where != rotten and state == "AVAILABLE"

        wait_until(is_well, "it is put right")
        assert fetch(services, dave, file) == CONTENT
        assert location(services, dave, file)[0].service == STORES[0]
        catalogue = services.stores[STORES[0]].store.catalogue
        wait_until(
            lambda: catalogue.read(lambda records: records.count_damaged(None)) == 0, "what was damaged has gone"
        )
        assert (tmp_path / "store-0" / "contents" / "quarantine" / rotten.fragment).read_bytes() == flipped(CONTENT)


@pytest.mark.timeout(300)
def test_who_reads_rot_is_told_and_then_gets_it_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.assembly.SCRUBBING", NEVER)
    monkeypatch.setattr("filemanager.assembly.UPKEEP", SOON)
    with running_services(tmp_path) as services:
        dave = services.add_account("dave")
        file = filled(services, dave)
        rotten, _ = location(services, dave, file)
        path = tmp_path / "store-0" / "contents" / rotten.fragment[:2] / rotten.fragment
        path.write_bytes(flipped(CONTENT))

        def is_read() -> bool:
            try:
                found = fetch(services, dave, file)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                # The one that met the rot: cut off before its last byte.
                return False
            assert found in {None, CONTENT}
            return found == CONTENT

        wait_until(is_read, "it is put right, because somebody has read it")
