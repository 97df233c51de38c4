"""The benchmarks run: a few jobs of each kind with every server up, so that they do not rot between measurements."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bytes.results import Figure, Figures, add_to

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)  # half a minute each where nothing else runs


def test_a_few_jobs_of_each_kind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--directory", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    for title in ("The whole job: put", "The whole job: get", "SOAP calls"):
        assert f"### {title}" in result.stdout
    assert list(tmp_path.iterdir()) == [], "what the servers kept is taken away"


def test_bytes(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    servers = tmp_path / "servers"
    servers.mkdir()
    earlier = Figure("tmpfs", "PUT", 4096, 1, "ours", rate=7.0, cpu=0.001, peak=1)
    add_to(kept, replace(earlier, rate=1.0), "an earlier run")
    add_to(kept, earlier, "the same work again")
    arguments = ["--smoke", "--directory", str(servers), "--keep", str(kept)]
    command = [sys.executable, "-m", "benchmarks.bytes", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    for title in ("PUT, disk: speed", "GET, disk: CPU of the server", "PUT, disk with TLS: peak memory, MiB"):
        assert f"### {title}" in result.stdout
    figures = Figures.read(kept)
    assert {"ours", "ours, fast digest", "ours, scratch", "WsgiDAV"} <= {figure.subject for figure in figures.all}
    assert [figure for figure in figures.all if figure.place == "tmpfs"] == [earlier]
    assert list(servers.iterdir()) == [], "what the servers kept is taken away"


def test_tables_of_bytes_that_were_kept(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    add_to(kept, Figure("disk", "PUT", 64 << 20, 1, "ours", rate=10.0, cpu=0.1, peak=1 << 20), "a run")
    add_to(kept, Figure("disk", "PUT", 64 << 20, 1, "nginx", rate=40.0, cpu=0.05, peak=1 << 20), "a run")
    command = [sys.executable, "-m", "benchmarks.bytes.tables", str(kept)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "| 64 MiB | 1       | 0.67 GB/s | 2.68 GB/s | 0.25         |" in result.stdout
    assert "| PUT 64 MiB, sha256 | 1       | speed   | ≥ 0.5  | 0.25 | missed |" in result.stdout


def test_single_calls(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.calls", "--smoke", "--directory", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    for title in (
        "CPU of the server, ms a call",
        "Calls a second, eight at once",
        "Targets",
        "Where it goes, ms a call",
    ):
        assert f"### {title}" in result.stdout
    assert list(tmp_path.iterdir()) == [], "what the servers kept is taken away"


def test_the_tree(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.tree", "--smoke", "--directory", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    for title in ("calls a second", "CPU of the server, ms a call", "ms from request to answer"):
        assert f"### 4 000 nodes: {title}" in result.stdout
    assert list(tmp_path.iterdir()) == [], "what the servers kept is taken away"


def test_slow_others(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.overload", "--smoke", "--directory", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    for title in ("Among 20 slow clients", "Among 3 imports from a slow source"):
        assert f"### {title}" in result.stdout
