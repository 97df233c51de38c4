"""Bytes that are damaged, gone, or nobody's, in a store that serves: never silent, and nothing is deleted for it.

Rule: each test mends what it has broken; after all of them who checks everything finds nothing.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faultstation import Station, running_station
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
    """It is never handed out as if nothing were, and who checks sees it."""
    station.put(name, CONTENT)
    path = bytes_of(station, port, name)
    with path.open("r+b") as content:
        content.write(bytes([CONTENT[0] ^ 1]))
    with station.home() as home, pytest.raises(Damaged):
        (home / name).read_bytes()
    assert kinds(station) == {"wrong-digest"}
    path.write_bytes(CONTENT)
    station.require_content(name, CONTENT, 1)


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
