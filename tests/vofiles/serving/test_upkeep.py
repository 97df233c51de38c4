"""Upkeep: what is done again and again, whatever becomes of one turn."""

import threading

import pytest
import structlog

from vofiles.errors import ServiceBusy
from vofiles.serving.upkeep import Ticker


@pytest.mark.parametrize(
    ("error", "event", "level"),
    [
        (ServiceBusy("the object store does not answer"), "a turn was put off", "warning"),
        (OSError(5, "broken"), "a turn failed", "error"),
    ],
)
def test_a_turn_that_fails_is_told_and_the_next_one_comes(error: Exception, event: str, level: str) -> None:
    turns, twice = [0], threading.Event()

    def work() -> None:
        turns[0] += 1
        if turns[0] == 1:
            raise error
        twice.set()

    with structlog.testing.capture_logs() as told:
        ticker = Ticker(work, 0.001)
        ticker.start()
        assert twice.wait(30)
        ticker.stop()
    (line,) = told
    assert (line["event"], line["log_level"]) == (event, level)
    assert ("exc_info" in line) == (level == "error"), "one line for what others are to blame for"
