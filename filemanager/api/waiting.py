"""Answers that wait for the end of a transfer or of a job, as long as their caller will.

Rule: a waiting answer holds no thread. It is parked, woken at the end, and looks from time to time itself.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import Job, JobState, TransferAnswer, TransferState
from vofiles.serving.soap import Parked

LOOK_EVERY: Final = 2.0
"""Seconds after which a parked answer looks whether it has slept through its wake-up."""

A = TypeVar("A")
T = TypeVar("T")


def until_transfer_ends(
    desk: Desk, caller: Caller, begun: TransferAnswer, wait: float, answer: Callable[[TransferAnswer], A]
) -> A | Parked:
    """What `answer` makes of a transfer once it has ended, or as it stands after `wait` seconds. Raises what it failed
    of, unless nobody waits.
    """
    if wait == 0:
        return answer(begun)
    number = begun.transfer.transfer

    def look() -> tuple[TransferAnswer, bool]:
        found = desk.transfers.get_outcome(caller, number)
        return found, found.transfer.state in TransferState.ENDED

    return _park(desk, lambda wake: desk.transfers.subscribe(number, wake), wait, look, answer)


def until_job_ends(desk: Desk, caller: Caller, begun: Job, wait: float, answer: Callable[[Job], A]) -> A | Parked:
    """What `answer` makes of a job once it has ended, or as it stands after `wait` seconds."""
    if wait == 0 or begun.state in JobState.ENDED:
        return answer(begun)

    def look() -> tuple[Job, bool]:
        found = desk.jobs.get_job(caller, begun.job)
        return found, found.state in JobState.ENDED

    return _park(desk, lambda wake: desk.jobs.subscribe(begun.job, wake), wait, look, answer)


def _park(
    desk: Desk,
    subscribe: Callable[[Callable[[], None]], Callable[[], None]],
    wait: float,
    look: Callable[[], tuple[T, bool]],
    answer: Callable[[T], A],
) -> Parked:
    deadline = desk.clock.elapsed() + wait

    def finish() -> A | Parked:
        found, has_ended = look()
        return answer(found) if has_ended or desk.clock.elapsed() >= deadline else park()

    def park() -> Parked:
        left = max(0.0, deadline - desk.clock.elapsed())
        return Parked(subscribe, min(left, LOOK_EVERY), finish)

    return park()
