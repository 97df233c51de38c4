"""Signed requests that have been used, as all processes of the service know them.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from typing import Protocol


class Nonces(Protocol):
    """Nonces by the key that signed; instants are seconds since the epoch."""

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        """Write down one of a signature made then; False, and nothing changed, when it is there."""

    def prune_nonces(self, before: int) -> int:
        """Forget those of signatures made before then; answers how many."""
