"""Transfers: one movement of bytes each, and the table of what may become of one.

    REQUESTED -> (QUEUED -> STAGING ->) OFFERED <-> RECEIVING -> STORED -> COMPLETED
    any of these -> FAILED, EXPIRED, CANCELLED

Rule: pure; a transfer changes its state through `moved_to` alone, and ends once (I5).
"""

from dataclasses import dataclass, replace
from typing import Final

from vofiles.contract import Digest, Direction, Failure, Receipt, TransferState
from vofiles.errors import TransferEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_S = TransferState
_BAD_ENDS = (_S.FAILED, _S.EXPIRED, _S.CANCELLED)

TRANSITIONS: Final[dict[str, tuple[str, ...]]] = {
    _S.REQUESTED: (_S.QUEUED, _S.OFFERED, *_BAD_ENDS),
    _S.QUEUED: (_S.STAGING, _S.OFFERED, *_BAD_ENDS),
    _S.STAGING: (_S.OFFERED, *_BAD_ENDS),
    # A broken connection gives the lease back: RECEIVING becomes OFFERED again.
    _S.OFFERED: (_S.RECEIVING, *_BAD_ENDS),
    _S.RECEIVING: (_S.OFFERED, _S.STORED, *_BAD_ENDS),
    _S.STORED: (_S.COMPLETED, *_BAD_ENDS),
    _S.COMPLETED: (),
    _S.FAILED: (),
    _S.EXPIRED: (),
    _S.CANCELLED: (),
}
"""From each state, the states that may come next."""

ENDED: Final = TransferState.ENDED
OPEN: Final = frozenset(TRANSITIONS) - ENDED
"""States of a transfer that has not ended."""
IMPORTS: Final = frozenset({Direction.IMPORT_INIT, Direction.IMPORT_DATA, Direction.APPEND_INIT, Direction.COPY})
"""Directions that bring bytes into a container of their own."""


def _reachable(state: str) -> frozenset[str]:
    found: set[str] = set()
    todo = [state]
    while todo:
        for following in TRANSITIONS[todo.pop()]:
            if following not in found:
                found.add(following)
                todo.append(following)
    return frozenset(found)


# We see the store's states now and then, not each of them, so a transfer may be seen to jump along several arrows.
_REACHABLE: Final = {state: _reachable(state) for state in TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement of bytes into or out of a store."""

    number: str
    """Its id, made here and known to the store."""
    caller: Ivorn
    """The account that asked for it."""
    direction: str
    store: Ivorn
    state: str
    created: Instant
    node: int | None
    """Key of the node; None once the node has been deleted."""
    node_number: str
    due: Instant
    """From when on it is looked after if it has not ended, by this service's clock."""
    bytes_done: int = 0
    container: Ivorn | None = None
    expiry: Instant | None = None
    """Until when the store lets bytes begin to flow, by the store's clock."""
    size: int | None = None
    """Announced bytes."""
    content_type: str | None = None
    """Announced type."""
    digests: tuple[Digest, ...] = ()
    """Announced digests."""
    if_version: int | None = None
    """Number of the content that it may replace, and no other; None: any."""
    replica_of: int | None = None
    """Key of the content version whose bytes it brings to another store; None: what it brings is a version itself."""
    failure: Failure | None = None
    receipt: Receipt | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in ENDED

    @property
    def is_import(self) -> bool:
        """Whether it brings bytes into a container of its own."""
        return self.direction in IMPORTS

    def may_become(self, state: str) -> bool:
        """Whether the table leads from where it is to `state`."""
        return state in _REACHABLE[self.state]

    def moved_to(self, state: str, **changes: object) -> "Transfer":
        """The transfer in a later state. Raises TransferEnded; ValueError where the table has no way."""
        if self.has_ended:
            raise TransferEnded(self.number, reason=f"it is {self.state}")
        if state != self.state and not self.may_become(state):
            raise ValueError(f"a transfer does not go from {self.state} to {state}")
        return replace(self, state=state, **changes)  # type: ignore[arg-type]
