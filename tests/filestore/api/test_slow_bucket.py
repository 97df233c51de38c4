"""A bucket that is slow to give its bytes holds up who asks for those, and nobody else."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from filestore.backends.s3bucket import Bucket
from tests.support.filestore import CallingManager, RunningFileStore, running_filestore
from tests.support.objectstores import MISSING, ObjectStore, object_store, running_object_store, section_of
from tests.support.serving import wait_until
from vofiles.serving.service import READ_THREADS

__all__ = ["object_store", "running_object_store"]

SLOW = 3 * READ_THREADS
"""Gets at a time that wait for the bucket: more than a disk would be read by."""
DATA = bytes(range(256)) * 1000


class Slowness:
    """Has reads of one object wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.container = ""
        self.waiting = 0
        self.over = threading.Event()
        self._turn = threading.Lock()
        get = Bucket.get

        def slow(bucket: Bucket, key: str, *arguments: object) -> object:
            if self.container and self.container in key:
                with self._turn:
                    self.waiting += 1
                assert self.over.wait(60)
            return get(bucket, key, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Bucket, "get", slow)


@pytest.fixture
def slowness(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slowness]:
    slowness = Slowness(monkeypatch)
    yield slowness
    slowness.over.set()


@pytest.fixture
def store(
    manager: CallingManager, tmp_path: Path, running_object_store: ObjectStore | None
) -> Iterator[RunningFileStore]:
    if running_object_store is None:
        pytest.skip(MISSING)
    with running_filestore(tmp_path, [manager], section_of(running_object_store.part())) as store:
        yield store


def test_others_are_served_meanwhile(manager: CallingManager, store: RunningFileStore, slowness: Slowness) -> None:
    slow, quick = (manager.stored(store.address, data) for data in (DATA, DATA[::-1]))
    url = manager.get_url(store.address, slow)
    slowness.container = slow.fragment
    with ThreadPoolExecutor(SLOW) as pool:
        gets = [pool.submit(requests.get, url, timeout=60) for _ in range(SLOW)]
        try:
            wait_until(lambda: slowness.waiting == SLOW, "all of them wait for the bucket")
            answer = requests.get(manager.get_url(store.address, quick), timeout=30)
            assert (answer.status_code, answer.content) == (200, DATA[::-1])
            assert requests.head(url, timeout=30).status_code == 200
            assert requests.put(manager.put_url(store.address), DATA, timeout=30).status_code == 201
            assert not any(each.done() for each in gets)
        finally:
            slowness.over.set()
        assert all(each.result().content == DATA for each in gets)
