"""A crew: one thread that sees what is to be done next, and a few that do it.

    plan(free) ──► tasks ──► perform, each in a worker's thread ──► plan …        wait(pause()) while there is nothing

Rule: knows nothing of the work. What is to be done is asked anew each time, so that a crash loses nothing; a turn that
fails is logged, and the next one comes.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

import structlog

T = TypeVar("T")

REST = 5.0
"""Seconds until the next look after one that failed."""

_log = structlog.get_logger()


class Labour(Protocol[T]):
    """What a crew does."""

    def recover(self) -> None:
        """Called once, before anything else."""

    def plan(self, free: int) -> Sequence[T]:
        """Tasks to begin now, for about so many free workers; each is handed to `perform` once."""

    def perform(self, assignment: T) -> None:
        """Do one of these, in a worker's thread; wakes whoever waits once it is over."""

    def pause(self) -> float:
        """Seconds until there is something to do by itself."""

    def wait(self, longest: float) -> None:
        """Wait until there may be something to do, at most so many seconds."""

    def wake(self) -> None:
        """End a `wait`, or the next one."""


class Crew(Generic[T]):
    """Works from `start` until `stop`."""

    def __init__(self, labour: Labour[T], workers: int, name: str) -> None:
        self._labour, self._workers, self._name = labour, workers, name
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"{name}-worker")
        self._overseer = threading.Thread(target=self._serve, name=name, daemon=True)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._busy = 0

    def start(self) -> None:
        """Begin; what a crash left behind comes first."""
        self._overseer.start()

    def stop(self) -> None:
        """Begin nothing any more and wait for what is under way. Stopping twice, or what never started, is no error."""
        self._stopping.set()
        self._labour.wake()
        if self._overseer.ident is not None:
            self._overseer.join()
        self._pool.shutdown(wait=True)

    def _serve(self) -> None:
        recovered = False
        while not self._stopping.is_set():
            try:
                if not recovered:
                    self._labour.recover()
                    recovered = True
                pause = self._begin()
            except Exception:  # noqa: BLE001 - a busy database, a failing disk: the next turn may do better
                _log.exception("a turn failed", what=self._name)
                pause = REST
            if pause:
                self._labour.wait(pause)

    def _begin(self) -> float:
        """Hand out what can be done now; answers for how many seconds there is nothing more to hand out."""
        with self._lock:
            free = self._workers - self._busy
        if free <= 0:
            # Whoever is done first says so.
            return REST
        tasks = self._labour.plan(free)
        with self._lock:
            self._busy += len(tasks)
        for task in tasks:
            self._pool.submit(self._perform, task)
        return 0.0 if tasks else self._labour.pause()

    def _perform(self, task: T) -> None:
        try:
            self._labour.perform(task)
        except Exception:  # noqa: BLE001 - likewise
            _log.exception("a task failed", what=self._name)
        finally:
            with self._lock:
                self._busy -= 1
            self._labour.wake()
