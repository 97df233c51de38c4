"""What is waited for is said: once it is more than a moment, then less and less often, and whatever else is shown."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.commands import Command
from tests.support.pauses import Pauses
from vofiles import connecting, sources
from vofiles.cli import progress
from vofiles.cli.waits import Waits
from vofiles.waiting import Pause

MIB = 1 << 20
AWAY = "vofiles: The file store does not answer: Connection refused: waiting"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """In place of time."""
    pauses = Pauses()
    assert connecting.connect.__kwdefaults__ is not None
    monkeypatch.setitem(connecting.connect.__kwdefaults__, "wait", pauses)
    return pauses


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Has so many connections to where contents are be refused."""
    request, left = requests.Session.request, 0.0

    def refuse(self: requests.Session, method: str, url: str, *args: Any, **options: Any) -> requests.Response:
        nonlocal left
        if "/content/" in url and left > 0:
            left -= 1
            raise requests.ConnectionError(ConnectionRefusedError(111, "Connection refused"))
        return request(self, method, url, *args, **options)

    def set_away(times: float) -> None:
        nonlocal left
        left = times

    monkeypatch.setattr(requests.Session, "request", refuse)
    return set_away


def put(vofiles: Command, place: str, content: bytes) -> None:
    (vofiles.folder / "a.bin").write_bytes(content)
    vofiles.require("put", "a.bin", f"{place}/")


def test_a_store_that_stays_away(vofiles: Command, place: str, away: Callable[[float], None]) -> None:
    put(vofiles, place, b"small")
    away(float("inf"))
    for command in (("get", f"{place}/a.bin", "here"), ("put", "a.bin", f"{place}/")):
        done = vofiles.run(*command)
        lines = done.err.splitlines()
        assert (done.code, lines[0]) == (5, f"{AWAY}, for up to 3 s")
        assert [line.endswith("Connection refused (tried 6 times)") for line in lines[1:]] == [True]


def test_a_long_wait(
    vofiles: Command, place: str, away: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """It goes on for two minutes where nothing has to be sent again, and is spoken of less and less."""
    monkeypatch.setattr(sources, "LARGE", MIB)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (vofiles.folder / "large.bin").write_bytes(bytes(2 * MIB))
    away(float("inf"))
    done = vofiles.run("put", "large.bin", f"{place}/")
    *lines, last = done.err.splitlines()
    spans = ["", *(f" for {span} already" for span in ("10 s", "20 s", "40 s", "80 s"))]
    assert (done.code, lines) == (5, [f"{AWAY}{span}, for up to 2 min" for span in spans])
    assert "Connection refused" in last
    away(0)
    vofiles.require("put", "large.bin", f"{place}/")


def test_what_is_over_in_a_moment_is_not_spoken_of(
    vofiles: Command, place: str, away: Callable[[float], None], pauses: Pauses
) -> None:
    put(vofiles, place, b"small")
    before = pauses.count
    away(3)
    vofiles.require("get", f"{place}/a.bin", "here")
    assert pauses.count == before + 3


def test_what_only_takes_its_time_is_spoken_of_later(capsys: pytest.CaptureFixture[str]) -> None:
    waits = Waits()
    for passed in range(25):
        waits(Pause("The file store is not ready", 1.0, passed, float("inf"), trouble=False))
    said = [f"waiting for {span} already, for as long as it takes" for span in ("10 s", "20 s")]
    assert capsys.readouterr().err.splitlines() == [f"vofiles: The file store is not ready: {each}" for each in said]


def test_several_that_wait_say_it_once_and_another_wait_is_spoken_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits, times = Waits(), iter((0.0, 1.0, 100.0))
    monkeypatch.setattr("vofiles.cli.waits.time.monotonic", lambda: next(times))
    for _ in range(3):
        waits(Pause("It is away", 1.0, 1.5, 3.0, trouble=True))
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_line_stands_beside_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "MOMENT", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.bar("a.fits") as shown:
        assert shown is not None
        shown(10 * MIB, 40 * MIB)
        Waits()(Pause("It is away", 1.0, 1.5, 3.0, trouble=True))
        shown(20 * MIB, 40 * MIB)
    # On a line of its own, above the bar that is drawn anew.
    lines = terminal.getvalue().replace("\x1b[2K", "\n").splitlines()
    assert "vofiles: It is away: waiting, for up to 3 s" in [line.strip() for line in lines]
