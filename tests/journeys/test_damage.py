"""Bytes that are damaged, gone, or nobody's, in a store that serves: never silent, and nothing is deleted for it.

Rule: each test mends what it has broken; after all of them who checks everything finds nothing.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.faultstation import Station, running_station
from tests.support.serving import wait_until
from vofiles.contract import ExportInit
from vofiles.errors import Damaged
from vofiles.filemanager_port import FileManagerPort

CONTENT = b"what is to be kept" * 50_000


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with running_station(tmp_path_factory.mktemp("station")) as station:
        yield station
        station.require_clean()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of a file that no other test uses."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name)


@pytest.fixture
def port(station: Station) -> FileManagerPort:
    return station.port()


def bytes_of(station: Station, port: FileManagerPort, name: str) -> Path:
    """The file of a node's content."""
    node = station.node(port, station.file(port, name))
    (location,) = [each.value for each in node.properties if each.key == "filestore.location"]
    number = location.rpartition("#")[2]
    return station.contents / number[:2] / number


def kinds(station: Station) -> set[str]:
    return {finding["kind"] for finding in station.findings()}


def test_a_bit_that_turned(station: Station, port: FileManagerPort, name: str) -> None:
    """It is never handed out as if nothing were: it is set aside, and who reads or checks is told; with the bytes put
    back from elsewhere all is well.
    """
    station.put(name, CONTENT)
    path = bytes_of(station, port, name)
    with path.open("r+b") as content:
        content.write(bytes([CONTENT[0] ^ 1]))
    with station.home() as home, pytest.raises(Damaged):
        (home / name).read_bytes()
    # Whoever met it has had it looked at.
    wait_until(lambda: not path.exists(), "it is set aside")
    assert kinds(station) == {"damaged"}
    with station.home() as home, pytest.raises(Damaged):
        (home / name).read_bytes()
    sidecar = path.with_name(f"{path.name}.json")
    (station.contents / "quarantine" / sidecar.name).rename(sidecar)
    path.write_bytes(CONTENT)
    scrubbed = station.store.run("scrub", path.name)
    assert scrubbed.returncode == 0, scrubbed.stdout
    # If it has heard of the damage meanwhile, it is to hear of this.
    station.manager.run("check", "--repair")
    station.require_content(name, CONTENT, 1)


def test_a_bit_that_turned_before_anybody_read(station: Station, port: FileManagerPort, name: str) -> None:
    """Who scrubs finds it; the file that is written again is well."""
    station.put(name, CONTENT)
    path = bytes_of(station, port, name)
    with path.open("r+b") as content:
        content.seek(-1, 2)
        content.write(bytes([CONTENT[-1] ^ 128]))
    (given,) = port.export_init(ExportInit(station.file(port, name))).transfer.endpoints
    scrubbed = station.store.run("scrub", "--rate", "0", "--json")
    assert scrubbed.returncode == 1, scrubbed.stderr
    (finding,) = json.loads(scrubbed.stdout)["findings"]
    assert (finding["kind"], finding["subject"].rpartition("#")[2]) == ("damaged", path.name)
    assert not path.exists()
    answer = requests.get(given.url, timeout=30)
    assert (answer.status_code, answer.json()["name"]) == (500, "Damaged")
    with station.home() as home, pytest.raises(Damaged):
        (home / name).read_bytes()
    with station.home() as home:
        (home / name).put(CONTENT)
        (home / name).remove(purge=True)
    wait_until(lambda: not kinds(station), "what is damaged goes with its node")


def test_bytes_that_are_gone(station: Station, port: FileManagerPort, name: str) -> None:
    """A node whose bytes are gone is reported and stays; with the bytes back all is well."""
    station.put(name, CONTENT)
    path = bytes_of(station, port, name)
    path.rename(path.with_suffix(".away"))
    assert kinds(station) == {"missing-bytes"}
    assert station.node(port, station.file(port, name)).size == len(CONTENT)
    path.with_suffix(".away").rename(path)
    station.require_content(name, CONTENT, 1)


def test_bytes_of_nobody(station: Station, port: FileManagerPort, name: str) -> None:
    """Bytes that no catalogue knows are reported, and not touched when they are seen for the first time."""
    station.put(name, CONTENT)
    orphan = station.contents / "zz" / ("z" * 26)
    orphan.parent.mkdir(exist_ok=True)
    shutil.copyfile(bytes_of(station, port, name), orphan)
    try:
        assert kinds(station) == {"orphan"}
        assert orphan.exists()
    finally:
        orphan.unlink()
