"""What is remembered of an upload that comes in parts, between one part and the next.

Rule: pure. The bytes that are safely there are the transfer's `bytes_done`; this is what else must outlive the process
that took them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partial:
    """An upload of which some bytes may have come."""

    attempt: str
    """Another one each time it begins anew, so that what somebody remembers of other bytes is known as such."""
    length: int | None = None
    """How many bytes come in all, as their sender says; never changed once it is known."""
    claimed_type: str | None = None
    """What their sender says of their type."""
    metadata: str | None = None
    """What their sender said besides, to be told to whoever goes on."""
    digested: int = 0
    """From the start of the container: so many bytes have the digest."""
    digest: str | None = None
    """The fast one, so that bytes that are read back are known to be those that came."""
