"""The back end in a bucket on a network that breaks: what can be done again is, what cannot is told, and no byte is
wrong.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import connect
from filestore.backends.s3parts import MIB, Sizes
from filestore.config import S3
from tests.support.cutting import Proxy, cutting_proxy
from tests.support.filestore_core import sidecar_of_bytes
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from tests.support.taps import running_tap
from vofiles.errors import ServiceBusy

__all__ = ["object_store", "running_object_store"]

ONE = "abcd2345"
DATA = bytes(range(251)) * (40 << 10)
"""10 MB."""
SIZES = Sizes(part=6 * MIB)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with cutting_proxy() as proxy:
        yield proxy


@pytest.fixture
def behind(object_store: ObjectStore, proxy: Proxy) -> Iterator[S3Backend]:
    """A back end on the other side of the proxy, each of whose calls has a connection of its own."""
    proxy.target = int(str(object_store.settings.endpoint).rpartition(":")[2])
    settings = replace(object_store.part(), endpoint=f"http://127.0.0.1:{proxy.port}")
    client = connect(settings)
    backend = S3Backend(client, settings, SIZES)
    yield backend
    backend.close()


def fill(backend: S3Backend, data: bytes = DATA) -> None:
    writer = backend.create(ONE, len(data))
    try:
        writer.write(data)
        writer.seal(sidecar_of_bytes(ONE, data))
    except BaseException:
        writer.abort()
        raise
    writer.close()


def fresh(backend: S3Backend) -> None:
    """Have the next call make a connection, which the next cut is for."""
    backend.bucket.client.close()


def test_an_answer_that_breaks_off_is_gone_on_with(behind: S3Backend, proxy: Proxy) -> None:
    fill(behind)
    reader = behind.open(ONE)
    fresh(behind)
    for received in (1 * MIB, 3 * MIB, 500):
        proxy.cut_after(received=received)
    got = b"".join(reader.pread(MIB, offset) for offset in range(0, len(DATA), MIB))
    reader.close()
    assert got == DATA
    assert proxy.broken == 3


def test_an_answer_that_always_breaks_off_is_told(behind: S3Backend, proxy: Proxy) -> None:
    fill(behind)
    reader = behind.open(ONE)
    fresh(behind)
    proxy.cut_after(received=0, times=50)
    with pytest.raises(ServiceBusy):
        reader.pread(MIB, 0)
    reader.close()


def test_what_is_not_heard_is_said_again(behind: S3Backend, proxy: Proxy) -> None:
    fresh(behind)
    for sent in (100, 1 * MIB):
        proxy.cut_after(sent=sent)
        proxy.cut_after(received=0)
        fresh(behind)
    fill(behind)
    assert proxy.broken >= 2
    reader = behind.open(ONE)
    assert reader.pread(len(DATA), 0) == DATA
    reader.close()


def test_what_is_never_heard_is_told(behind: S3Backend, proxy: Proxy, object_store: ObjectStore) -> None:
    writer = behind.create(ONE, None)
    fresh(behind)
    proxy.cut_after(received=0, times=50)
    with pytest.raises(ServiceBusy):
        writer.write(DATA)
    writer.abort()
    direct = S3Backend(object_store.client, behind.settings)
    for number in direct.numbers():
        direct.delete(number)  # as the next start does
    assert list(direct.numbers()) == []


def test_who_never_answers_is_not_waited_for(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.backends.s3client.READ_SECONDS", 0.1)
    with running_tap(size=10, speaks=False) as tap:
        settings = S3("contents", "some", "secret", f"http://127.0.0.1:{tap.port}")
        backend = S3Backend(connect(settings), settings)
        with pytest.raises(ServiceBusy):
            backend.has(ONE)
        backend.close()
