"""Flows: the bytes on their way just now, in this process, by their lease.

Rule: the catalogue alone says who holds a lease; this is only how the holder is told to stop and asked how far it is. A
lease that could not be given back, because the database was busy, is kept here until it could.
"""

import threading
from typing import Protocol

from vofiles.errors import VofilesError


class Flow(Protocol):
    """One body on its way."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    def revoke(self, reason: VofilesError) -> None:
        """Have the next step raise `reason`."""


class Flows:
    """All flows of this process; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[str, Flow] = {}
        self._stuck: dict[str, str] = {}

    def add(self, lease: str, flow: Flow) -> None:
        with self._lock:
            self._flows[lease] = flow

    def delete(self, lease: str) -> None:
        """Forget a flow; forgetting it twice is no error."""
        with self._lock:
            self._flows.pop(lease, None)

    def find(self, lease: str | None) -> Flow | None:
        with self._lock:
            return self._flows.get(lease) if lease else None

    def add_stuck(self, lease: str, transfer: str) -> None:
        """Note a lease that is still to be given back."""
        with self._lock:
            self._stuck[lease] = transfer

    def take_stuck(self) -> list[tuple[str, str]]:
        """The leases still to be given back, each with its transfer; they are noted no longer."""
        with self._lock:
            stuck, self._stuck = list(self._stuck.items()), {}
        return stuck
