"""What calls with an idempotency key were answered.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from typing import Any, Protocol, TypeVar

from filemanager.domain.repeat import Repeat
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

A = TypeVar("A")


class Repeats(Protocol):
    """Calls with an idempotency key, by caller and key."""

    def claim(self, repeat: Repeat) -> Repeat | None:
        """Write a call down, and answer None; or, where its caller has used its key before, change nothing and answer
        what was written down then. It is kept from change by others until the transaction ends; who writes down the
        same key meanwhile waits.
        """

    def find_repeat(self, caller: Ivorn, key: str) -> Repeat | None:
        """The call that a caller made with that key, or None."""

    def save_repeat(self, repeat: Repeat) -> None:
        """Store what may change of a call: transfer, answered."""

    def keep_answer(self, repeat: Repeat, answer: Any) -> None:
        """Keep a wire value as the answer to a call, which is `answered` from now on."""

    def find_answer(self, repeat: Repeat, kind: type[A]) -> A | None:
        """The wire value of that kind that was kept for a call, or None."""

    def forget(self, caller: Ivorn, key: str) -> None:
        """Let the key be used anew. One that is not written down is no error."""

    def prune(self, before: Instant, limit: int) -> int:
        """Forget at most `limit` calls that were made before then, the oldest first; answers how many."""
