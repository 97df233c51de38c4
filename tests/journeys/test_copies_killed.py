"""Copies between stores, and a store that is drained, with real processes of which one is killed in the middle: after
the start everything is readable, the job comes to its end, and tree and stores fit each other.
"""

from collections.abc import Iterator

import pytest

from tests.support.journey import Up, deployment
from tests.support.operating import Ended, command
from tests.support.serving import wait_until
from vofiles.cli.deployment import identifier
from vofiles.contract import JobState
from vofiles.jobs import Job
from vofiles.tree import Home

FIRST, SECOND = identifier("filestore-1"), identifier("filestore-2")
CONTENTS = {f"{number}.bin": bytes([number]) * (1 + number * 50_000) for number in range(6)}
COPIES = [f"copy {number}" for number in range(3)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A deployment with a folder of files in the first store, and folders with copies of them."""
    with deployment(tmp_path_factory.mktemp("copies") / "data") as started:
        with started.home() as home:
            (home / "solar").mkdir()
            for name, content in CONTENTS.items():
                (home / "solar" / name).put(content, store=FIRST)
            (home / "many").mkdir()
            for name in COPIES:
                (home / "solar").copy_to(home / "many", name)
        yield started


def manager(up: Up, *words: str) -> Ended:
    """A command of the operator's."""
    return command("filemanager", up.folder / "filemanager.toml", *words)


def require_whole(home: Home, folder: str, store: str) -> None:
    """Every copy of every file is there, byte for byte, and in that store."""
    for copy in COPIES:
        for name, content in CONTENTS.items():
            node = home / folder / copy / name
            assert node.read_bytes() == content
            assert node.info().store == store


def require_clean(up: Up) -> None:
    """The checker finds nothing."""
    done = manager(up, "check")
    assert done.returncode == 0, done.stdout + done.stderr


def kill_in_the_middle(up: Up, job: Job, victim: str) -> None:
    """End a server once some of a job is done, and start everything again."""

    def has_begun() -> bool:
        return job.refresh().done > 0

    wait_until(has_begun, "the first item is done")
    up.kill(victim)
    assert up.finish().code == 1
    up.start()


@pytest.mark.parametrize("victim", ["filestore-1", "filestore-2", "filemanager"])
def test_a_copy_between_stores_comes_to_its_end_whoever_is_killed(up: Up, victim: str) -> None:
    with up.home() as home:
        job = (home / "many").copy_to(home / f"to {victim}", store=SECOND, wait=False)
        assert job is not None
        kill_in_the_middle(up, job, victim)
    with up.home() as home:
        require_ended(home.job(job.id))
        require_whole(home, f"to {victim}", SECOND)
        (home / f"to {victim}").remove(recursive=True, purge=True)
    require_clean(up)


def test_a_drain_comes_to_its_end_when_the_filemanager_is_killed_and_people_work(up: Up) -> None:
    with up.home() as home:
        total = left_in(home, FIRST)
    drained = manager(up, "store", "drain", FIRST)
    assert drained.returncode == 0, drained.stderr
    with up.home() as home:
        # Whoever begins a job has the service look for others, too.
        (home / "solar" / "0.bin").copy_to(home / "woken")

    with up.home() as home:
        wait_until(lambda: left_in(home, FIRST) < total, "some of it has gone")
        assert (home / "many" / COPIES[0] / "5.bin").read_bytes() == CONTENTS["5.bin"]
        (home / "new.bin").put(b"new")
        assert (home / "new.bin").info().store == SECOND
    up.kill("filemanager")
    up.finish()
    up.start()
    with up.home() as home:
        wait_until(lambda: left_in(home, FIRST) == 0, "the store is empty")
        require_whole(home, "many", SECOND)
        assert (home / "new.bin").read_bytes() == b"new"
    require_clean(up)
    assert manager(up, "store", "set-state", FIRST, "ACTIVE").returncode == 0


def left_in(home: Home, store: str) -> int:
    """How many contents a store still has."""
    return next(each.files for each in home.stores() if each.identifier == store)


def require_ended(job: Job) -> None:
    def ended() -> bool:
        return job.refresh().is_ended

    wait_until(ended, "the job's end")
    assert job.info.state == JobState.COMPLETED, [item.failure for item in job.items()]
