"""What every back end that takes several small contents at once keeps of its port's word."""

from pathlib import Path

import pytest

from filestore.backends.disk import DiskBackend
from filestore.backends.memory import MemoryBackend
from filestore.backends.packed import PackedBackend
from filestore.ports import SmallContents
from tests.support.backendfilling import DATA, content, fill
from tests.support.filestore_core import sidecar_of_bytes

ONE, TWO = "abcd2345", "abce2345"


@pytest.fixture(params=["memory", "packed"])
def together(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryBackend | PackedBackend:
    if request.param == "memory":
        return MemoryBackend()
    return PackedBackend(request.getfixturevalue("pack"), DiskBackend(tmp_path / "containers"))


def add(together: SmallContents, attempt: int, **contents: bytes) -> set[str]:
    return set(
        together.add_all(attempt, [(name, sidecar_of_bytes(name, data), data) for name, data in contents.items()])
    )


def test_contents_that_are_added_together_are_like_others(together: MemoryBackend | PackedBackend) -> None:
    assert add(together, 1, abcd2345=DATA, abce2345=b"") == set()
    assert (content(together, ONE), content(together, TWO)) == (DATA, b"")
    assert together.find_sidecar(ONE) == sidecar_of_bytes(ONE, DATA)
    assert sorted(together.numbers()) == together.numbers_after("", 9) == [ONE, TWO]
    together.delete(ONE)
    assert list(together.numbers()) == [TWO]


@pytest.mark.parametrize("size", [None, len(DATA)])
def test_what_is_there_already_is_left_as_it_is(together: MemoryBackend | PackedBackend, size: int | None) -> None:
    fill(together, ONE, size=size)
    assert add(together, 1, abcd2345=b"other", abce2345=b"new") == {ONE}
    assert (content(together, ONE), content(together, TWO)) == (DATA, b"new")
    assert add(together, 2, abce2345=b"newer") == {TWO}
    assert content(together, TWO) == b"new"


def test_an_attempt_withdraws_its_own_contents_alone(together: MemoryBackend | PackedBackend) -> None:
    add(together, 1, abcd2345=b"one")
    add(together, 2, abce2345=b"two")
    together.withdraw(1, [ONE, TWO])
    together.withdraw(1, [ONE, TWO])
    assert list(together.numbers()) == [TWO]
    fill(together, ONE, size=len(DATA))
    together.withdraw(1, [ONE])
    assert content(together, ONE) == DATA


def test_an_upload_drops_what_an_attempt_has_added(together: MemoryBackend | PackedBackend) -> None:
    for size in (None, len(DATA)):
        together.delete(ONE)
        add(together, 1, abcd2345=b"left")
        fill(together, ONE, size=size)
        assert content(together, ONE) == DATA
        assert list(together.numbers()) == [ONE]
