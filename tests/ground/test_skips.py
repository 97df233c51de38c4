"""In CI a skipped test fails the run: tried with pytest on small suites of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='no such server')\ndef test_one(): pass\n\ndef test_two(): pass\n"
EXCUSED = SKIPPED.replace("@pytest.mark.skip", "@pytest.mark.platform\n@pytest.mark.skip")
MODULE = "import pytest\npytest.importorskip('no_such_module')\n"
RUNS = "def test_one(): pass\n"


def run(folder: Path, suite: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest over one file with our conftest beside it."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_it.py").write_text(suite)
    (folder / "test_other.py").write_text(RUNS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = platform\n")
    clean = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    return subprocess.run(command, cwd=folder, env=clean | environment, capture_output=True, text=True)


@pytest.mark.parametrize("suite", [SKIPPED, MODULE])
def test_a_skip_fails_the_run_in_ci(tmp_path: Path, suite: str) -> None:
    result = run(tmp_path, suite, CI="true")
    assert result.returncode == 1, result.stdout
    assert "CI skips nothing, but: test_it.py" in result.stdout


@pytest.mark.parametrize("suite", [SKIPPED, MODULE])
def test_a_skip_passes_elsewhere(tmp_path: Path, suite: str) -> None:
    assert run(tmp_path, suite).returncode == 0


@pytest.mark.parametrize("suite", [EXCUSED, RUNS])
def test_ci_excuses_what_the_machine_cannot_do(tmp_path: Path, suite: str) -> None:
    result = run(tmp_path, suite, CI="true")
    assert result.returncode == 0, result.stdout
