"""Threads that help others: work that two can do at once is done by two where a helper is free.

Rule: nobody waits for a helper. Who finds none does the work himself, so that helpers may be few and need no queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock, Semaphore

Work = Callable[[], object]


class Beside:
    """`size` helpers; for any number of threads."""

    def __init__(self, name: str, size: int) -> None:
        self._free = Semaphore(size)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)

    def run(self, work: Work) -> Work:
        """Begin `work`; what is answered waits for its end, and raises what it raised. Without a helper it is done on
        return, and what it raises is raised here.
        """
        if not self._free.acquire(blocking=False):
            work()
            return _done
        return self._threads.submit(self._run, work).result

    def in_order(self) -> Callable[[Work], Work]:
        """A `run` whose works are done one after the other; by one thread at a time."""
        return _InOrder(self).run

    def _run(self, work: Work) -> None:
        try:
            work()
        finally:
            self._free.release()

    def stop(self) -> None:
        """Wait for what was begun, and end the helpers."""
        self._threads.shutdown()


class _InOrder:
    """Works of which each begins when the one before has ended, without a word from who gave them. None is begun after
    one that failed: they fail likewise.
    """

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self._lock = Lock()
        self._waiting: deque[tuple[Work, Future[None]]] = deque()
        self._helped = False
        """Whether somebody is at it."""
        self._failure: BaseException | None = None

    def run(self, work: Work) -> Work:
        done: Future[None] = Future()
        with self._lock:
            self._waiting.append((work, done))
            helped, self._helped = self._helped, True
        if not helped:
            self._beside.run(self._work_off)
        return done.result

    def _work_off(self) -> None:
        while (following := self._find_next()) is not None:
            work, done = following
            try:
                if self._failure is None:
                    work()
            except BaseException as error:  # noqa: BLE001 - it is raised to who waits
                self._failure = error
            if self._failure is None:
                done.set_result(None)
            else:
                done.set_exception(self._failure)

    def _find_next(self) -> tuple[Work, Future[None]] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._helped = False
            return None


def _done() -> None:
    """It was done already."""
