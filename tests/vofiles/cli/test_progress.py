"""Progress: shown on a terminal for what takes longer than a moment, of bytes where there are any, else of items."""

import io
import sys
from datetime import UTC, datetime

import pytest

from vofiles import JobInfo
from vofiles.cli import progress
from vofiles.cli.following import following

AT = datetime(2026, 11, 22, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def job(done: int, bytes_total: int) -> JobInfo:
    return JobInfo("17", "copy", "RUNNING", AT, AT, None, 40, done, 1, bytes_total, bytes_total // 4, None)


def shown(monkeypatch: pytest.MonkeyPatch, label: str, *seen: JobInfo, moment: float = 0.0) -> str:
    """What a terminal gets of a job that was seen so."""
    terminal = Terminal()
    # Not in a fixture: pytest takes standard error back for itself between the two.
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "MOMENT", moment)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with following(label) as told:
        for info in seen:
            told(info)
    return terminal.getvalue()


def test_a_job_that_moves_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, "a \x1b[2Jname", job(3, 40 << 20))
    assert "10.0/40.0 MiB" in said
    assert "\x1b[2Jname" not in said


def test_a_job_that_moves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, "name", job(3, 0), job(39, 0))
    assert "40/40" in said
    assert "iB" not in said


def test_what_is_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, "name", job(3, 40 << 20), moment=3600.0) == ""
