"""Threads that help others: work that two can do at once is done by two where a helper is free.

Rule: nobody waits for a helper. Who finds none does the work himself, so that helpers may be few and need no queue.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore


class Beside:
    """`size` helpers; for any number of threads."""

    def __init__(self, name: str, size: int) -> None:
        self._free = Semaphore(size)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)

    def run(self, work: Callable[[], object]) -> Callable[[], object]:
        """Begin `work`; what is answered waits for its end, and raises what it raised. Without a helper it is done on
        return, and what it raises is raised here.
        """
        if not self._free.acquire(blocking=False):
            work()
            return _done
        return self._threads.submit(self._run, work).result

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            self._free.release()

    def stop(self) -> None:
        """Wait for what was begun, and end the helpers."""
        self._threads.shutdown()


def _done() -> None:
    """It was done already."""
