"""Progress bars: for what takes longer than a moment, on a terminal, on standard error.

Rule: nothing is shown, and rich not even loaded, for what is over at once or where nobody watches.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vofiles.data import Progress
from vofiles.root import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

MOMENT = 0.5
"""Seconds."""


class _Bar:
    def __init__(self, label: str) -> None:
        self._label = printable(label)
        self._begun = time.monotonic()
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int | None) -> None:
        if self._bars is None and time.monotonic() - self._begun >= MOMENT:
            self._bars = _bars()
            self._bars.start()
            self._task = self._bars.add_task(self._label, total=total)
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=total)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()


def _bars() -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True))
    return Bars(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True)


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
