"""Steps: what one look at a running item of a job came to.

Rule: pure; a verb answers one of these, and the runner of jobs writes down what follows from it.
"""

from dataclasses import dataclass

from vofiles.contract import Failure
from vofiles.instant import Instant


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


Step = Done | Failed | Waiting
