"""Steps: what one look at a running item of a job came to, and what becomes of the item then.

Rule: pure; a verb answers a `Step`, and the runner of jobs writes down what `after_step` makes of it.
"""

from dataclasses import dataclass, replace
from typing import Final

from filemanager.domain.job import JobItem
from vofiles.contract import Failure, ItemState
from vofiles.instant import SECOND, Instant

ATTEMPTS: Final = 6
"""Steps in vain, because somebody did not answer, after which an item has failed."""
FIRST_REST: Final = 1 * SECOND
"""How long an item rests after the first of those, in microseconds; doubled after each one that follows."""


@dataclass(frozen=True, slots=True)
class Done:
    """The item is done."""

    result: str | None = None
    """Number of the node that it made; what the item had before if None."""
    size: int | None = None
    """Bytes of its content, where that is known only now."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The item has failed, and is tried again only when its caller says so."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Waiting:
    """The item goes on by itself."""

    due: Instant
    """When it is looked after again; the end of its transfer wakes it earlier."""
    bytes_done: int = 0
    transfer: str | None = None
    """Number of the transfer that it waits for; what the item has already if None."""
    failure: Failure | None = None
    """Whom it waits for, where somebody does not answer: said in the item as long as it is so."""


@dataclass(frozen=True, slots=True)
class InVain:
    """Somebody did not answer: the item is tried again by itself, a few times."""

    failure: Failure


Step = Done | Failed | Waiting


def after_step(item: JobItem, outcome: Step | InVain, now: Instant, *, cancelling: bool) -> JobItem:
    """An item that was stepped. It may have been saved meanwhile by its step, so it is changed as it is now."""
    if isinstance(outcome, Done):
        size = outcome.size if outcome.size is not None else item.size
        return item.moved_to(
            ItemState.DONE, result=outcome.result or item.result, size=size, bytes_done=size or 0, failure=None
        )
    if isinstance(outcome, Waiting):
        transfer = outcome.transfer or item.transfer
        return replace(item, due=outcome.due, bytes_done=outcome.bytes_done, transfer=transfer, failure=outcome.failure)
    attempts = item.attempts + 1
    if isinstance(outcome, InVain) and attempts < ATTEMPTS:
        return replace(
            item, attempts=attempts, due=Instant(now + (FIRST_REST << item.attempts)), failure=outcome.failure
        )
    state = ItemState.CANCELLED if cancelling else ItemState.FAILED
    return item.moved_to(state, failure=outcome.failure, bytes_done=0)
