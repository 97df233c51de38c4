"""Attempts: the same thing asked of one store after another, until one agrees.

Rule: all attempts together must not keep the caller waiting longer than one store alone might.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from filemanager.ports import Clock
from vofiles.errors import VofilesError

T = TypeVar("T")


def first_to_agree(
    clock: Clock,
    patience: float,
    attempts: Sequence[Callable[[float], T]],
    passed_over: tuple[type[VofilesError], ...],
) -> T:
    """What the first attempt answers that ends well; each is told its seconds, and there is one at least.

    Raises what the first one raised where none does, and at once what is not to be passed over.
    """
    within = patience if len(attempts) == 1 else patience / 2
    started = clock.elapsed()
    failure: VofilesError | None = None
    for attempt in attempts:
        if failure is not None and clock.elapsed() - started + within > patience:
            break
        try:
            return attempt(within)
        except passed_over as error:
            failure = failure or error
    assert failure is not None, "there is something to attempt"
    raise failure
