"""How far an upload is that comes in parts, and where the next part begins.

Rule: what a sender is told of, made of the transfer alone.
"""

from dataclasses import dataclass
from typing import Final

from filestore.domain.transfer import Transfer
from vofiles.contract import Receipt
from vofiles.errors import Conflict
from vofiles.instant import Instant

OFFSET: Final = "offset"
"""The property of a Conflict that says where the upload goes on."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How far an upload is that comes in parts."""

    offset: int
    """Bytes that are safe, of those that come."""
    length: int | None
    """Bytes that come in all."""
    until: Instant | None = None
    """Until when it may go on; None where it is complete."""
    metadata: str | None = None
    """What its sender said when it began."""
    receipt: Receipt | None = None
    """Of what is complete."""


def kept_of(transfer: Transfer) -> Kept:
    """How far an upload is that has not ended, or has been stored."""
    partial = transfer.partial
    metadata = partial.metadata if partial is not None else None
    if transfer.receipt is not None:
        size = transfer.receipt.size - transfer.kept
        return Kept(size, size, None, metadata, transfer.receipt)
    return Kept(transfer.bytes_done, total_of(transfer), transfer.until, metadata)


def total_of(transfer: Transfer) -> int | None:
    """Bytes that come in all, as far as anybody has said."""
    if transfer.promise.size is not None:
        return transfer.promise.size
    return transfer.partial.length if transfer.partial is not None else None


def wrong_offset(kept: int) -> Conflict:
    """The refusal of a part that does not begin where the upload goes on."""
    return Conflict("this part of the content", reason=f"it goes on at byte {kept}", properties=((OFFSET, str(kept)),))
