"""The bulletin: what the processes of one service tell one another.

Rule: a Protocol and nothing else; its docstrings are the contract.
"""

from collections.abc import Callable
from typing import Protocol


class Bulletin(Protocol):
    """Words on topics, which may be lost: they only remind of rows in the database."""

    def tell(self, topic: str, word: str = "") -> None:
        """Have all hearers of a topic called, this process's before it returns; from any thread. A word is short."""

    def hear(self, topic: str, listen: Callable[[str], None]) -> None:
        """Have `listen` called with each word on a topic, by any thread; it returns soon."""
