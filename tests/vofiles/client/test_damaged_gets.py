"""Contents that have gone bad in their store: who gets them has them from where they are well, or is told."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vofiles
from tests.support.rotting import flipped, rewrite
from tests.support.services import STORES, RunningServices, User
from vofiles.downloading import ADDRESSES, LOOKED_AT
from vofiles.errors import Damaged
from vofiles.ivorn import Ivorn
from vofiles.tree import Home, Node
from vofiles.waiting import Pause, telling

CONTENT = bytes(range(256)) * 100


class Meanwhile:
    """What happens where the client waits for the first time; no time passes."""

    def __init__(self) -> None:
        self.happens: list[Callable[[], object]] = []
        self.waited: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        if self.happens:
            self.happens.pop(0)()


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def other(services: RunningServices, dave: User, meanwhile: Meanwhile) -> Iterator[Home]:
    with vofiles.connect(services.manager.address, user="dave", password=dave.password, wait=meanwhile) as home:
        yield home


@pytest.fixture
def rotten(folder: Node, other: Home, services: RunningServices) -> Node:
    """A short file, one bit of which has turned in its store, which does not know it."""
    node = folder / "a.fits"
    node.put(CONTENT, store=STORES[0])
    container = Ivorn.parse(node.info().properties["filestore.location"])
    rewrite(services.stores[STORES[0]], container, flipped)
    return other / folder.name / "a.fits"


def test_what_is_well_elsewhere_is_had_from_there(
    rotten: Node, folder: Node, meanwhile: Meanwhile, tmp_path: Path
) -> None:
    meanwhile.happens = [lambda: (folder / "a.fits").put(CONTENT, store=STORES[1])]
    rotten.get(tmp_path / "a.fits")
    assert (tmp_path / "a.fits").read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [tmp_path / "a.fits"]


def test_it_is_told_what_each_pause_is_for(rotten: Node, meanwhile: Meanwhile) -> None:
    told: list[Pause] = []
    with telling(told.append), pytest.raises(Damaged):
        rotten.read_bytes()
    # How many there are is a matter of how soon the store has made sure.
    assert [pause.seconds for pause in told] == meanwhile.waited
    looked = [pause for pause in told if pause.seconds == LOOKED_AT]
    assert (looked[0].passed, looked[0].limit, looked[0].trouble) == (0, (ADDRESSES - 1) * LOOKED_AT, True)
    assert "are not those that came" in looked[0].what


def test_what_is_well_nowhere_is_told(rotten: Node, tmp_path: Path) -> None:
    for get in (lambda: rotten.get(tmp_path / "a.fits"), lambda: rotten.get(io.BytesIO()), rotten.read_bytes):
        with pytest.raises(Damaged, match="are not those that came") as refused:
            get()
        assert type(refused.value) is Damaged
    assert list(tmp_path.iterdir()) == []
