"""The long verbs and their items.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.job import Job, JobItem
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Jobs(Protocol):
    """The long verbs and their items. A job's counts are the caller's to keep: `Job.with_items` makes them."""

    def add_job(self, job: Job, items: Sequence[JobItem]) -> Job:
        """Store a new job with its items, in however few statements, and answer it with its key; its number is unique,
        and so are the items' numbers in it. Raises StoreNotFound for an item's store that is not known.
        """

    def add_items(self, job: Job, items: Sequence[JobItem]) -> None:
        """Store more items of a job; their numbers are above those that it has. Raises StoreNotFound as `add_job`."""

    def find_job(self, number: str) -> Job | None:
        """The job of that number, or None."""

    def lock_job(self, number: str) -> Job | None:
        """The job as it is now, kept from change by others until the transaction ends. Only in a write."""

    def jobs(self, keys: Sequence[int]) -> dict[int, Job]:
        """Those of these jobs that there are, by key."""

    def save_job(self, job: Job) -> None:
        """Store what may change: everything but number, verb, caller, owner and created."""

    def list_jobs(self, caller: Ivorn | None, state: str | None, before: int | None, limit: int) -> list[Job]:
        """At most `limit` jobs that a caller asked for (None: anybody), in a state if one is given, with keys below
        `before` if that is given, the newest first.
        """

    def jobs_to_end(self, limit: int) -> list[Job]:
        """At most `limit` jobs that have not ended and either have no item left that has not, or are `cancelling` and
        have items that wait; the oldest first.
        """

    def jobs_ended(self, before: Instant, limit: int) -> list[Job]:
        """At most `limit` jobs that ended before an instant."""

    def delete_job(self, key: int, limit: int) -> int:
        """Remove at most `limit` of a job's items, and the job itself with the last of them; answers how many items
        were removed. One that is not there is no error.
        """

    def items(self, job: int, state: str | None, after: int, limit: int) -> list[JobItem]:
        """At most `limit` items of a job with numbers above `after`, in a state if one is given, in their order."""

    def find_items(self, job: int, numbers: Sequence[int]) -> list[JobItem]:
        """Those of a job's items that have these numbers, in their order."""

    def items_of_transfers(self, transfers: Sequence[str]) -> list[JobItem]:
        """The items whose transfers have these numbers."""

    def job_of_transfer(self, transfer: str) -> str | None:
        """Number of the job that a transfer belongs to, or None."""

    def waiting_items(self, store: Ivorn | None, after: int, limit: int) -> list[JobItem]:
        """At most `limit` items that wait in a store's lane (None: in no store's), all of one space: the next one that
        has such items after the space `after`, or else the first. Those of the oldest job first, in their order. In a
        write they are kept from others, and what others keep is passed over.
        """

    def running_items(self) -> dict[Ivorn | None, int]:
        """How many items are RUNNING in each lane that has any."""

    def due_items(self, now: Instant, limit: int) -> list[JobItem]:
        """At most `limit` RUNNING items whose `due` is not after `now`, the longest due first."""

    def next_due(self) -> Instant | None:
        """The earliest `due` of the RUNNING items; None where there is none."""

    def save_items(self, items: Sequence[JobItem]) -> None:
        """Store what may change of each: all but job, number, path, store, request and space."""

    def retry_items(self, job: int) -> int:
        """Have every item of a job that FAILED wait again, as `JobItem.again` says; answers how many, in however few
        statements.
        """

    def hurry_items(self, now: Instant) -> int:
        """Have every RUNNING item due at `now`; answers how many there are."""
