"""Errands: what a store is still to be told, however long it takes to reach it.

Rule: pure; an errand is written in the transaction that makes it necessary, and doing it twice is harmless.
"""

from dataclasses import dataclass
from typing import Final

from filemanager.domain.node import UNSAVED
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class ErrandVerb:
    """What a store is told."""

    DELETE_CONTAINER: Final = "deleteContainer"
    """`subject` is a container's identifier."""
    CANCEL_TRANSFER: Final = "cancelTransfer"
    """`subject` is a transfer's number."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that a store is to be told."""

    store: Ivorn
    verb: str
    subject: str
    created: Instant
    due: Instant
    """Not before this instant."""
    attempts: int = 0
    error: str = ""
    """What went wrong the last time."""
    key: int = UNSAVED
