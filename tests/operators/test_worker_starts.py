"""Several processes of a server that start: on PostgreSQL alone, and each with the one schema."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.databases import new_database, server
from tests.support.pair import PROJECT, Databases, Key, Pair

__all__ = ["server"]

pytestmark = pytest.mark.timeout(300)  # processes of their own, on a machine that may be busy


@pytest.mark.parametrize("program", ["filemanager", "filestore"])
def test_sqlite_is_for_one_process(tmp_path: Path, program: str) -> None:
    pair = Pair(tmp_path)
    with contextlib.closing(pair.manager.listener), contextlib.closing(pair.store.listener):
        pair.write_manager(Key())
        pair.write_store(Key())
        done = subprocess.run(
            [sys.executable, "-m", program, "-c", tmp_path / f"{program}.toml", "serve", "--workers", "2"],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert "PostgreSQL" in done.stderr
    assert done.stderr.count("\n") == 1


def test_several_that_start_at_once_make_the_schema_once(server: str | None, tmp_path: Path) -> None:
    pair = Pair(tmp_path, Databases(manager=new_database("postgresql", server, tmp_path)))
    with contextlib.closing(pair.manager.listener), contextlib.closing(pair.store.listener):
        pair.write_manager(Key())
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "filemanager", "-c", pair.manager.config, "account", "list"],
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        assert [(each.communicate(timeout=120)[1], each.returncode) for each in started] == [("", 0)] * 3
