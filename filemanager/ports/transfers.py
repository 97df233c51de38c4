"""The movements of bytes.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.transfer import Transfer
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Transfers(Protocol):
    """The movements of bytes."""

    def find_transfer(self, number: str) -> Transfer | None:
        """The transfer of that number, or None."""

    def lock_transfer(self, number: str) -> Transfer | None:
        """The transfer as it is now, kept from change by others until the transaction ends. Only in a write."""

    def add_transfer(self, transfer: Transfer) -> None:
        """Store a new transfer; its number is unique."""

    def save_transfer(self, transfer: Transfer) -> None:
        """Store what may change: state, bytes_done, container, expiry, due, failure, receipt."""

    def open_transfers(self, node: int) -> list[Transfer]:
        """The transfers on a node that have not ended, oldest first."""

    def open_among(self, nodes: Sequence[int]) -> list[Transfer]:
        """The transfers on these nodes that have not ended, as they were begun."""

    def open_imports(self, nodes: Sequence[int]) -> dict[int, Transfer]:
        """For each of these nodes that has one: its latest import that has not ended and has a container."""

    def imports_into(self, owner: Ivorn) -> list[Transfer]:
        """The imports into any node of an account that have not ended and have a container, the longest due first."""

    def prune(self, before: Instant, limit: int) -> int:
        """Forget at most `limit` transfers that have ended and were due before then; answers how many."""

    def due_transfers(self, now: Instant, limit: int) -> list[Transfer]:
        """At most `limit` transfers that have not ended and whose `due` is not after `now`, the longest due first."""
