"""Terms: the numbers by which a store is run.

Rule: one frozen value, made once from the configuration; nobody reads a limit from anywhere else. Times are
microseconds, like instants.
"""

from dataclasses import dataclass

from vofiles.contract import Durability
from vofiles.instant import SECOND


@dataclass(frozen=True, slots=True)
class Terms:
    """What a store grants and keeps."""

    ticket_lifetime: int = 3600 * SECOND
    """How long after an offer bytes may begin to flow."""
    longest_transfer: int = 24 * 3600 * SECOND
    """The hard cap: how long bytes may flow once they have begun."""
    grace: int = 7 * 24 * 3600 * SECOND
    """How long ended transfers are remembered, and files that nobody knows are left alone."""
    maximum_size: int | None = None
    """Bytes of the largest container; None: as large as the disk allows."""
    reserve: int = 64 * 1024 * 1024
    """Bytes of free space that new content leaves alone."""
    sha256: bool = True
    """Whether every container gets a SHA-256 beside the fast digest."""
    durability: str = Durability.DISK
    """What has been done with bytes when they are acknowledged."""
    direct: bool = False
    """Whether clients send past the store, into the medium behind it, where that can be."""
