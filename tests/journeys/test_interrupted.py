"""Large files, and everything that can be killed under way: the same command again goes on where it stopped.

Rule: real processes, killed with SIGKILL at a place that the bytes themselves choose.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dying import die_at
from tests.support.journey import Shell, Up, deployment
from tests.support.serving import wait_until
from vofiles import sources
from vofiles.cli.deployment import identifier

MIB = 1 << 20
STORE = "filestore-1"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A deployment of which parts are killed."""
    with deployment(tmp_path_factory.mktemp("interrupted") / "data") as up:
        yield up


@pytest.fixture
def shell(up: Up, tmp_path: Path) -> Shell:
    shell = Shell(tmp_path / "work")
    shell.log_in(up)
    return shell


def content_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def test_commands_that_were_killed_are_typed_again(up: Up, shell: Shell) -> None:
    """With nothing but the program's own idea of what is large."""
    content = content_of(sources.LARGE + MIB)
    (shell.folder / "large.bin").write_bytes(content)
    put = ["put", "--store", identifier(STORE), "large.bin", "home:large.bin"]
    die_at(sources.LARGE, put, shell.environment, shell.folder, sources.LARGE)
    (journal,) = (shell.settings / "vofiles" / "uploads").iterdir()
    transfer = json.loads(journal.read_text())["transfer"]
    with up.home() as home:
        node = home / "large.bin"
        assert not node.transfer(transfer).done
        shell.require(*put)
        assert (node.transfer(transfer).state, node.transfer(transfer).bytes_done) == ("COMPLETED", len(content))
        assert node.info().version == 1
    assert not journal.exists()

    die_at(sources.LARGE // 2, ["get", "home:large.bin", "copy.bin"], shell.environment, shell.folder, sources.LARGE)
    left = sorted(each.name for each in shell.folder.glob("copy*"))
    assert left == ["copy.bin.vofiles-part", "copy.bin.vofiles-part.json"]
    shell.require("get", "--connections", "2", "home:large.bin", "copy.bin")
    assert (shell.folder / "copy.bin").read_bytes() == content
    assert [each.name for each in shell.folder.glob("copy*")] == ["copy.bin"]


class Stopped(BaseException):
    """As Ctrl-C."""


def test_a_store_killed_under_a_put_that_was_stopped_before(
    up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store had safely it still has when it is back, and the put goes on behind it."""
    monkeypatch.setattr(sources, "LARGE", MIB)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    content = content_of(8 * MIB)
    file = tmp_path / "large.bin"
    file.write_bytes(content)

    def stop(done: int, _: int | None) -> None:
        if done >= 3 * MIB:
            raise Stopped

    with up.home() as home, pytest.raises(Stopped):
        (home / "killed.bin").put(file, store=identifier(STORE), progress=stop)
    (journal,) = (tmp_path / "vofiles" / "uploads").iterdir()
    transfer = json.loads(journal.read_text())["transfer"]
    with up.home() as home:
        node = home / "killed.bin"
        wait_until(lambda: node.transfer(transfer).state == "OFFERED", "the store waits for the rest")
        safe = node.transfer(transfer).bytes_done

    told: list[int] = []

    def kill(done: int, _: int | None) -> None:
        told.append(done)
        if done >= 6 * MIB and up.is_running and len(begun()) == 1:
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
