"""Logs that no value can forge or flood, without tickets."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from vofiles.serving.logs import Form, tame


@pytest.mark.parametrize(
    ("value", "tamed"),
    [
        ("plain", "plain"),
        ("a\r\nforged", "a\\r\\nforged"),
        ("a\x1b[31m", "a\\x1b[31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("http://x/content/TICKET?a", "http://x/content/…?a"),
        ("GET /content/TICKET HTTP/1.1 and /content/OTHER", "GET /content/… HTTP/1.1 and /content/…"),
        ("é", "é"),
    ],
)
def test_values_are_tamed(value: str, tamed: str) -> None:
    assert tame(value) == tamed


def test_values_are_capped() -> None:
    assert len(tame("x" * 100_000)) < 2_100
    assert "100000 characters" in tame("x" * 100_000)


PROGRAM = """if True:
    import logging, structlog, sys
    from twisted.logger import Logger
    from twisted.python.failure import Failure
    from vofiles.serving.logs import Form, configure
    configure(Form(sys.argv[1]))
    log = structlog.get_logger("ours")
    log.info("hello", value="a\\nb /content/TICKET", number=1, thing={"k": "\\n"})
    log.debug("not said")
    try:
        raise OSError("at /content/TICKET")
    except OSError:
        log.exception("failed")
    logging.getLogger("library").warning("careful %s", "\\n")
    logging.getLogger("library").info("not said")
    Logger("twisty").error("twisted said {what}", what="so")
    Logger("twisty").info("not said")
    try:
        raise ValueError("deep")
    except ValueError:
        Logger("twisty").failure("went wrong", Failure())
"""


def run(form: Form) -> list[str]:
    """What a process that logs all this writes to standard error; nothing goes to standard output."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, form.value], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "TICKET" not in done.stderr
    assert "not said" not in done.stderr
    return done.stderr.splitlines()


def test_everything_logged_is_a_line_of_json() -> None:
    events = [json.loads(line) for line in run(Form.JSON)]
    assert [event["event"] for event in events] == [
        "hello", "failed", "careful \\n", "twisted said so", "went wrong"
    ]  # fmt: skip
    assert events[0]["value"] == "a\\nb /content/…"
    assert events[0]["number"] == 1
    assert "Traceback" in events[1]["exception"]
    assert events[2]["logger"] == "library"
    assert "ValueError: deep" in events[4]["exception"]
    assert {event["level"] for event in events} == {"info", "error", "warning"}


def test_a_person_reads_lines() -> None:
    lines = run(Form.CONSOLE)
    assert "hello" in lines[0]
    assert "nb /content/…" in lines[0]
    assert any(line.startswith("Traceback") for line in lines)
