"""A real store whose system calls fail, by strace: a named error, old content intact, a store that takes nothing more
after a failing disk, and everything in order after the next start.
"""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.filestore import CallingManager, FileStoreProcess, calling_manager, running_filestore, url_of
from tests.support.serving import wait_until
from vofiles.errors import StoreReadOnly
from vofiles.ivorn import Ivorn

OLD = b"what was there before " * 5000  # too large to be kept together with others
NEW = bytes(range(256)) * 8192  # 2 MiB, which come in more than one piece
SMALL = bytes(range(256)) * 16


@dataclass(frozen=True, slots=True)
class Prepared:
    """A store that was stopped, with a content in it, and an offer."""

    folder: Path
    manager: CallingManager
    old: Ivorn
    new: Ivorn
    path: str
    """Of the address to PUT to."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("store")
    with calling_manager() as manager:
        with FileStoreProcess(folder, [manager]) as store:
            old = manager.stored(store.address, OLD)
            offer = manager.port(store.address).import_init(manager.import_request()).transfer
            assert store.stop() == 0
        assert offer.container is not None
        yield Prepared(folder, manager, old, offer.container, urlsplit(url_of(offer)).path)


class Tried:
    """One store, with something wrong in the kernel until it is healed."""

    address: str

    def __init__(self, prepared: Prepared, folder: Path, strace: str, inject: str, place: str) -> None:
        self.prepared = prepared
        shutil.copytree(prepared.folder / "store", folder / "store")
        self.process = FileStoreProcess(folder, [prepared.manager])
        contents = folder / "store" / "contents"
        number = prepared.new.fragment
        places = {
            "contents": contents,
            "shard": contents / number[:2],
            "bytes": contents / number[:2] / number,
            "sidecar": contents / number[:2] / f"{number}.json",
            "catalogue": folder / "store" / "catalogue.db-wal",
            "pack": folder / "store" / "small.db-wal",
        }
        self.trace = folder / "trace"
        only = ["-P", str(places[place])]
        # -D: the store is our child, and strace is its own; -I2: which ends when it is told to.
        self.process.under = [strace, "-Dfqq", "-I2", "-o", str(self.trace), *only, "-e", f"inject={inject}"]
        self.process.start()
        self.address = self.process.address

    def put(self, data: bytes = NEW) -> requests.Response:
        return requests.put(self.address + self.prepared.path, data=data, timeout=60)

    def get(self, container: Ivorn) -> bytes:
        response = requests.get(self.prepared.manager.get_url(self.address, container), timeout=60)
        assert response.status_code == 200
        return response.content

    def is_read_only(self) -> bool:
        manager = self.prepared.manager
        try:
            manager.port(self.address).import_init(manager.import_request())
        except StoreReadOnly:
            return True
        return False

    def relieve(self) -> None:
        """Have the kernel do what it is asked from now on. strace counts calls by thread: of what is to fail once, each
        thread would have one.
        """
        os.kill(self._tracer(), signal.SIGTERM)
        wait_until(lambda: not self._tracer(), "strace lets go of the store")

    def _tracer(self) -> int:
        """The process that watches the store, 0 where there is none any more."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/status")
        found = (re.search(r"^TracerPid:\s+(\d+)$", each.read_text(), re.MULTILINE) for each in tasks)
        return max(int(each[1]) for each in found if each is not None)

    @contextmanager
    def healed(self) -> Iterator[None]:
        """Killed, and started on a kernel that does what it is asked: this process's, for it has not to die again."""
        self.process.kill()
        with running_filestore(self.process.config.parent, [self.prepared.manager]) as store:
            self.address = store.address
            yield

    def files(self) -> set[str]:
        return {path.name for path in (self.process.config.parent / "store" / "contents").rglob("*") if path.is_file()}


Begin = Callable[[str, str], Tried]


@pytest.fixture
def begin(prepared: Prepared, tmp_path: Path, strace: str) -> Iterator[Begin]:
    tried: list[Tried] = []

    def start(inject: str, place: str) -> Tried:
        tried.append(Tried(prepared, tmp_path, strace, inject, place))
        return tried[-1]

    yield start
    for each in tried:
        each.process.kill()


def in_order_after_a_restart(tried: Tried) -> None:
    """Old content is there, the same address takes the bytes, and nothing lies about."""
    prepared = tried.prepared
    with tried.healed():
        assert tried.get(prepared.old) == OLD
        assert tried.put().status_code == 201
        assert tried.get(prepared.new) == NEW
        numbers = {prepared.old.fragment, prepared.new.fragment}
        assert tried.files() == numbers | {f"{number}.json" for number in numbers}
        assert not tried.is_read_only()


BROKEN, FULL, BUSY = (500, "Unexpected"), (507, "StoreFull"), (503, "ServiceBusy")


