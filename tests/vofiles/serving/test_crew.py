"""A crew: what is planned is performed, whatever fails, until it is told to stop."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.serving import wait_until
from vofiles.serving import crew
from vofiles.serving.crew import Crew

Task = Callable[[], None]


class Desk:
    """The port `Labour` over a queue."""

    def __init__(self, *tasks: Task) -> None:
        self.tasks = deque(tasks)
        self.failing = 0
        """How many looks, from now on, fail."""
        self.recovered = 0
        self.frees: list[int] = []
        self._changed = threading.Condition()
        self._woken = False

    def recover(self) -> None:
        self._fail()
        self.recovered += 1

    def plan(self, free: int) -> list[Task]:
        self._fail()
        self.frees.append(free)
        return [self.tasks.popleft() for _ in range(min(free, len(self.tasks)))]

    def perform(self, assignment: Task) -> None:
        assignment()

    def pause(self) -> float:
        return 60.0

    def wait(self, longest: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._woken, longest)
            self._woken = False

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def add(self, task: Task) -> None:
        self.tasks.append(task)
        self.wake()

    def _fail(self) -> None:
        if self.failing:
            self.failing -= 1
            raise OSError("the disk fails")


@contextmanager
def at_work(desk: Desk, workers: int = 2) -> Iterator[Crew[Task]]:
    crew = Crew(desk, workers, "test")
    crew.start()
    try:
        yield crew
    finally:
        crew.stop()


def test_what_there_is_is_done_and_what_comes_later_too() -> None:
    done: list[int] = []
    desk = Desk(*(lambda number=number: done.append(number) for number in range(10)))
    with at_work(desk):
        wait_until(lambda: len(done) == 10, "all of it")
        desk.add(lambda: done.append(10))
        wait_until(lambda: len(done) == 11, "what came later")
    assert sorted(done) == [*range(11)]
    assert desk.recovered == 1


def test_no_more_is_asked_for_than_there_are_free_workers() -> None:
    let_go, begun = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        begun.release()
        let_go.wait(60)

    desk = Desk(hold, hold, hold)
    with at_work(desk, workers=2):
        try:
            assert begun.acquire(timeout=60)
            assert begun.acquire(timeout=60)
            desk.wake()
            assert not begun.acquire(blocking=False)
        finally:
            let_go.set()
        assert begun.acquire(timeout=60)
    assert max(desk.frees) <= 2


def test_a_task_that_fails_is_over_and_the_next_one_comes() -> None:
    done = threading.Event()

    def fail() -> None:
        raise RuntimeError("broken")

    with at_work(Desk(fail, fail, fail, done.set), workers=1):
        wait_until(done.is_set, "the one that does not fail")


def test_a_look_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "REST", 0.01)
    done = threading.Event()
    desk = Desk(done.set)
    desk.failing = 3
    with at_work(desk):
        wait_until(done.is_set, "what was to be done")
    assert desk.recovered == 1


def test_stopping_waits_for_what_is_under_way_and_begins_nothing() -> None:
    let_go, begun, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        let_go.wait(60)
        ended.set()

    desk = Desk(slow)
    with at_work(desk, workers=1) as running:
        wait_until(begun.is_set, "the beginning")
        desk.add(lambda: None)
        stopping = threading.Thread(target=running.stop)
        stopping.start()
        assert not ended.is_set()
        let_go.set()
        stopping.join(60)
        assert not stopping.is_alive()
    assert ended.is_set()
    assert len(desk.tasks) == 1


def test_what_never_started_is_stopped() -> None:
    Crew(Desk(), 1, "test").stop()
