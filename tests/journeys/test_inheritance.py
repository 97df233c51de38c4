"""What the servers of `vofiles up` inherit: the folder's lock, until they end; and nothing of the folder one is in."""

import os
import signal
from pathlib import Path

from tests.support.journey import Up, deployment, is_gone
from tests.support.serving import wait_until


def test_every_server_holds_the_folders_lock_until_it_ends(tmp_path: Path) -> None:
    with deployment(tmp_path / "data", "--port", "0") as up:
        servers = up.services()
        lock = str(up.folder / "lock")
        for pid in servers.values():
            assert lock in {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
        os.kill(up.process.pid, signal.SIGKILL)
        up.process.wait()
        up.finish()
        wait_until(lambda: all(map(is_gone, servers.values())), "no server is left")
    with deployment(tmp_path / "data", "--port", "0") as up:
        assert len(up.services()) == 3


def test_what_is_in_the_current_folder_is_not_run(tmp_path: Path) -> None:
    for name in ("filemanager", "filestore"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not the service')")
    with deployment(tmp_path / "data", "--port", "0") as up:
        assert isinstance(up, Up)
        assert len(up.services()) == 3
