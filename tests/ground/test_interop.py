"""The foreign clients of tests/interop are installed where a change is checked, and stay out of everybody's own run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.clients import ASTROGRID, CLIENTS
from tests.interop.generators.toolkits import TOOLKITS
from tests.interop.recipes import WITHOUT_JOB

ROOT = Path(__file__).parents[2]
BY_PYPI = {"nodejs", "npm"}
"""The environment `interop` brings these itself: the toolkit wants a newer one than Debian has."""
TRIED = {row.name: row.packages for row in (*CLIENTS, *ASTROGRID, *WITHOUT_JOB)}
TRIED |= {f"stubs of {row.name}": row.packages for row in TOOLKITS if not row.heavy}


@pytest.mark.parametrize("name", TRIED)
def test_what_a_client_needs_is_installed_in_ci(name: str) -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    installed = {
        word for line in lines if line.startswith("packages") for word in line[line.index("(") + 1 : -1].split()
    }
    assert set(TRIED[name].split()) - BY_PYPI <= installed


def collected(*arguments: str) -> list[str]:
    """The tests that pytest finds in tests/interop when called so."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [line for line in result.stdout.splitlines() if line.startswith("tests/interop/")]


def test_the_clients_are_tried_only_where_they_are_named() -> None:
    others = (folder for folder in (ROOT / "tests").iterdir() if folder.is_dir() and folder.name != "interop")
    assert collected("tests", *(f"--ignore={folder}" for folder in others)) == []
    assert collected("tests/interop")
