"""Settlements: who waits in this process for the end of a transfer.

Rule: a wake-up and nothing else. Who is woken reads the database; who waits in another process, or was not woken, finds
the same there.
"""

from collections.abc import Callable
from threading import Lock

Wake = Callable[[], None]


class Settlements:
    """Wakes those who wait for a transfer, by its number. From any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, list[Wake]] = {}

    def subscribe(self, number: str, wake: Wake) -> Callable[[], None]:
        """Have `wake` called when the transfer ends; answers what takes the wish back."""
        with self._lock:
            self._waiting.setdefault(number, []).append(wake)

        def unsubscribe() -> None:
            with self._lock:
                waiting = self._waiting.get(number, [])
                if wake in waiting:
                    waiting.remove(wake)
                if not waiting:
                    self._waiting.pop(number, None)

        return unsubscribe

    def publish(self, number: str) -> None:
        """The transfer has ended."""
        with self._lock:
            waiting = list(self._waiting.get(number, ()))
        for wake in waiting:
            wake()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits for anything."""
        with self._lock:
            return not self._waiting
