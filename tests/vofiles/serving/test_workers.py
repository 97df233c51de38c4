"""Workers and their parent, with small programs in the place of servers."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.journey import is_gone
from tests.support.serving import wait_until
from vofiles.listen import Metrics
from vofiles.serving.seat import ALONE, Seat, parse_seat

PROJECT = Path(__file__).resolve().parents[3]

PARENT = """
import sys
from vofiles.serving.logs import Form, configure
from vofiles.serving.workers import Enterprise, Workers, WorkersEnded
configure(Form.JSON)
def command(seat):
    return [sys.executable, "-c", sys.argv[2], sys.argv[1], str(seat)]
try:
    Workers(Enterprise(3, command, (), 0.0), lambda address: print("ready", address, flush=True)).run()
except WorkersEnded as error:
    sys.exit(str(error))
"""
WORKER = """
import os, signal, sys
folder, seat = sys.argv[1:]
def note(word):
    with open(folder + "/log", "a") as log:
        log.write(f"{word} {seat} {os.getpid()}\\n")
signal.signal(signal.SIGHUP, lambda *_: note("reload"))
signal.signal(signal.SIGTERM, lambda *_: (note("stop"), sys.exit(0)))
note("start")
"""
SERVING = """
print("ready http://here", flush=True)
while True:
    signal.pause()
"""


@contextmanager
def parent(folder: Path, worker: str) -> Iterator["subprocess.Popen[str]"]:
    """A parent whose workers run this program; what was started ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), folder, WORKER + worker],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "client")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def noted(folder: Path) -> list[list[str]]:
    """Word, seat and process of everything that workers noted."""
    log = folder / "log"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def await_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready http://here\n"


def test_the_first_serves_before_the_others_start(tmp_path: Path) -> None:
    with parent(tmp_path, SERVING) as process:
        await_ready(process)
        started = [(word, seat) for word, seat, _ in noted(tmp_path)]
        assert started[0] == ("start", "1/3/first")
        assert sorted(started[1:]) == [("start", "2/3"), ("start", "3/3")]
        process.terminate()
        assert process.wait(60) == 0
    assert sorted(seat for word, seat, _ in noted(tmp_path) if word == "stop") == ["1/3/first", "2/3", "3/3"]


def test_a_seat_is_taken_again_and_never_as_the_first(tmp_path: Path) -> None:
    with parent(tmp_path, SERVING) as process:
        await_ready(process)
        first = int(noted(tmp_path)[0][2])
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(noted(tmp_path)) == 4, "another one starts")
        assert noted(tmp_path)[3][:2] == ["start", "1/3"]


def test_a_reload_reaches_all_that_serve(tmp_path: Path) -> None:
    with parent(tmp_path, SERVING) as process:
        await_ready(process)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: [word for word, _, _ in noted(tmp_path)].count("reload") == 3, "all reload")


def test_none_outlives_its_parent(tmp_path: Path) -> None:
    with parent(tmp_path, SERVING) as process:
        await_ready(process)
        process.kill()
        process.wait(60)
        wait_until(lambda: all(is_gone(int(pid)) for _, _, pid in noted(tmp_path)), "all end")


def test_what_cannot_start_is_said_and_everything_ends(tmp_path: Path) -> None:
    with parent(tmp_path, "sys.exit(3)") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot start" in errors


def test_one_that_cannot_start_again_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    """Where it served once, a start that fails may be a matter of seconds; five in a row are not."""
    broken = f"if os.path.exists(folder + '/broken'): sys.exit(7){SERVING}"
    with parent(tmp_path, broken) as process:
        await_ready(process)
        (tmp_path / "broken").touch()
        second = next(int(pid) for _, seat, pid in noted(tmp_path) if seat == "2/3")
        os.kill(second, signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "worker 2 cannot start: it ended with code 7" in errors
    assert [word for word, seat, _ in noted(tmp_path) if seat == "2/3"] == ["start"] * 6
    assert all(is_gone(int(pid)) for _, _, pid in noted(tmp_path))


@pytest.mark.parametrize("seat", [Seat(2, 3, first=False), Seat(1, 3, first=True), Seat(1, 1, first=False)])
def test_a_seat_is_read_as_it_is_written(seat: Seat) -> None:
    assert parse_seat(str(seat)) == seat


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "a/b"])
def test_what_is_no_seat(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        parse_seat(text)


def test_what_a_seat_has_of_its_own() -> None:
    assert (ALONE.alone, ALONE.mark, ALONE.share(32)) == (True, "", 32)
    third = Seat(3, 3, first=False)
    assert (third.alone, third.mark, third.share(32), third.share(1)) == (False, "3.", 11, 1)
    assert third.metrics(Metrics(port=9000)).port == 9002
    assert third.metrics(Metrics(port=0)).port == 0
    assert third.metrics(Metrics()).port is None
