"""kill -9 of a process that stores: what was acknowledged is there, the rest is as if it had not been."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from filestore.services.sweep import sweep
from tests.support import filestore_child
from tests.support.filestore_core import Core, disk_core
from vofiles.contract import ContainerState
from vofiles.instant import Instant

ROOT = Path(filestore_child.__file__).parents[2]


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'client'}"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.filestore_child", str(folder), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )


def acknowledged(output: str) -> list[tuple[str, str]]:
    """What the process was told; a line that the kill cut short does not count."""
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [(line[0], line[1]) for line in lines if len(line) == 2]


def check(core: Core, told: list[tuple[str, str]]) -> None:
    """The promises about a store that was killed and started again."""
    swept = sweep(core.store)
    assert (swept.missing, swept.orphans) == (0, 0)
    complete = core.store.catalogue.read(
        lambda records: records.list_containers(ContainerState.COMPLETE, Instant(2**62), "", 10_000)
    )
    # Nothing lies about that is not complete, and all that is complete is there, told of or not.
    assert sorted(core.store.backend.numbers()) == [container.number for container in complete]
    assert {number for number, _ in told} <= {container.number for container in complete}
    digests = dict(told)
    for container in complete:
        data = core.get(core.store.identifier.with_fragment(container.number))
        assert container.content is not None
        made = {digest.algorithm: digest.value for digest in container.content.digests}
        assert hashlib.sha256(data).hexdigest() == made["sha-256"]
        assert digests.get(container.number, made["sha-256"]) == made["sha-256"]
        assert core.store.backend.find_sidecar(container.number) is not None
    told_of = core.store.catalogue.read(lambda records: records.list_outgoing(Instant(2**62), 10_000, ()))
    assert len(told_of) == len(complete)
    # Sending what was broken off again works.
    for number in range(2):
        data = filestore_child.content(number)
        offer = core.offer(f"t{number}")
        if offer.endpoints:
            assert core.put(core.token(offer), data).receipt.size == len(data)


def test_killed_before_and_after_every_effect(tmp_path: Path) -> None:
    with start(tmp_path, "everywhere") as child:
        child.communicate(timeout=100)
    assert child.returncode == 0
    folders = sorted(tmp_path.iterdir(), key=lambda folder: int(folder.name))
    assert len(folders) > 30
    told: list[tuple[str, str]] = []
    for folder in folders:
        assert (folder / "status").read_text() == ("0" if folder == folders[-1] else str(-signal.SIGKILL))
        told = acknowledged((folder / "output").read_text())
        with disk_core(folder) as core:
            check(core, told)
    assert len(told) == 2


@pytest.mark.parametrize("acknowledgements", [1, 17])
def test_killed_at_any_time(tmp_path: Path, acknowledgements: int) -> None:
    child = start(tmp_path)
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(acknowledgements)]
    child.kill()
    output = "".join(lines) + child.stdout.read()
    child.stdout.close()
    child.wait(timeout=60)
    told = acknowledged(output)
    assert len(told) >= acknowledgements
    with disk_core(tmp_path) as core:
        check(core, told)
