"""Faults: where their trials run, and their numbers at the end of the report.

Rule: a test says what it has tried by `record_property`, under one of the names in NUMBERS.
"""

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.staged_sql import Staged, staged_engines

NUMBERS = ("effects", "crash points", "power-loss states", "seeded bugs caught", "failed system calls")
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where files cost little: thousands of small databases are made, and none has to outlive anything."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="vofiles-", dir=MEMORY))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def staged() -> Iterator[Staged]:
    with staged_engines() as staged:
        yield staged


@pytest.fixture
def strace(request: pytest.FixtureRequest) -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    if subprocess.run([found, "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        request.node.add_marker("platform")
        pytest.skip("this machine does not let processes be traced")
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name in NUMBERS:
                counted[name] += int(value)
    if counted:
        numbers = ", ".join(f"{counted[name]} {name}" for name in NUMBERS if counted[name])
        terminalreporter.write_line(f"faults: {numbers}")
