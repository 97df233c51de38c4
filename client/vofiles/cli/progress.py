"""Progress bars: for what takes longer than a moment, on a terminal, on standard error.

Rule: nothing is shown, and rich not even loaded, for what is over at once or where nobody watches.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vofiles.data import Progress
from vofiles.jobs import JobInfo, JobProgress
from vofiles.root import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

MOMENT = 0.5
"""Seconds."""


class _Bar:
    def __init__(self, label: str, *, counting: bool = False) -> None:
        """`counting`: things rather than bytes."""
        self._label = printable(label)
        self._counting = counting
        self._begun = time.monotonic()
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int | None) -> None:
        if self._bars is None and time.monotonic() - self._begun >= MOMENT:
            self._bars = _bars(counting=self._counting)
            self._bars.start()
            self._task = self._bars.add_task(self._label, total=total)
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=total)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()


def _bars(*, counting: bool) -> "Bars":
    from rich import progress as rich
    from rich.console import Console

    measured = (
        (rich.MofNCompleteColumn(),)
        if counting
        else (rich.DownloadColumn(binary_units=True), rich.TransferSpeedColumn(), rich.TimeRemainingColumn())
    )
    columns = (rich.TextColumn("{task.description}", markup=False), rich.BarColumn(), *measured)
    return rich.Progress(*columns, console=Console(stderr=True), transient=True)


@contextmanager
def bar(label: str) -> Iterator[Progress | None]:
    """What shows how far one movement of bytes is; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = _Bar(label)
    try:
        yield shown
    finally:
        shown.close()


class _JobBars:
    """Bytes where a job moves any, else its items."""

    def __init__(self, label: str) -> None:
        self._bytes, self._items = _Bar(label), _Bar(label, counting=True)

    def __call__(self, info: JobInfo) -> None:
        if info.bytes_total:
            self._bytes(info.bytes_done, info.bytes_total)
        else:
            self._items(info.done + info.failed, info.total)

    def close(self) -> None:
        self._bytes.close()
        self._items.close()


@contextmanager
def items(label: str) -> Iterator[JobProgress | None]:
    """What shows how far a job is; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = _JobBars(label)
    try:
        yield shown
    finally:
        shown.close()
