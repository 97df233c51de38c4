"""What one peer may cost us: how many calls to it run at once, and how long it is left alone when it does not answer.

Rule: knows nothing of what is called; a slow or dead peer uses up its own places and nobody else's.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from vofiles.errors import InvalidArgument, ServiceBusy, ServiceUnreachable, StoreUnreachable, VofilesError
from vofiles.ivorn import Ivorn

R = TypeVar("R")

CALLS = 8
"""Calls to one peer under way at once."""
LATE = 0.5
"""Seconds after which a call that is under way shows that its peer is slow: nobody waits for its place then."""
FAILURES = 3
"""After so many calls in a row without an answer the peer is left alone …"""
PAUSE = 5.0
"""… for so many seconds; then one call tries again."""


class Peer:
    """A store as a partner in calls; for any number of threads."""

    def __init__(self, identifier: Ivorn, elapsed: Callable[[], float], *, calls: int = CALLS) -> None:
        self.identifier = identifier
        self._elapsed = elapsed
        self._calls = calls
        self._begun: list[float] = []
        """When each call that is under way began, the oldest first."""
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)
        self._failures = 0
        self._silent_until = 0.0

    def is_down(self) -> bool:
        """Whether it has not been answering and its pause is not over."""
        with self._lock:
            return self._failures >= FAILURES and self._elapsed() < self._silent_until

    def call(self, work: Callable[[], R], *, judged: bool = True) -> R:
        """What `work` answers. Raises StoreUnreachable at once while the peer is left alone, ServiceBusy where it has
        all the calls it may have and does not answer them quickly, and what `work` raises, with ServiceUnreachable as
        StoreUnreachable. A call with so little time that a missed answer says nothing of the peer is not `judged`.
        """
        self._require_up()
        begun = self._enter()
        try:
            answer = work()
        except ServiceUnreachable as error:
            if judged:
                self._count_failure()
            raise StoreUnreachable(self.identifier, reason=error.message) from error
        except InvalidArgument:
            # Perhaps its answer, perhaps a request that could not even be written: that says nothing of it.
            raise
        except VofilesError:
            # It answered, if only with a fault: it is there.
            self._forget_failures()
            raise
        else:
            self._forget_failures()
            return answer
        finally:
            with self._left:
                self._begun.remove(begun)
                self._left.notify()

    def _enter(self) -> float:
        """Take a place. In a crowd before a quick peer everybody's turn comes; a slow one's crowd is turned away."""
        with self._left:
            while len(self._begun) >= self._calls:
                left = self._begun[0] + LATE - self._elapsed()
                if left <= 0:
                    raise ServiceBusy(self.identifier, reason="too many calls to it are under way")
                self._left.wait(left)
            now = self._elapsed()
            self._begun.append(now)
            return now

    def _require_up(self) -> None:
        with self._lock:
            if self._failures < FAILURES:
                return
            now = self._elapsed()
            if now < self._silent_until:
                raise StoreUnreachable(
                    self.identifier, reason="it has not been answering and is left alone for a while"
                )
            # This call is the one that tries again; the others keep away until it has shown how the peer is.
            self._silent_until = now + PAUSE

    def _count_failure(self) -> None:
        with self._lock:
            self._failures += 1
            self._silent_until = self._elapsed() + PAUSE

    def _forget_failures(self) -> None:
        with self._lock:
            self._failures = 0
