"""What happened to a node: the operation of the FileManager that tells.

Rule: history is only ever read here; every change of the tree writes its own line of it.
"""

from dataclasses import dataclass

from vofiles.contract.values import Property
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one node."""

    number: int
    """Of all changes of the service, without gaps."""
    who: Ivorn
    """The account that asked for it."""
    on_behalf_of: Ivorn
    """The account whose tree it was done in."""
    at: Instant
    node: NodeIdentifier
    operation: str
    before: tuple[Property, ...] = many("before")
    """Values that are no more; what is not named was not there."""
    after: tuple[Property, ...] = many("after")
    """Values that came; what is named before and not here was removed."""
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class GetHistory:
    """A page of the changes of a node, the oldest first; also of one that has been deleted, by its identifier."""

    node: LongIdentifier
    as_of: Instant | None = None
    """Only what happened until then; the answer's values are the node's as it was then."""
    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class GetHistoryAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    values: tuple[Property, ...] = many("value")
    """What the node was as of the time asked for, all changes until then taken together; on the first page, and without
    a time none.
    """
    changes: tuple[Change, ...] = many("change")
