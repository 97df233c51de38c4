"""Client processes, made once, that do a job all at the same time.

Rule: a job is data (it is pickled to the workers); what it opens, connections and sessions, lives in the worker that
opened it, and opening is never timed.
"""

import multiprocessing
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol

CONTEXT = multiprocessing.get_context("spawn")


class Job(Protocol):
    """Something a client can do again and again."""

    def open(self, worker: int) -> Callable[[int], None]:
        """Connects, and answers the function that does the job once; its argument counts the jobs of this worker."""
        ...


@dataclass(frozen=True)
class Burst:
    """What several clients did at once."""

    seconds: float
    """From the first client's start to the last one's end."""
    latencies: tuple[float, ...]
    """Seconds, one for each job."""

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return len(self.latencies) / self.seconds


class Crew:
    """As many worker processes as the largest burst needs."""

    def __init__(self, size: int) -> None:
        self._pipes: list[Connection] = []
        self._workers = []
        for number in range(size):
            ours, theirs = CONTEXT.Pipe()
            worker = CONTEXT.Process(target=work, args=(number, theirs), daemon=True)
            worker.start()
            self._pipes.append(ours)
            self._workers.append(worker)

    def burst(self, job: Job, clients: int, jobs: int) -> Burst:
        """`clients` workers share `jobs` of the job, at once. Raises what failed in a worker, as RuntimeError."""
        pipes = self._pipes[:clients]
        for pipe in pipes:
            pipe.send(job)
        for pipe in pipes:
            self._answer(pipe)
        for pipe in pipes:
            pipe.send(max(1, jobs // clients))
        answers = [self._answer(pipe) for pipe in pipes]
        started = min(answer[0][0] for answer in answers)
        ended = max(answer[-1][1] for answer in answers)
        return Burst(ended - started, tuple(end - start for answer in answers for start, end in answer))

    def _answer(self, pipe: Connection) -> list[tuple[float, float]]:
        failed, answer = pipe.recv()
        if failed:
            raise RuntimeError(f"a client failed:\n{answer}")
        times: list[tuple[float, float]] = answer
        return times

    def close(self) -> None:
        """Ends the workers."""
        for pipe in self._pipes:
            pipe.send(None)
        for worker in self._workers:
            worker.join(10)
            if worker.is_alive():
                worker.kill()


def work(number: int, pipe: Connection) -> None:
    """A worker's life: open a job, say so, do it as often as told, answer when each began and ended."""
    while (job := pipe.recv()) is not None:
        try:
            once = job.open(number)
            pipe.send((False, []))
            times = []
            for count in range(pipe.recv()):
                start = time.perf_counter()
                once(count)
                times.append((start, time.perf_counter()))
            pipe.send((False, times))
        except Exception:  # noqa: BLE001 - whatever it was, the crew's owner must hear of it
            pipe.send((True, traceback.format_exc()))
