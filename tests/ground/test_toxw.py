"""toxw makes its environment under the lock, once, and hands its arguments to tox."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Stands in for python3: `-m venv DIR` makes a DIR with itself as python, and every call is written down.
PYTHON = """#!/bin/sh
echo "$@" >> "$CALLS"
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi
"""


def run(checkout: Path, *arguments: str, where: Path | None = None) -> list[str]:
    """The calls of python that toxw made."""
    calls = checkout / "calls"
    calls.write_text("")
    environment = os.environ | {"TOXW_PYTHON": str(checkout / "python3"), "CALLS": str(calls)}
    subprocess.run([checkout / "toxw", *arguments], env=environment, cwd=where, check=True, capture_output=True)
    return [line for line in calls.read_text().splitlines() if not line.startswith("-c")]


def checkout(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(ROOT / "toxw", folder)
    shutil.copy(ROOT / "constraints.txt", folder)
    python = folder / "python3"
    python.write_text(PYTHON)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return folder


def test_the_environment_is_made_once_under_the_lock_and_again_when_the_lock_changes(tmp_path: Path) -> None:
    place = checkout(tmp_path / "a checkout")
    tox = f"-m tox --conf {place}/tox.ini -e lint -- --fix"
    made = [
        f"-m venv {place}/.toxw",
        f"-m pip install --quiet --disable-pip-version-check --constraint {place}/constraints.txt tox",
    ]
    assert run(place, "-e", "lint", "--", "--fix") == [*made, tox]
    assert run(place, "-e", "lint", "--", "--fix", where=tmp_path) == [tox]
    (place / "constraints.txt").write_text("tox==5\n")
    assert run(place, "-e", "lint", "--", "--fix") == [*made, tox]


def test_a_half_made_environment_is_made_again(tmp_path: Path) -> None:
    place = checkout(tmp_path / "checkout")
    run(place)
    (place / ".toxw" / "made-under").unlink()
    assert run(place)[0] == f"-m venv {place}/.toxw"


def test_another_python_is_refused_in_words(tmp_path: Path) -> None:
    place = checkout(tmp_path / "checkout")
    environment = os.environ | {"TOXW_PYTHON": "/bin/false"}
    result = subprocess.run([place / "toxw"], env=environment, capture_output=True, text=True)
    assert result.returncode == 2
    assert "no Python 3.11 found" in result.stderr
    assert not (place / ".toxw").exists()
