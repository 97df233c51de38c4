"""A sized pool of threads with a bounded queue in front, for control handlers and for reading files.

The rule that keeps it so: work that does not fit is refused at once, so a server that cannot keep up says so (503).
twisted's own pool queues without bound and takes locks for every call.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

import structlog

_log = structlog.get_logger(__name__)

Work = Callable[[], None]


class Pool:
    """`size` threads run what is submitted; at most about `waiting` jobs queue behind them."""

    def __init__(self, name: str, size: int, waiting: int = 1024) -> None:
        if size < 1 or waiting < 1:
            raise ValueError("a pool has at least one thread and one place in its queue")
        self._bound = waiting
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work) -> bool:
        """Have `work` run by a thread; False when the queue is full. From any thread."""
        if self._queue.qsize() >= self._bound:
            return False
        self._queue.put(work)
        return True

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return self._queue.qsize()

    def stop(self, seconds: float = 10.0) -> None:
        """Run what is queued, end the threads, and wait up to `seconds` for each."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(seconds)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception:  # noqa: BLE001 - a thread of the pool outlives whatever one job raises
                _log.exception("work in a pool failed")
