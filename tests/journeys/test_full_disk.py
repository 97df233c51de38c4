"""A disk that is full, a real one: each server on a file system of a few megabytes of its own.

Rule: the file system is seen by the server alone and ends with it; the test reaches it by the server's own view of the
files. Old content stays readable, who sends is told that there is no room, and with room again all goes on without a
restart.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.faultstation import Service, Station, running_station
from tests.support.serving import wait_until
from vofiles.contract import ExportInit
from vofiles.errors import ServiceBusy, StoreFull
from vofiles.tree import Home

OLD = b"what was there before"
NEW = bytes(range(256)) * 4096
MOUNTED = ("unshare", "--mount", "--map-root-user")


@pytest.fixture
def mounting(request: pytest.FixtureRequest) -> None:
    tried = subprocess.run([*MOUNTED, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    if tried.returncode != 0:
        request.node.add_marker("platform")
        pytest.skip("this machine does not let file systems be mounted")


class Disk:
    """A file system of some megabytes over a folder of a server's, from its next start to its end."""

    def __init__(self, service: Service, folder: Path, size: str) -> None:
        self._service, self._folder = service, folder
        away = folder.with_suffix(".away")
        mount = (
            f'set -e; cp -a "{folder}" "{away}"; mount -t tmpfs -o size={size},mode=700 tmpfs "{folder}"; '
            f'cp -a "{away}/." "{folder}"; exec "$@"'
        )
        service.under = (*MOUNTED, "sh", "-c", mount, "sh")

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self._service.pid}/root{self._folder}/ballast")

    def fill(self) -> None:
        """Leave no room at all."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for block in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        ballast.write(bytes(block))
                except OSError:
                    continue

    def empty(self) -> None:
        """Have room again."""
        self._ballast.unlink()


@pytest.fixture
def station(mounting: None, tmp_path: Path) -> Iterator[Station]:
    with running_station(tmp_path, store="[content]\nreserve = 0") as station:
        yield station


def test_a_store_on_a_full_disk(station: Station) -> None:
    port = station.port()
    with station.home() as home:
        (home / "old.bin").put(OLD)
        station.store.stop()
        disk = Disk(station.store, station.folder / "store", "4m")
        station.store.start()
        given = port.export_init(ExportInit(station.file(port, "old.bin"))).transfer
        disk.fill()
        with pytest.raises(StoreFull):
            (home / "old.bin").put(NEW)
        with pytest.raises(StoreFull):
            (home / "new.bin").put(NEW)
        assert (home / "old.bin").info().version == 1
        assert requests.get(given.endpoints[0].url, timeout=60).content == OLD
        disk.empty()
        assert (home / "old.bin").read_bytes() == OLD
        for name in ("old.bin", "new.bin"):
            (home / name).put(NEW)
            assert (home / name).read_bytes() == NEW


def test_a_filemanager_on_a_full_disk(station: Station) -> None:
    """Nothing new can be written down, and that is said; all that is known can be read."""
    with station.home() as home:
        (home / "old.bin").put(OLD)
    station.manager.stop()
    disk = Disk(station.manager, station.database.parent, "8m")
    station.manager.start()
    with station.home() as home:
        known = home.listdir()
        disk.fill()
        with pytest.raises(ServiceBusy, match="no room"):
            fill_up(home)
        assert (home / "old.bin").info().size == len(OLD)
        disk.empty()
        wait_until(lambda: can_add(home), "with room again it goes on")
        assert set(home.listdir()) >= {*known, "after"}
        assert (home / "old.bin").read_bytes() == OLD


def fill_up(home: Home) -> None:
    """Add until it is refused: a database has some room of its own."""
    for number in range(10_000):
        (home / f"folder-{number}").mkdir()


def can_add(home: Home) -> bool:
    with contextlib.suppress(ServiceBusy):
        (home / "after").mkdir(exist_ok=True)
        return True
    return False
