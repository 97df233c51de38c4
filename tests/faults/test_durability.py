"""What an acknowledgement is worth: on the disk, by default, or only written, and then said so everywhere."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from filestore.backends.disk import DiskBackend
from filestore.domain.terms import Terms
from filestore.persistence.memory import MemoryCatalogue
from filestore.services.check import check
from filestore.services.check_contents import Wish
from filestore.services.status import get_status
from tests.support.filestore import FileStoreProcess, calling_manager, url_of
from tests.support.filestore_core import MANAGER, Core, make_core
from tests.support.powerloss import VolatileFiles, write_out
from tests.support.stage import Stage
from vofiles.contract import Durability, GetStatus, Property
from vofiles.errors import Damaged, TicketUnknown
from vofiles.ivorn import Ivorn

DATA = bytes(range(256)) * 16
MEMORY = '[content]\ndurability = "memory"'
LARGE = bytes(range(256)) * 512  # in more than one piece, and beyond what counts as small


class VolatileUnsynced(VolatileFiles):
    """A disk that is never asked to keep anything."""

    def sync(self, descriptor: int) -> None:
        """Nothing is asked of the disk."""

    def sync_directory(self, path: Path) -> None:
        """Nothing is asked of the disk."""


def _after_each_loss(folder: Path, files: VolatileFiles, core: Core) -> list[Core]:
    """The store as it is found on every disk that may be left, with the catalogue as it was."""
    found = []
    for number, disk in enumerate(files.disks()):
        root = folder / f"disk-{number}"
        root.mkdir()
        write_out(disk, root / "containers")
        found.append(core.restarted(DiskBackend(root / "containers")))
    assert found
    return found


def _read(core: Core, container: Ivorn) -> bytes | None:
    try:
        return core.get(container)
    except (TicketUnknown, Damaged):
        return None


def _findings(core: Core) -> set[str]:
    return {each.kind for page in check(core.store, Wish(repair=False, digests=True)) for each in page.findings}


def _filled(folder: Path, files: VolatileFiles, durability: str) -> tuple[Core, Ivorn]:
    core = make_core(
        MemoryCatalogue(),
        DiskBackend(folder / "containers", files),
        terms=replace(Terms(reserve=0), durability=durability),
    )
    return core, core.stored(LARGE).receipt.container


def _volatile(kind: type[VolatileFiles], folder: Path) -> VolatileFiles:
    return kind(Stage(), "store", folder / "containers")


def test_what_is_on_the_disk_is_there_after_a_loss_of_power(tmp_path: Path) -> None:
    files = _volatile(VolatileFiles, tmp_path)
    core, container = _filled(tmp_path, files, Durability.DISK)
    for after in _after_each_loss(tmp_path, files, core):
        assert _read(after, container) == LARGE
        assert not _findings(after)


def test_what_was_only_written_is_missed_by_name_after_a_loss_of_power(tmp_path: Path) -> None:
    files = _volatile(VolatileUnsynced, tmp_path)
    core, container = _filled(tmp_path, files, Durability.MEMORY)
    lost = 0
    for after in _after_each_loss(tmp_path, files, core):
        whole = _read(after, container) == LARGE
        assert whole or _findings(after) & {"missing-bytes", "wrong-size", "wrong-digest"}
        lost += not whole
    assert lost > 1


def test_content_that_was_only_written_is_there_after_kill_9(tmp_path: Path) -> None:
    with calling_manager() as manager, FileStoreProcess(tmp_path, [manager], MEMORY) as store:
        containers = {data: manager.stored(store.address, data) for data in (DATA, LARGE)}
        store.kill()
        store.start()
        for data, container in containers.items():
            assert requests.get(manager.get_url(store.address, container), timeout=30).content == data


def test_a_store_says_how_durable_it_is(tmp_path: Path) -> None:
    with calling_manager() as manager, FileStoreProcess(tmp_path, [manager], MEMORY) as store:
        status = manager.port(store.address).get_status(GetStatus())
        assert status.properties == (Property("durability", "memory"),)
        assert "NOT the loss of power" in store.log.read_text()


def test_unless_told_otherwise_it_is_the_disk(tmp_path: Path) -> None:
    core, _ = _filled(tmp_path, _volatile(VolatileFiles, tmp_path), Terms().durability)
    assert get_status(core.store, MANAGER, GetStatus()).properties == (Property("durability", "disk"),)


@pytest.mark.parametrize(("section", "syncs"), [(MEMORY, False), ("", True)])
def test_only_the_disk_level_waits_for_the_disk(tmp_path: Path, strace: str, section: str, syncs: bool) -> None:
    trace = tmp_path / "trace"
    with calling_manager() as manager:
        store = FileStoreProcess(tmp_path, [manager], section)
        store.under = [strace, "-Dfqq", "-o", str(trace), "-e", "trace=fsync,fdatasync,sync_file_range,syncfs,msync"]
        with store:
            transfers = [manager.port(store.address).import_init(manager.import_request()).transfer for _ in range(2)]
            before = trace.read_text().count("sync(")
            for transfer, data in zip(transfers, (DATA, LARGE), strict=True):
                assert requests.put(url_of(transfer), data=data, timeout=30).status_code == 201
            # Begun before the answers, and written down before the call returns.
            assert (trace.read_text().count("sync(") > before) is syncs
