"""Replicas: which container of which store holds a version's bytes.

Rule: pure; a node's location is its preferred replica, and never a URL.
"""

from dataclasses import dataclass
from typing import Final

from filemanager.domain.node import UNSAVED
from vofiles.ivorn import Ivorn


class ReplicaState:
    """What can be said of a version's bytes in a store."""

    EMPTY: Final = "EMPTY"
    COPYING: Final = "COPYING"
    VERIFYING: Final = "VERIFYING"
    AVAILABLE: Final = "AVAILABLE"
    DELETING: Final = "DELETING"
    SUSPECT: Final = "SUSPECT"
    LOST: Final = "LOST"


READABLE: Final = frozenset({ReplicaState.AVAILABLE, ReplicaState.SUSPECT})
"""States in which a store can be asked for the bytes."""


@dataclass(frozen=True, slots=True)
class Replica:
    """The bytes of one version in one store; unique by (version, store)."""

    version: int
    """Key of the content version."""
    store: Ivorn
    container: Ivorn
    state: str
    offset: int = 0
    """Where in the container the bytes begin."""
    length: int | None = None
    """How many bytes of the container they are; None: all from `offset`."""
    key: int = UNSAVED


@dataclass(frozen=True, slots=True)
class Location:
    """Where a node's bytes lie, or will lie while its first import is under way."""

    container: Ivorn
    state: str
