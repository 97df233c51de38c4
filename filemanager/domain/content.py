"""Content versions: what the bytes of a file were, once they had all arrived.

Rule: pure; a version is never changed, only followed by the next one or dropped by retention (I8).
"""

from dataclasses import dataclass

from filemanager.domain.node import UNSAVED
from vofiles.contract import Digest
from vofiles.instant import Instant


@dataclass(frozen=True, slots=True)
class ContentVersion:
    """One version of one file's bytes."""

    node: int
    """Key of the node."""
    number: int
    """1 for the first, one more for each that completes."""
    size: int
    """Bytes."""
    created: Instant
    """When the store had the bytes complete, by the store's clock."""
    content_type: str | None = None
    digests: tuple[Digest, ...] = ()
    key: int = UNSAVED
    superseded: Instant | None = None
    """When the next version was complete; None for the current one."""
