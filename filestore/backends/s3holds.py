"""Who reads and who writes which number, in this process.

Rule: an object that is read is not deleted under its reader: it is gone for everybody else at once, and goes when the
last reader has closed. What a writer has gathered counts as kept, although nothing of it may be in the bucket yet.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_DROPPERS: Final = 2
"""Threads that delete what was read to its end: closing must not wait for a network."""

_log = logging.getLogger(__name__)


class Holds:
    """Readers and writers by number, for any number of threads."""

    def __init__(self, drop: Callable[[str], None]) -> None:
        """`drop` deletes what is kept under a number."""
        self._drop = drop
        self._changed = threading.Condition()
        self._readers: Counter[str] = Counter()
        self._writers: dict[str, object] = {}
        self._going: set[str] = set()
        self._dropping: set[str] = set()
        self._threads = ThreadPoolExecutor(_DROPPERS, "s3-drop")
        self._closed = False

    # --- readers ---

    def read(self, number: str) -> Callable[[], None]:
        """Note a reader; what is answered is to be called at its end."""
        with self._changed:
            self._readers[number] += 1
        return lambda: self._release(number)

    def _release(self, number: str) -> None:
        with self._changed:
            self._readers[number] -= 1
            if self._readers[number]:
                return
            del self._readers[number]
            # Behind the end of the process's work the next start drops it.
            if number not in self._going or self._closed:
                return
            self._dropping.add(number)
            self._threads.submit(self._drop_late, number)

    def _drop_late(self, number: str) -> None:
        try:
            self._drop(number)
        except Exception:  # noqa: BLE001 - it is logged, and the next start sweeps what is left
            _log.exception("container %s could not be deleted behind its last reader; it is swept", number)
        finally:
            with self._changed:
                self._dropping.discard(number)
                self._going.discard(number)
                self._changed.notify_all()

    def postpone(self, number: str) -> bool:
        """Whether a number is read: then it is dropped behind its last reader, and gone for everybody else."""
        with self._changed:
            if self._readers[number] <= 0:
                del self._readers[number]
                return False
            self._going.add(number)
            return True

    def is_going(self, number: str) -> bool:
        with self._changed:
            return number in self._going

    # --- writers ---

    def write(self, number: str, writer: object) -> None:
        """Note the one writer of a number; one before it has it no longer, and what was to be dropped is its own."""
        with self._changed:
            self._changed.wait_for(lambda: number not in self._dropping)
            self._going.discard(number)
            self._writers[number] = writer

    def has(self, number: str, writer: object) -> bool:
        """Whether a number is still this writer's."""
        with self._changed:
            return self._writers.get(number) is writer

    def end(self, number: str, writer: object) -> None:
        """Note that a writer writes no more; another's number stays another's."""
        with self._changed:
            if self._writers.get(number) is writer:
                del self._writers[number]

    def close(self) -> None:
        """Wait for what is being dropped; from now on nothing is."""
        with self._changed:
            self._closed = True
        self._threads.shutdown()

    # --- listings ---

    def written(self) -> list[str]:
        """The numbers that are written, in their order."""
        with self._changed:
            return sorted(self._writers)
