"""What is waited for is said: once it is more than a moment, then less and less often, and whatever else is shown."""

import io
import sys
from typing import Any

import pytest
import requests

from tests.support.commands import Command
from vofiles import connecting, sources
from vofiles.cli import progress
from vofiles.cli.waits import Waits
from vofiles.waiting import Pause, sleep

MIB = 1 << 20
AWAY = "vofiles: The file store does not answer: Connection refused: waiting"


class Away:
    """Has so many connections to where contents are be refused; meanwhile pauses are counted in place of being made."""

    def __init__(self) -> None:
        self.left = 0.0
        self.pauses = 0

    def wait(self, seconds: float) -> None:
        self.pauses += 1
        if not self.left:
            sleep(seconds)

    def refuse(self, url: str) -> None:
        if "/content/" in url and self.left > 0:
            self.left -= 1
            raise requests.ConnectionError(ConnectionRefusedError(111, "Connection refused"))


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    away, request = Away(), requests.Session.request

    def refuse(self: requests.Session, method: str, url: str, *args: Any, **options: Any) -> requests.Response:
        away.refuse(url)
        return request(self, method, url, *args, **options)

    monkeypatch.setattr(requests.Session, "request", refuse)
    assert connecting.connect.__kwdefaults__ is not None
    monkeypatch.setitem(connecting.connect.__kwdefaults__, "wait", away.wait)
    return away


def put(vofiles: Command, place: str, content: bytes) -> None:
    (vofiles.folder / "a.bin").write_bytes(content)
    vofiles.require("put", "a.bin", f"{place}/")


def test_a_store_that_stays_away(vofiles: Command, place: str, away: Away) -> None:
    put(vofiles, place, b"small")
    away.left = float("inf")
    for command in (("get", f"{place}/a.bin", "here"), ("put", "a.bin", f"{place}/")):
        done = vofiles.run(*command)
        lines = done.err.splitlines()
        assert (done.code, lines[0]) == (5, f"{AWAY}, for up to 3 s")
        assert [line.endswith("Connection refused (tried 6 times)") for line in lines[1:]] == [True]


def test_a_long_wait(vofiles: Command, place: str, away: Away, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """It goes on for two minutes where nothing has to be sent again, and is spoken of less and less."""
    monkeypatch.setattr(sources, "LARGE", MIB)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (vofiles.folder / "large.bin").write_bytes(bytes(2 * MIB))
    away.left = float("inf")
    done = vofiles.run("put", "large.bin", f"{place}/")
    *lines, last = done.err.splitlines()
    spans = ["", *(f" for {span} already" for span in ("10 s", "20 s", "40 s", "80 s"))]
    assert (done.code, lines) == (5, [f"{AWAY}{span}, for up to 2 min" for span in spans])
    assert "Connection refused" in last
    away.left = 0
    vofiles.require("put", "large.bin", f"{place}/")


def test_what_is_over_in_a_moment_is_not_spoken_of(vofiles: Command, place: str, away: Away) -> None:
    put(vofiles, place, b"small")
    before = away.pauses
    away.left = 3
    vofiles.require("get", f"{place}/a.bin", "here")
    assert away.pauses == before + 3


def test_what_only_takes_its_time_is_spoken_of_later(capsys: pytest.CaptureFixture[str]) -> None:
    waits = Waits()
    for passed in range(25):
        waits(Pause("The file store is not ready", 1.0, passed, float("inf"), trouble=False))
    said = [f"waiting for {span} already, for as long as it takes" for span in ("10 s", "20 s")]
    assert capsys.readouterr().err.splitlines() == [f"vofiles: The file store is not ready: {each}" for each in said]


def test_several_that_wait_say_it_once_and_another_wait_is_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, 1.0, 100.0))
    waits = Waits(lambda: next(times))
    for _ in range(3):
        waits(Pause("It is away", 1.0, 1.5, 3.0, trouble=True))
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_trouble_that_comes_back_again_and_again_is_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter(range(0, 24, 4))
    waits = Waits(lambda: next(times))
    for _ in range(6):
        waits(Pause("It is away", 1.0, 1.5, 3.0, trouble=True))
    assert len(capsys.readouterr().err.splitlines()) == 3


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
