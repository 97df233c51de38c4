"""deploy/: units that name what there is, and that systemd understands where it is installed."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from filemanager.config import PORT as MANAGER_PORT
from filestore.config import PORT as STORE_PORT

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PORTS = {"filemanager": MANAGER_PORT, "filestore": STORE_PORT}


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "systemd" / name)
    return parser


@pytest.mark.parametrize("server", PORTS)
def test_a_unit_starts_a_command_that_there_is_on_the_port_that_is_its_default(server: str) -> None:
    service, sock = unit(f"{server}.service"), unit(f"{server}.socket")
    words = service["Service"]["ExecStart"].split()
    assert words == [f"/opt/vofiles/bin/{server}", "--config", f"/etc/vofiles/{server}.toml", "serve", "--log", "json"]
    scripts = (DEPLOY.parent / "setup.cfg").read_text()
    assert f"    {server} = {server}.__main__:main" in scripts
    assert sock["Socket"]["ListenStream"] == f"127.0.0.1:{PORTS[server]}"
    assert service["Unit"]["Requires"] == f"{server}.socket"
    assert service["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


@pytest.mark.platform
@pytest.mark.parametrize("server", PORTS)
def test_systemd_understands_the_units(server: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for name in (f"{server}.service", f"{server}.socket"):
        text = (DEPLOY / "systemd" / name).read_text()
        # The program is not installed here.
        (tmp_path / name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    done = subprocess.run(
        [analyze, "verify", tmp_path / f"{server}.service", tmp_path / f"{server}.socket"],
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert not said, done.stderr


def test_the_container_runs_either_server() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+)", text, flags=re.MULTILINE)
    assert all((DEPLOY.parent / path).exists() for path in copied)
    assert os.access(DEPLOY / "run-server", os.X_OK)
    done = subprocess.run(["sh", "-n", DEPLOY / "run-server"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
