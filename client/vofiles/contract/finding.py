"""Finding nodes by what they are: the operation of the FileManager.

Rule: all conditions of one request must hold.
"""

from dataclasses import dataclass

from vofiles.contract.values import Node
from vofiles.instant import Instant
from vofiles.ivorn import LongIdentifier
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class PropertyMatch:
    """A condition on the value of a property."""

    key: str
    value: str
    match: str | None = None
    """EQUALS if not given."""


@dataclass(frozen=True, slots=True)
class Find:
    """A page of the nodes below a node that meet every condition."""

    node: LongIdentifier
    """Below it, itself excluded."""
    name: str | None = None
    """A pattern of the name: `*` is any characters, `?` one, `[abc]` one of these; it must match the whole name."""
    type: str | None = None
    minimum_size: int | None = None
    """Bytes, inclusive."""
    maximum_size: int | None = None
    """Bytes, inclusive."""
    modified_from: Instant | None = None
    """Inclusive."""
    modified_until: Instant | None = None
    """Exclusive."""
    created_from: Instant | None = None
    """Inclusive."""
    created_until: Instant | None = None
    """Exclusive."""
    order: str | None = None
    """NAME if not given."""
    descending: bool | None = None
    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""
    properties: tuple[PropertyMatch, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Found:
    """A node that was found, and where."""

    path: LongIdentifier
    """From its root."""
    node: Node


@dataclass(frozen=True, slots=True)
class FindAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    found: tuple[Found, ...] = many("found")
