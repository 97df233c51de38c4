"""Jobs: long verbs over a frozen set of items, and the tables of what may become of a job and of an item.

    job    QUEUED -> RUNNING -> COMPLETED, FAILED, CANCELLED; FAILED, CANCELLED -> QUEUED when failed items are retried
    item   WAITING -> RUNNING -> DONE, FAILED, CANCELLED; FAILED -> WAITING when it is retried

Rule: pure; states change by `moved_to` and `with_items` alone, so that a job's counts are always those of its items and
nobody ever has to count a million of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vofiles.contract import Failure, ItemState, JobState
from vofiles.errors import JobEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_J = JobState
_I = ItemState

JOB_TRANSITIONS: Final[dict[str, tuple[str, ...]]] = {
    _J.QUEUED: (_J.RUNNING, _J.COMPLETED, _J.FAILED, _J.CANCELLED),
    _J.RUNNING: (_J.COMPLETED, _J.FAILED, _J.CANCELLED),
    _J.COMPLETED: (),
    # Items that failed are tried again.
    _J.FAILED: (_J.QUEUED,),
    _J.CANCELLED: (_J.QUEUED,),
}
"""From each state of a job, the states that may come next."""

ITEM_TRANSITIONS: Final[dict[str, tuple[str, ...]]] = {
    _I.WAITING: (_I.RUNNING, _I.CANCELLED),
    _I.RUNNING: (_I.DONE, _I.FAILED, _I.CANCELLED),
    _I.DONE: (),
    _I.FAILED: (_I.WAITING,),
    _I.CANCELLED: (),
}
"""From each state of an item, the states that may come next."""

UNSAVED: Final = 0
"""The key of what the database has not seen yet."""
AT_ONCE: Final = Instant(0)
"""Due since ever."""


@dataclass(frozen=True, slots=True)
class JobItem:
    """One node of a job's frozen set, and its outcome."""

    number: int
    """Its place in the job, from 1."""
    path: str
    """Below the job's node, segments percent-encoded; empty for that node itself."""
    node: str | None = None
    """Number of the node that it is about."""
    result: str | None = None
    """Number of the node that it makes."""
    store: Ivorn | None = None
    """The lane it waits in: whose turn it takes; None for what no store has to do with."""
    size: int | None = None
    """Bytes of its content."""
    request: Mapping[str, str] = field(default_factory=dict)
    """What its verb has to know of it besides."""
    state: str = ItemState.WAITING
    bytes_done: int = 0
    transfer: str | None = None
    """Number of its transfer, where it has begun one."""
    tries: int = 0
    """How often it was tried anew after it had failed."""
    attempts: int = 0
    """How often in a row it could not be done just then."""
    due: Instant = AT_ONCE
    """When it is looked after again while it is RUNNING."""
    failure: Failure | None = None
    job: int = UNSAVED
    """Key of its job."""
    space: int = 0
    """Given by the database: whose turn it takes, the same for all jobs in one owner's space."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen to it any more, unless it is retried."""
        return self.state in ItemState.ENDED

    def moved_to(self, state: str, **changes: object) -> "JobItem":
        """The item in another state. Raises ValueError where the table has no way."""
        if state != self.state and state not in ITEM_TRANSITIONS[self.state]:
            raise ValueError(f"an item does not go from {self.state} to {state}")
        return replace(self, state=state, **changes)  # type: ignore[arg-type]

    def again(self) -> "JobItem":
        """A failed item that waits for another try; what it has made stays known."""
        tries = self.tries + 1
        return self.moved_to(
            ItemState.WAITING, failure=None, transfer=None, bytes_done=0, tries=tries, attempts=0, due=AT_ONCE
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One long verb, as it stands."""

    number: str
    """Its id: 128 random bits in base32."""
    verb: str
    caller: Ivorn
    """The account that asked for it."""
    owner: Ivorn
    """Whose space it works in."""
    created: Instant
    modified: Instant
    state: str = JobState.QUEUED
    node: str | None = None
    """Number of what it works on."""
    result: str | None = None
    """Number of what it makes."""
    request: Mapping[str, str] = field(default_factory=dict)
    """What its verb has to know besides."""
    total: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    cancelling: bool = False
    """Whether it is to end: what waits is not begun any more."""
    ended: Instant | None = None
    failure: Failure | None = None
    """Why the whole of it failed, where that is not an item's fault."""
    key: int = UNSAVED

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen to it any more, unless it is retried."""
        return self.state in JobState.ENDED

    @property
    def waiting(self) -> int:
        """How many of its items have not begun."""
        return self.total - self.running - self.done - self.failed - self.cancelled

    @property
    def left(self) -> int:
        """How many of its items have not ended."""
        return self.waiting + self.running

    def moved_to(self, state: str, **changes: object) -> "Job":
        """The job in another state. Raises JobEnded; ValueError where the table has no way."""
        if state != self.state and state not in JOB_TRANSITIONS[self.state]:
            if self.has_ended:
                raise JobEnded(self.number, reason=f"it is {self.state}")
            raise ValueError(f"a job does not go from {self.state} to {state}")
        return replace(self, state=state, **changes)  # type: ignore[arg-type]

    def with_items(self, before: Sequence[JobItem], after: Sequence[JobItem], now: Instant) -> "Job":
        """The job after these of its items have become those."""
        counts = {
            name: getattr(self, name) + _count(after, state) - _count(before, state) for name, state in _COUNTED.items()
        }
        moved = sum(item.bytes_done for item in after) - sum(item.bytes_done for item in before)
        known = sum(item.size or 0 for item in after) - sum(item.size or 0 for item in before)
        return replace(
            self,
            **counts,
            bytes_done=self.bytes_done + moved,
            bytes_total=self.bytes_total + known,
            modified=max(now, self.modified),
        )

    def retried(self, items: int, now: Instant) -> "Job":
        """The job after so many of its items that had failed wait again."""
        state = JobState.QUEUED if self.has_ended else self.state
        at = max(now, self.modified)
        return self.moved_to(state, failed=self.failed - items, ended=None, failure=None, modified=at)

    def at_end(self, now: Instant, failure: Failure | None = None) -> "Job":
        """The job whose items have all ended. What its verb had to know is forgotten unless that is needed for a retry:
        there may be secrets of others in it.
        """
        failed = self.failed > 0 or failure is not None
        state = JobState.CANCELLED if self.cancelled else JobState.FAILED if failed else JobState.COMPLETED
        at = max(now, self.modified)
        request = self.request if self.failed else {}
        return self.moved_to(state, failure=failure, ended=at, modified=at, cancelling=False, request=request)


_COUNTED: Final = {
    "running": ItemState.RUNNING,
    "done": ItemState.DONE,
    "failed": ItemState.FAILED,
    "cancelled": ItemState.CANCELLED,
}


def _count(items: Sequence[JobItem], state: str) -> int:
    return sum(item.state == state for item in items)
