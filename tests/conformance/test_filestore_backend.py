"""What every back end of a store keeps of its port's word."""

from collections.abc import Callable
from pathlib import Path

import pytest

from filestore.backends.adopting import AdoptingBackend
from filestore.backends.disk import DiskBackend
from filestore.backends.memory import MemoryBackend
from filestore.backends.packed import PackedBackend
from filestore.backends.s3 import S3Backend
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import Backend, StorageFailure, Writer
from tests.support.backendfilling import DATA, content, fill
from tests.support.filestore_core import sidecar_of_bytes
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from vofiles.errors import ChecksumMismatch, ContainerNotFound

__all__ = ["object_store", "running_object_store"]

ONE, TWO = "abcd2345", "abce2345"


def in_bucket(store: ObjectStore) -> Backend:
    return S3Backend(store.client, store.part())


class AllSmall(PackedBackend):
    """Whose callers know that contents will be small, unless they are not."""

    def create(self, number: str, size: int | None) -> Writer:
        return super().create(number, 0 if size is None else size)


@pytest.fixture(params=["memory", "disk", "adopting", "packed", "small", "s3"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    makers: dict[str, Callable[[], Backend]] = {
        "memory": MemoryBackend,
        "disk": lambda: DiskBackend(tmp_path / "containers"),
        # What is its own is not changed by the files beside it.
        "adopting": lambda: AdoptingBackend(DiskBackend(tmp_path / "containers"), {}, MemoryCatalogue()),
        "packed": lambda: PackedBackend(request.getfixturevalue("pack"), DiskBackend(tmp_path / "containers")),
        "small": lambda: AllSmall(request.getfixturevalue("pack"), DiskBackend(tmp_path / "containers")),
        "s3": lambda: in_bucket(request.getfixturevalue("object_store")),
    }
    return makers[request.param]()


@pytest.mark.parametrize("size", [None, len(DATA)])
def test_what_is_sealed_can_be_read(backend: Backend, size: int | None) -> None:
    fill(backend, ONE, size=size)
    assert content(backend, ONE) == DATA
    assert backend.find_sidecar(ONE) == sidecar_of_bytes(ONE, DATA)
    assert backend.has(ONE)
    assert list(backend.numbers()) == [ONE]


def test_what_is_set_aside_is_nobodys_bytes_any_more(backend: Backend) -> None:
    fill(backend, ONE)
    fill(backend, TWO)
    reader = backend.open(ONE)
    backend.set_aside(ONE)
    backend.set_aside(ONE)
    assert (backend.has(ONE), backend.find_sidecar(ONE)) == (False, None)
    assert (list(backend.numbers()), backend.numbers_after("", 9)) == ([TWO], [TWO])
    with pytest.raises(ContainerNotFound):
        backend.open(ONE)
    # Who was reading goes on.
    assert reader.pread(len(DATA), 0) == DATA
    reader.close()
    assert content(backend, TWO) == DATA


def test_what_is_set_aside_again_and_what_was_never_there(backend: Backend) -> None:
    backend.set_aside(ONE)
    for _ in range(2):
        fill(backend, ONE)
        backend.set_aside(ONE)
    fill(backend, ONE)
    assert (content(backend, ONE), list(backend.numbers())) == (DATA, [ONE])


@pytest.mark.parametrize("size", [None, len(DATA) + 5])
def test_a_writer_takes_what_another_container_has(backend: Backend, size: int | None) -> None:
    fill(backend, ONE)
    reader, writer = backend.open(ONE), backend.create(TWO, size)
    backend.delete(ONE)
    writer.take(reader, 0, 3000)
    writer.take(reader, 3000, len(DATA) - 3000)
    writer.write(b"added")
    reader.close()
    writer.seal(sidecar_of_bytes(TWO, DATA + b"added"))
    writer.close()
    assert content(backend, TWO) == DATA + b"added"


def test_what_is_not_there_cannot_be_taken(backend: Backend) -> None:
    fill(backend, ONE)
    reader, writer = backend.open(ONE), backend.create(TWO, None)
    with pytest.raises(StorageFailure):
        writer.take(reader, 3000, len(DATA))
    writer.abort()
    reader.close()
    assert list(backend.numbers()) == [ONE]


def test_an_empty_container_is_one(backend: Backend) -> None:
    fill(backend, ONE, b"", size=0)
    assert content(backend, ONE) == b""
    assert backend.has(ONE)


def test_any_part_can_be_read(backend: Backend) -> None:
    fill(backend, ONE)
    reader = backend.open(ONE)
    assert reader.size == len(DATA)
    assert reader.pread(10, 250) == DATA[250:260]
    assert reader.pread(10, len(DATA) - 3) == DATA[-3:]
    assert reader.pread(10, len(DATA)) == b""
    reader.close()
    reader.close()


def test_an_aborted_writer_leaves_nothing(backend: Backend) -> None:
    writer = backend.create(ONE, 100)
    writer.write(b"half")
    # Some back ends have nothing of it yet.
    assert set(backend.numbers()) <= {ONE}
    writer.abort()
    writer.abort()
    assert list(backend.numbers()) == []
    with pytest.raises(ContainerNotFound):
        backend.open(ONE)


def test_also_what_was_sealed_can_be_aborted(backend: Backend) -> None:
    writer = backend.create(ONE, None)
    writer.write(b"all")
    writer.seal(sidecar_of_bytes(ONE, b"all"))
    writer.abort()
    assert list(backend.numbers()) == []
    assert backend.find_sidecar(ONE) is None


def test_a_closed_writer_cannot_be_aborted(backend: Backend) -> None:
    writer = backend.create(ONE, None)
    writer.write(b"all")
    writer.seal(sidecar_of_bytes(ONE, b"all"))
    writer.close()
    writer.abort()
    assert content(backend, ONE) == b"all"


def test_a_new_attempt_drops_what_the_last_one_left(backend: Backend) -> None:
    left = backend.create(ONE, None)
    left.write(b"half a bo")
    fill(backend, ONE, b"whole")
    assert content(backend, ONE) == b"whole"
    # Whoever held on to the old writer does no harm to the new bytes.
    left.abort()
    assert content(backend, ONE) == b"whole"
    assert backend.find_sidecar(ONE) == sidecar_of_bytes(ONE, b"whole")


def keep(backend: Backend, number: str, data: bytes, *, size: int | None = None, more: bytes = b"") -> None:
    """An attempt of which so much was kept, and that broke off after more."""
    writer = backend.create(number, size)
    writer.write(data)
    assert writer.keep() == len(data)
    if more:
        writer.write(more)
    writer.close()


@pytest.mark.parametrize("size", [None, len(DATA)])
@pytest.mark.parametrize("kept", [0, 1, 3000, len(DATA)])
def test_an_attempt_that_was_kept_is_gone_on_with(backend: Backend, kept: int, size: int | None) -> None:
    keep(backend, ONE, DATA[:kept], size=size, more=b"lost")
    assert list(backend.numbers()) == [ONE]
    writer = backend.resume(ONE, kept, size)
    for start in range(kept, len(DATA), 1000):
        writer.write(DATA[start : start + 1000])
        assert writer.keep() == min(start + 1000, len(DATA))
    writer.seal(sidecar_of_bytes(ONE, DATA))
    writer.close()
    assert content(backend, ONE) == DATA
    assert backend.find_sidecar(ONE) == sidecar_of_bytes(ONE, DATA)


def test_it_can_be_gone_on_with_from_less_than_was_kept(backend: Backend) -> None:
    keep(backend, ONE, b"first and second", size=50)
    writer = backend.resume(ONE, 5, None)
    writer.write(memoryview(b" only"))
    writer.seal(sidecar_of_bytes(ONE, b"first only"))
    writer.close()
    assert content(backend, ONE) == b"first only"


def test_what_was_kept_can_be_read_while_more_is_written(backend: Backend) -> None:
    keep(backend, ONE, DATA[:3000], size=len(DATA), more=b"lost")
    writer = backend.resume(ONE, 3000, len(DATA))
    writer.write(DATA[3000:])
    reader = backend.open_kept(ONE, 3000)
    assert reader.size == 3000
    assert reader.pread(5000, 0) == DATA[:3000]
    assert reader.pread(5000, 2990) == DATA[2990:3000]
    assert reader.pread(10, 3000) == b""
    reader.close()
    writer.abort()


def test_what_was_sealed_and_did_not_count_is_gone_on_with(backend: Backend) -> None:
    writer = backend.create(ONE, None)
    writer.write(DATA[:3000])
    writer.keep()
    writer.write(b"and more")
    writer.seal(sidecar_of_bytes(ONE, DATA[:3000] + b"and more"))
    writer.close()
    again = backend.resume(ONE, 3000, None)
    assert backend.find_sidecar(ONE) is None
    again.write(DATA[3000:])
    again.seal(sidecar_of_bytes(ONE, DATA))
    again.close()
    assert (content(backend, ONE), backend.find_sidecar(ONE)) == (DATA, sidecar_of_bytes(ONE, DATA))


def test_more_than_was_kept_cannot_be_gone_on_with(backend: Backend) -> None:
    for number in (ONE, "../../etc/passwd"):
        with pytest.raises(ContainerNotFound):
            backend.resume(number, 0, None)
        with pytest.raises(ContainerNotFound):
            backend.open_kept(number, 0)
    keep(backend, ONE, b"little")
    with pytest.raises(ContainerNotFound):
        backend.resume(ONE, 7, None)
    with pytest.raises(ContainerNotFound):
        backend.open_kept(ONE, 7)
    reader = backend.open_kept(ONE, 6)
    assert reader.pread(9, 0) == b"little"
    reader.close()


def test_what_was_kept_goes_like_anything_else(backend: Backend) -> None:
    keep(backend, ONE, b"kept")
    backend.delete(ONE)
    assert list(backend.numbers()) == []
    keep(backend, ONE, b"kept")
    fill(backend, ONE, b"anew")
    assert content(backend, ONE) == b"anew"
    keep(backend, TWO, b"kept")
    writer = backend.resume(TWO, 4, None)
    writer.abort()
    assert list(backend.numbers()) == [ONE]


def test_bytes_stay_readable_for_who_has_them_open(backend: Backend) -> None:
    fill(backend, ONE)
    reader = backend.open(ONE)
    backend.delete(ONE)
    assert reader.pread(len(DATA), 0) == DATA
    reader.close()


def test_deleting_twice_is_no_error(backend: Backend) -> None:
    fill(backend, ONE)
    backend.delete(ONE)
    backend.delete(ONE)
    assert not backend.has(ONE)
    assert backend.find_sidecar(ONE) is None
    assert list(backend.numbers()) == []
    with pytest.raises(ContainerNotFound):
        backend.open(ONE)


def test_a_duplicate_is_the_same_bytes_under_another_number(backend: Backend) -> None:
    fill(backend, ONE)
    backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, DATA))
    backend.delete(ONE)
    assert content(backend, TWO) == DATA
    assert backend.find_sidecar(TWO) == sidecar_of_bytes(TWO, DATA)


