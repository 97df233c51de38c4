"""Servers that die at the worst moment: what was acknowledged is there, what was not is not, nothing is torn.

Everything is a real process, killed with SIGKILL at a place in a put that the bytes themselves choose.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.support.journey import Bytes, Up, deployment
from tests.support.serving import wait_until
from vofiles import sources
from vofiles.cli.deployment import identifier
from vofiles.errors import StoreUnreachable

CONTENT = bytes(range(256)) * 16_000  # 4 MB
BLOCK = 256_000
MB = 1_000_000
LAST_BLOCK = len(CONTENT) - BLOCK
STORE = "filestore-1"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A deployment that is killed, and started again."""
    with deployment(tmp_path_factory.mktemp("crashes") / "data") as up:
        yield up


@pytest.fixture
def up(own: Up) -> Up:
    """It, up again whatever the test before did."""
    if not own.is_running:
        own.start()
    return own


class ClientGone(Exception):
    """The client dies while it waits."""


def dying(_: float) -> None:
    raise ClientGone


def source(content: bytes, at: int, then: Callable[[], None]) -> BinaryIO:
    return cast("BinaryIO", Bytes(content, {at: then}, BLOCK))


def test_a_store_killed_in_a_put_that_the_client_finishes(up: Up) -> None:
    """The store dies, and with it `vofiles up`; both are back before the client tries again: one put, one version."""
    restarts: list[int] = []

    def start_again(_: float) -> None:
        if not up.is_running:
            up.start()
            restarts.append(1)

    def kill() -> None:
        up.kill(STORE)
        assert up.finish().code == 1

    with up.home(start_again) as home:
        node = home / "survives.bin"
        info = node.put(source(CONTENT, len(CONTENT) // 2, kill), store=identifier(STORE))
        assert (info.size, info.version, restarts) == (len(CONTENT), 1, [1])
        assert node.read_bytes() == CONTENT


def test_a_store_killed_in_a_put_that_stays_away(up: Up) -> None:
    with up.home() as home:
        (home / "kept.bin").put(b"old", store=identifier(STORE))

    def kill() -> None:
        up.kill(STORE)
        assert up.finish().code == 1

    with up.home(lambda _: None) as home, pytest.raises(StoreUnreachable, match="tried 6 times"):
        (home / "kept.bin").put(source(CONTENT, len(CONTENT) // 2, kill), store=identifier(STORE))
    up.start()
    with up.home() as home:
        node = home / "kept.bin"
        assert node.read_bytes() == b"old"
        assert node.info().version == 1
        assert node.put(CONTENT, store=identifier(STORE)).version == 2
        assert node.read_bytes() == CONTENT


def test_a_filemanager_killed_between_put_and_callback(up: Up) -> None:
    """The store acknowledged, nobody could be told, and everything went down: the callback comes after the start."""

    def kill() -> None:
        # The parent must not stop the store before the PUT is over.
        up.freeze()
        up.kill("filemanager")

    with up.home(dying) as home, pytest.raises(ClientGone):
        # Killed before the last block: the store gets that one, and has nobody to tell of it.
        (home / "called-back.bin").put(source(CONTENT, LAST_BLOCK, kill), store=identifier(STORE))
    up.crash()
    up.start()
    with up.home() as home:
        # A listing never asks a store, so what is seen here was brought by the callback.
        def listed() -> list[int | None]:
            return [info.size for info in home.children() if info.name == "called-back.bin" and info.version == 1]

        wait_until(listed, "the callback is delivered again")
        assert listed() == [len(CONTENT)]
        assert (home / "called-back.bin").read_bytes() == CONTENT


def test_everything_killed_at_once_loses_nothing_that_was_acknowledged(up: Up, tmp_path: Path) -> None:
    contents = {f"{number}.bin": bytes([number]) * (1 + 100_000 * number) for number in range(6)}
    with up.home() as home:
        folder = home / "acknowledged"
        folder.mkdir()
        for number, (name, content) in enumerate(contents.items()):
            (folder / name).put(content, store=identifier(f"filestore-{1 + number % 2}"))
        (folder / "0.bin").set({"note": "kept too"})
        (folder / "1.bin").remove()
    up.crash()
    up.start()
    with up.home() as home:
        folder = home / "acknowledged"
        assert folder.listdir() == [name for name in contents if name != "1.bin"]
        for name in folder.listdir():
            assert (folder / name).read_bytes() == contents[name]
        assert (folder / "0.bin").info().properties["note"] == "kept too"


class Stopped(BaseException):
    """As Ctrl-C."""


def test_a_store_killed_under_a_put_that_was_stopped_before(
    up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store had safely it still has when it is back, and the put goes on behind it."""
    monkeypatch.setattr(sources, "LARGE", MB)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    content = CONTENT * 2
    file = tmp_path / "large.bin"
    file.write_bytes(content)

    def stop(done: int, _: int | None) -> None:
        if done >= 3 * MB:
            raise Stopped

    with up.home() as home, pytest.raises(Stopped):
        (home / "killed.bin").put(file, store=identifier(STORE), progress=stop)
    (journal,) = (tmp_path / "vofiles" / "uploads").iterdir()
    transfer = json.loads(journal.read_text())["transfer"]
    with up.home() as home:
        node = home / "killed.bin"

        def is_kept() -> bool:
            now = node.transfer(transfer)
            return now.state == "OFFERED" and now.bytes_done > 0

        wait_until(is_kept, "the store has made safe what came, and waits for the rest")
        safe = node.transfer(transfer).bytes_done

    told: list[int] = []

    def kill(done: int, _: int | None) -> None:
        told.append(done)
        if done >= 6 * MB and up.is_running and len(begun()) == 1:
            up.kill(STORE)
            assert up.finish().code == 1

    def begun() -> list[int]:
        """Where connections began."""
        return [done for before, done in zip([len(content), *told], told, strict=False) if done < before]

    def start_again(_: float) -> None:
        if not up.is_running:
            up.start()

    with up.home(start_again) as home:
        node = home / "killed.bin"
        info = node.put(file, store=identifier(STORE), progress=kill)
        assert (info.version, info.size) == (1, len(content))
        assert node.transfer(transfer).state == "COMPLETED"
        assert node.read_bytes() == content
    assert begun()[0] >= safe > 0
    assert min(begun()) == begun()[0], "what was safe before the kill is safe after it"
    assert len(begun()) > 1
