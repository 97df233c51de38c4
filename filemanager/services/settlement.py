"""Settlements: who waits in this process for the end of a transfer, or of a job.

Rule: a wake-up and nothing else. Who is woken reads the database; who was not woken finds the same there a little
later. Who waits in another process of the service is told by the bulletin.
"""

from collections.abc import Callable
from threading import Lock

from filemanager.ports import Bulletin

Wake = Callable[[], None]


class Settlements:
    """Wakes those who wait for a transfer, by its number. From any thread."""

    def __init__(self, bulletin: Bulletin | None = None, topic: str = "") -> None:
        """With a bulletin, those in other processes are woken, too."""
        self._lock = Lock()
        self._waiting: dict[str, list[Wake]] = {}
        self._bulletin, self._topic = bulletin, topic
        if bulletin is not None:
            bulletin.hear(topic, self._wake)

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
        if self._bulletin is not None:
            self._bulletin.tell(self._topic, number)
        else:
            self._wake(number)

    def _wake(self, number: str) -> None:
        with self._lock:
            waiting = list(self._waiting.get(number, ()))
        for wake in waiting:
            wake()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits for anything."""
        with self._lock:
            return not self._waiting
