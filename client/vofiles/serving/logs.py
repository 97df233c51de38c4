"""Logs: one line an event on standard error, as JSON or for a person's eyes, from us, the libraries and twisted alike.

The rule that keeps it so: whatever is logged passes `tame`, so no value forges a line, floods the log, or gives away
the ticket in a transfer URL.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from enum import Enum
from typing import Any, TextIO, cast

import structlog
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from zope.interface import implementer

CAP = 2_000  # characters of a value
TRACE_CAP = 20_000  # characters of a traceback
_TICKET = re.compile(r"(/content/)[^/?#\s\"'<>]+")
_TRACES = frozenset(("exception", "stack"))


class Form(Enum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


def bound_request_id() -> str | None:
    """The id of the request that this thread serves, where it serves one."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return found if isinstance(found, str) else None


def tame(value: str, cap: int = CAP, *, lines: bool = False) -> str:
    """`value` without tickets, at most `cap` characters long, with everything unprintable escaped (but line ends, with
    `lines`).
    """
    if "/content/" in value:
        value = _TICKET.sub(r"\1…", value)
    if len(value) > cap:
        value = f"{value[:cap]}… ({len(value)} characters)"
    if value.isprintable():
        return value
    return "".join([c if c.isprintable() or (lines and c == "\n") else ascii(c)[1:-1] for c in value])


def configure(form: Form, *, stream: TextIO | None = None) -> None:
    """Have structlog, the standard library's logging and twisted write to `stream` (standard error). Once per
    process.
    """
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=True)
    if form is Form.CONSOLE:
        renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _tame_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(logging.WARNING)
    globalLogBeginner.beginLoggingTo(
        [cast(ILogObserver, _observe_twisted)], discardBuffer=True, redirectStandardIO=False
    )


def _tame_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            trace = key in _TRACES
            event[key] = tame(value, TRACE_CAP if trace else CAP, lines=trace)
        elif not isinstance(value, int | float | bool | None):
            event[key] = tame(repr(value))
    return event


class _ToStructlog(logging.Handler):
    """Hands on what libraries log with the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger()
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - logging's own way with a record that cannot be formatted
            self.handleError(record)


@implementer(ILogObserver)
def _observe_twisted(event: LogEvent) -> None:
    """Hands on what twisted logs as a warning or worse."""
    level = event.get("log_level", LogLevel.info)
    if level < LogLevel.warn:
        return
    failure = event.get("log_failure")
    exception = None if failure is None else (failure.type, failure.value, failure.getTracebackObject())
    log = structlog.get_logger()
    log.error(formatEvent(event), logger=str(event.get("log_namespace", "twisted")), exc_info=exception)
