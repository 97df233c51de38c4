"""What the servers of `vofiles up` inherit: the folder's lock, until they end; and nothing of the folder one is in."""

import os
import signal
from pathlib import Path

from tests.support.journey import Shell, Up, deployment, is_gone
from tests.support.serving import wait_until


def test_the_folder_is_taken_until_the_last_server_has_ended(tmp_path: Path) -> None:
    with deployment(tmp_path / "data", "--port", "0") as up:
        servers = up.services()
        # A server that stands still cannot end, although the kernel asks it to when its parent is gone.
        os.kill(servers["filestore-2"], signal.SIGSTOP)
        try:
            os.kill(up.process.pid, signal.SIGKILL)
            up.process.wait()
            done = Shell(tmp_path / "other").run("up", "--data", up.folder, "--port", "0")
            assert (done.code, done.err) == (1, f"vofiles: {up.folder}: another vofiles up runs on this folder\n")
        finally:
            os.kill(servers["filestore-2"], signal.SIGCONT)
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
