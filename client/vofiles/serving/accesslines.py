"""The access log: one line for each request, in groups.

It runs on the reactor for every request, so it stands beside structlog, and several lines share a call of the system.

Rule: a line waits at most `MOMENT`, and is written before the process ends, unless that is killed. A group is at most
what a pipe takes in one piece, so that the lines of several processes on one pipe stay whole.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF
from typing import Final, TextIO

from .http.access import AccessRecord
from .logs import Form, tame

MOMENT: Final = 0.05
"""Seconds that a line may wait for others."""
PATHS: Final = 1024
"""Paths that are remembered as they are shown."""
METHOD: Final = 32
"""Characters of a method that are shown; no standard one has as many."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function in so many seconds, in the thread that adds lines."""


class AccessLines:
    """Writes a line for each request. For one thread.

    Method, request id and peer need no taming: the engine has checked their characters.
    """

    def __init__(self, form: Form, *, stream: TextIO | None = None, later: Later | None = None) -> None:
        """To `stream` (standard error); each line by itself where there is no `later`."""
        self._stream, self._later = stream or sys.stderr, later
        self._line = _json_line if form is Form.JSON else _console_line
        # Taming costs more than all the rest of a line, and some are asked for again and again.
        self._shown_path = lru_cache(PATHS)(_json_path if form is Form.JSON else tame)
        self._second, self._shown = 0, ""
        self._lines: list[str] = []
        self._length = 0
        self._awaited = False

    def add(self, record: AccessRecord) -> None:
        """A request is over."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._shown = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        stamp = f"{self._shown}.{int((now - second) * 1000):03d}Z"
        line = self._line(record, stamp, self._shown_path(record.path))
        length = len(line.encode())
        self._length += length
        if self._length > PIPE_BUF:
            self.write_out()
            self._length = length
        self._lines.append(line)
        if self._later is None:
            self.write_out()
        elif not self._awaited:
            self._awaited = True
            self._later(MOMENT, self._write_in_time)

    def write_out(self) -> None:
        """Write what waits."""
        lines, self._lines, self._length = self._lines, [], 0
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()

    def _write_in_time(self) -> None:
        self._awaited = False
        self.write_out()


def _json_path(path: str) -> str:
    return json.dumps(tame(path))


def _json_line(record: AccessRecord, stamp: str, path: str) -> str:
    method, _, status, size, seconds, request_id, peer, complete, operation, _ = record
    cut = "" if complete else ', "complete": false'
    done = f', "operation": "{operation}"' if operation else ""
    return (
        f'{{"event": "request", "level": "info", "timestamp": "{stamp}", "method": "{method[:METHOD]}", '
        f'"path": {path}, "status": {status}, "size": {size}, "ms": {seconds * 1000:.3f}, '
        f'"request_id": "{request_id}", "peer": "{peer}"{done}{cut}}}\n'
    )


def _console_line(record: AccessRecord, stamp: str, path: str) -> str:
    method, _, status, size, seconds, request_id, peer, complete, operation, _ = record
    cut = "" if complete else " incomplete"
    done = f" operation={operation}" if operation else ""
    return (
        f"{stamp} {status} {method[:METHOD]} {path} size={size} ms={seconds * 1000:.3f} "
        f"request_id={request_id} peer={peer}{done}{cut}\n"
    )
