"""A container: what holds the bytes of one version of one file.

    EMPTY --begin--> RECEIVING --complete--> COMPLETE --delete--> DELETED
    EMPTY <--abort-- RECEIVING               EMPTY    --delete--> DELETED

Rule: pure; `TRANSITIONS` is the one table of what may follow what. Content is never overwritten: a COMPLETE container
can only be deleted, and a new version is a new container. One whose bytes are not what came any more stays COMPLETE and
says so: its `damage` is seen before its bytes are.
"""

from dataclasses import dataclass, replace
from typing import Final

from vofiles.contract import ContainerState, Digest
from vofiles.errors import Conflict, Damaged
from vofiles.instant import Instant, to_text
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

BEGIN: Final = "begin"
ABORT: Final = "abort"
COMPLETE: Final = "complete"
DELETE: Final = "delete"

TRANSITIONS: Final = {
    (ContainerState.EMPTY, BEGIN): ContainerState.RECEIVING,
    (ContainerState.RECEIVING, ABORT): ContainerState.EMPTY,
    (ContainerState.RECEIVING, COMPLETE): ContainerState.COMPLETE,
    (ContainerState.EMPTY, DELETE): ContainerState.DELETED,
    (ContainerState.COMPLETE, DELETE): ContainerState.DELETED,
}
"""Which state follows when what is done."""


@dataclass(frozen=True, slots=True)
class Content:
    """What came in: judged, counted and digested."""

    size: int
    """Bytes."""
    digests: tuple[Digest, ...]
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """That a container's bytes are not what came."""

    found: Instant
    """When that was seen first."""
    reason: str
    """What is wrong with them, for operators and readers."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the catalogue knows it."""

    number: str
    manager: Ivorn
    """The FileManager that made it; to every other one it looks absent."""
    node: LongIdentifier
    """The node it was made for, as it was called then."""
    owner: Ivorn
    transfer: str
    """The transfer that made it."""
    state: str
    created: Instant
    changed: Instant
    """When its state last changed."""
    content: Content | None = None
    """From COMPLETE on."""
    identifier: NodeIdentifier | None = None
    """The node's own identifier, if the FileManager told it."""
    damage: Damage | None = None
    """What is wrong with its bytes, as far as it is known; then nobody gets them."""

    @property
    def name(self) -> str:
        """What the node was called then; empty for a root."""
        return self.node.path[-1] if self.node.path else ""

    @property
    def completed(self) -> Instant | None:
        """When its bytes were complete and durable; None unless it is COMPLETE, which it became by its last change."""
        return self.changed if self.state == ContainerState.COMPLETE else None

    def step(self, action: str, now: Instant) -> "Container":
        """The container after an action. Raises Conflict where the table has no such line."""
        state = TRANSITIONS.get((self.state, action))
        if state is None:
            raise Conflict(f"container {self.number}", reason=f"it is {self.state}, so it cannot {action}")
        return replace(self, state=state, changed=now)

    def complete(self, content: Content, now: Instant) -> "Container":
        """The container with its content. Raises Conflict unless it is RECEIVING."""
        return replace(self.step(COMPLETE, now), content=content)

    def fill(self, content: Content, now: Instant) -> "Container":
        """The container with its content, all of which came at once. Raises Conflict unless it is EMPTY."""
        return self.step(BEGIN, now).complete(content, now)

    def require_sound(self) -> None:
        """Refuse to give bytes that are known not to be what came. Raises Damaged."""
        if self.damage is not None:
            raise Damaged(
                f"container {self.number}",
                reason=f"{self.damage.reason}, as was seen at {to_text(self.damage.found)}; nobody gets them",
            )
