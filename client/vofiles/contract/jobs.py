"""Jobs: verbs that can be long, and the operations of the FileManager on them.

Rule: a job works on a set of nodes that is frozen when it begins, and has an outcome for each.
"""

from dataclasses import dataclass

from vofiles.contract.values import Failure, Property
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class Job:
    """One long verb, as it stands."""

    job: str
    """Its id."""
    verb: str
    state: str
    caller: Ivorn
    """The account that asked for it."""
    created: Instant
    modified: Instant
    total: int
    """How many items it has."""
    done: int
    failed: int
    bytes_total: int
    """Bytes of content that it moves in all, as far as is known."""
    bytes_done: int
    node: NodeIdentifier | None = None
    """What it works on."""
    result: NodeIdentifier | None = None
    """What it makes."""
    ended: Instant | None = None
    failure: Failure | None = None
    """Why the whole of it failed, where that is not an item's fault."""
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class JobItem:
    """One node of a job's frozen set, and its outcome."""

    number: int
    """Its place in the job, from 1."""
    state: str
    path: str
    """Below the job's node, segments percent-encoded; empty for that node itself."""
    bytes_done: int
    size: int | None = None
    """Bytes of its content."""
    node: NodeIdentifier | None = None
    result: NodeIdentifier | None = None
    failure: Failure | None = None
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class GetJob:
    """A job as it stands."""

    job: str
    wait: int | None = None
    """Seconds to wait for its end before answering as it stands; none if absent."""


@dataclass(frozen=True, slots=True)
class JobAnswer:
    job: Job


@dataclass(frozen=True, slots=True)
class ListJobs:
    """A page of the caller's jobs, the newest first."""

    state: str | None = None
    """Those in this state alone."""
    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class ListJobsAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    jobs: tuple[Job, ...] = many("job")


@dataclass(frozen=True, slots=True)
class ListJobItems:
    """A page of a job's items, in their order."""

    job: str
    state: str | None = None
    """Those in this state alone."""
    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class ListJobItemsAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    items: tuple[JobItem, ...] = many("item")


@dataclass(frozen=True, slots=True)
class CancelJob:
    """End a job: what is done stays done, what waits is not begun."""

    job: str


@dataclass(frozen=True, slots=True)
class RetryJob:
    """Try those items of a job that failed, and no others, once more."""

    job: str
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""