@pytest.mark.parametrize(
    ("inject", "place", "answer"),
    [
        ("fsync:error=EIO", "contents", BROKEN),
        ("fsync:error=EIO", "bytes", BROKEN),
        ("fsync:error=EIO", "sidecar", BROKEN),
        ("fsync:error=EIO", "shard", BROKEN),
        ("write:error=EIO", "bytes", BROKEN),
        ("fsync:error=ENOSPC", "bytes", FULL),
        ("fallocate:error=ENOSPC", "bytes", FULL),
        ("openat:error=ENOSPC", "bytes", FULL),
        ("write:error=EDQUOT", "bytes", FULL),
        ("write:error=ENOSPC", "sidecar", FULL),
        ("openat:error=EMFILE", "bytes", BUSY),
        ("openat:error=ENFILE", "shard", BUSY),
    ],
)
def test_a_call_on_the_disk_fails(
    begin: Begin,
    inject: str,
    place: str,
    answer: tuple[int, str],
    prepared: Prepared,
    record_property: Callable[[str, object], None],
) -> None:
    tried = begin(inject, place)
    response = tried.put()
    assert (response.status_code, json.loads(response.content)["name"]) == answer
    assert "(INJECTED)" in tried.trace.read_text()
    assert tried.get(prepared.old) == OLD
    # Only a disk that fails is believed no more; a full one, or a crowd, passes.
    assert tried.is_read_only() is (answer is BROKEN)
    in_order_after_a_restart(tried)
    record_property("failed system calls", 1)


@pytest.mark.parametrize("inject", ["fdatasync:error=EIO:when=1", "fdatasync:error=EIO:when=2", "pwrite64:error=EIO"])
def test_a_call_on_the_catalogue_fails(
    begin: Begin, inject: str, prepared: Prepared, record_property: Callable[[str, object], None]
) -> None:
    tried = begin(inject, "catalogue")
    assert tried.put().status_code == 500
    assert "(INJECTED)" in tried.trace.read_text()
    in_order_after_a_restart(tried)
    record_property("failed system calls", 1)


def test_no_room_is_left_for_the_catalogue(
    begin: Begin, prepared: Prepared, record_property: Callable[[str, object], None]
) -> None:
    tried = begin("pwrite64:error=ENOSPC:when=1", "catalogue")
    response = tried.put()
    assert (response.status_code, json.loads(response.content)["name"]) == BUSY
    assert "(INJECTED)" in tried.trace.read_text()
    tried.relieve()
    assert tried.get(prepared.old) == OLD
    assert not tried.is_read_only()
    in_order_after_a_restart(tried)
    record_property("failed system calls", 1)


@pytest.mark.parametrize(
    ("inject", "place"),
    [
        ("write:signal=KILL", "bytes"),
        ("fsync:signal=KILL", "bytes"),
        ("fsync:signal=KILL", "sidecar"),
        ("fsync:signal=KILL", "shard"),
        ("fdatasync:signal=KILL:when=2", "catalogue"),
    ],
)
def test_killed_in_a_call(
    begin: Begin, inject: str, place: str, prepared: Prepared, record_property: Callable[[str, object], None]
) -> None:
    tried = begin(inject, place)
    with pytest.raises(requests.ConnectionError):
        tried.put()
    in_order_after_a_restart(tried)
    record_property("failed system calls", 1)


def small_in_order_after_a_restart(tried: Tried) -> None:
    """Old content is there, the same address takes the bytes, and more is taken."""
    prepared = tried.prepared
    with tried.healed():
        assert tried.get(prepared.old) == OLD
        assert tried.put(SMALL).status_code == 201
        assert tried.get(prepared.new) == SMALL
        assert not tried.is_read_only()


@pytest.mark.parametrize(
    ("inject", "place", "answer"),
    [
        ("fdatasync:error=EIO:when=1", "pack", BROKEN),
        ("pwrite64:error=ENOSPC:when=1", "pack", FULL),
        ("fdatasync:error=EIO:when=1", "catalogue", BROKEN),
    ],
)
def test_a_call_for_a_small_content_fails(
    begin: Begin,
    inject: str,
    place: str,
    answer: tuple[int, str],
    prepared: Prepared,
    record_property: Callable[[str, object], None],
) -> None:
    tried = begin(inject, place)
    response = tried.put(SMALL)
    assert (response.status_code, json.loads(response.content)["name"]) == answer
    assert "(INJECTED)" in tried.trace.read_text()
    tried.relieve()
    assert tried.get(prepared.old) == OLD
    assert tried.is_read_only() is (answer is BROKEN)
    small_in_order_after_a_restart(tried)
    record_property("failed system calls", 1)


@pytest.mark.parametrize("place", ["pack", "catalogue"])
def test_killed_while_a_small_content_is_made_durable(
    begin: Begin, place: str, record_property: Callable[[str, object], None]
) -> None:
    tried = begin("fdatasync:signal=KILL:when=1", place)
    with pytest.raises(requests.ConnectionError):
        tried.put(SMALL)
    small_in_order_after_a_restart(tried)
    record_property("failed system calls", 1)
