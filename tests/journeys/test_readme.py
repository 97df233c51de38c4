"""The README's commands and its script, run as they stand there, against real services."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import RunningServices, User, running_services
from vofiles.cli.demo.play import contents
from vofiles.cli.demo.web import small_web

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
EXAMPLE = "http://127.0.0.1:8080"
ARCHIVE = "http://archive.example.org"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    with running_services(tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with the files that the README speaks of."""
    files = contents()
    (tmp_path / "query-7.vot").write_bytes(files["gemini.vot"])
    (tmp_path / "notes.txt").write_bytes(b"notes")
    (tmp_path / "more.txt").write_bytes(b"more")
    (tmp_path / "images").mkdir()
    for name in ("m13.fits", "chandra-time.fits"):
        (tmp_path / "images" / name).write_bytes(files[name])
    return tmp_path


def block(heading: str, language: str) -> str:
    """The code under a heading, one block after the other."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, heading
    return "".join(found)


def run(command: list[str], user: User, here: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}",
        "XDG_CONFIG_HOME": str(here / "config"),
    }
    return subprocess.run(
        command, cwd=here, env=environment, input=f"{user.password}\n", capture_output=True, text=True, check=False
    )


def test_the_commands(services: RunningServices, here: Path) -> None:
    user = services.add_account("anna")
    lines = [line.partition("#")[0].strip() for line in block("The main job, by command line", "sh").splitlines()]
    commands = [shlex.split(line) for line in lines if line]
    assert [command[0] for command in commands] == ["vofiles"] * len(commands)
    assert {command[1] for command in commands} >= {"login", "mkdir", "put", "ls", "info", "get", "rm", "mv", "cp"}
    with small_web({"m31.vot": contents()["irsa-m31.vot"]}) as web:
        for command in commands:
            told = ["--user", user.name, "--password-stdin"] if command[1] == "login" else []
            words = [
                word.replace(EXAMPLE, services.manager.address).replace(ARCHIVE, web.address) for word in command[1:]
            ]
            done = run([sys.executable, "-m", "vofiles.cli.main", *words, *told], user, here)
            assert done.returncode == 0, (command, done.stderr)
    assert web.received["in/results/query-7.vot"] == (here / "query-7.vot").read_bytes()
    assert (here / "copy.vot").read_bytes() == (here / "query-7.vot").read_bytes()
    assert (here / "first.txt").read_bytes() == b"notes"


def test_the_script(services: RunningServices, here: Path) -> None:
    user = services.add_account("dave")
    with small_web({"m31.vot": contents()["irsa-m31.vot"]}) as web:
        script = (
            block("By Python", "python")
            .replace(EXAMPLE, services.manager.address)
            .replace('password="..."', f'password="{user.password}"')
            .replace(ARCHIVE, web.address)
        )
        assert "..." not in script
        done = run([sys.executable, "-W", "error", "-c", script], user, here)
    assert done.returncode == 0, done.stderr
    assert (here / "copy.vot").read_bytes() == (here / "query-7.vot").read_bytes()
    assert "query-7.vot 9465 ivo://" in done.stdout
    assert "home:solar-project/results/older.vot\n" in done.stdout
