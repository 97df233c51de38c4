"""Helpers: what is done beside is done, in its order where it has one, and what it raises comes to who waits for it."""

import threading
from collections.abc import Callable, Iterator

import pytest

from vofiles.serving.http.beside import Beside


@pytest.fixture
def beside() -> Iterator[Beside]:
    helpers = Beside("helpers", 1)
    yield helpers
    helpers.stop()


def fail() -> None:
    raise OSError("it fails")


def test_what_raises_in_a_helper_raises_for_who_waits(beside: Beside) -> None:
    wait = beside.run(fail)
    with pytest.raises(OSError, match="it fails"):
        wait()


def test_who_finds_no_helper_does_it_himself(beside: Beside) -> None:
    goes_on, threads = threading.Event(), [threading.current_thread()]
    first = beside.run(goes_on.wait)
    beside.run(lambda: threads.append(threading.current_thread()))()
    assert threads[1:] == threads[:1]
    goes_on.set()
    first()


def test_works_in_order_begin_by_themselves_one_after_the_other(beside: Beside) -> None:
    goes_on, done, running = threading.Event(), [], threading.Lock()

    def work(number: int) -> Callable[[], None]:
        def note() -> None:
            goes_on.wait()
            assert running.acquire(blocking=False), "two at once"
            done.append(number)
            running.release()

        return note

    run = beside.in_order()
    waits = [run(work(number)) for number in range(50)]
    goes_on.set()
    waits[-1]()
    assert done == list(range(50))
    run(work(50))()  # also after a time in which there was nothing to do
    assert done[-1] == 50


def test_works_in_order_without_a_helper(beside: Beside) -> None:
    goes_on, done = threading.Event(), []
    first = beside.run(goes_on.wait)
    run = beside.in_order()
    for number in range(3):
        run(lambda number=number: done.append(number))  # type: ignore[misc]
        assert done[-1] == number
    goes_on.set()
    first()


def test_after_one_that_failed_none_is_begun(beside: Beside) -> None:
    goes_on, done = threading.Event(), []
    run = beside.in_order()
    waits = [run(goes_on.wait), run(fail), run(lambda: done.append(1))]
    goes_on.set()
    waits[0]()
    for wait in (*waits[1:], run(lambda: done.append(2))):
        with pytest.raises(OSError, match="it fails"):
            wait()
    assert not done