def test_a_duplicate_begins_anew_over_what_was_left(backend: Backend) -> None:
    fill(backend, ONE)
    backend.create(TWO, None).write(b"left")
    backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, DATA))
    assert content(backend, TWO) == DATA


def test_a_duplicate_of_damaged_bytes_is_refused(backend: Backend) -> None:
    fill(backend, ONE, DATA[:-1])
    with pytest.raises(ChecksumMismatch):
        backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, DATA))
    assert list(backend.numbers()) == [ONE]


def test_a_duplicate_of_nothing_is_refused(backend: Backend) -> None:
    with pytest.raises(ContainerNotFound):
        backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, DATA))


def test_space_is_told(backend: Backend) -> None:
    assert backend.free_space() > 0


@pytest.mark.parametrize("number", ["../../etc/passwd", "", "a/b", "..", "AB", "abcd.json"])
def test_what_is_no_number_of_ours_is_not_there(backend: Backend, number: str) -> None:
    with pytest.raises(ContainerNotFound):
        backend.open(number)


def test_those_without_bytes_are_told(backend: Backend) -> None:
    numbers = ["aaaa2345", "aaab2345", "ab222345", "ba222345", "zz222345"]
    for number in numbers[1::2]:
        fill(backend, number, b"x")
    fill(backend, "aaac2345", b"x")
    assert backend.lacking(numbers) == ["aaaa2345", "ab222345", "zz222345"]
    assert backend.lacking(numbers[1:2]) == []
    assert backend.lacking([]) == []


def test_numbers_come_in_pages_in_their_order(backend: Backend) -> None:
    numbers = ["aaaa2345", "aaab2345", "ab222345", "ba222345", "zz222345"]
    for number in reversed(numbers):
        fill(backend, number, b"x")
    writer = backend.create("ab332345", None)  # not sealed, and kept all the same
    writer.write(b"x")
    writer.keep()
    writer.close()
    every = sorted([*numbers, "ab332345"])
    assert backend.numbers_after("", 99) == every
    assert backend.numbers_after("aaaa2345", 2) == ["aaab2345", "ab222345"]
    assert backend.numbers_after("ab", 2) == ["ab222345", "ab332345"]
    assert backend.numbers_after("zz222345", 2) == []
    assert backend.numbers_after("", 0) == []
