"""Flows: the bytes on their way just now, in this process, by their lease.

Rule: the catalogue alone says who holds a lease; this is only how the holder is told to stop and asked how far it is. A
lease that could not be given back, because the database was busy or failed, is kept here until it could. How far flows
of other processes are is what they have told.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from vofiles.errors import Busy, VofilesError

WAITING = 2
"""Requests at a time that wait for the end of the bytes that come for one transfer: each of them keeps a thread."""
WORD = 20
"""Flows in one word."""
REMEMBERED = 10_000
"""Flows of other processes of which is known how far they are."""


class Flow(Protocol):
    """One body on its way."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    def revoke(self, reason: VofilesError) -> None:
        """Have the next step raise `reason`."""


class Movement:
    """A movement of bytes that this store makes itself, from before its first connection to its end: a Flow, and the
    Halt of whoever waits for the other side.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inner: Flow | None = None
        self._stop: Callable[[], None] = lambda: None
        self.revoked: VofilesError | None = None
        """Why it is to stop."""

    @property
    def size(self) -> int:
        inner = self._inner
        return inner.size if inner is not None else 0

    def follow(self, inner: Flow) -> None:
        """From now on the bytes are `inner`'s."""
        with self._lock:
            self._inner = inner
            revoked = self.revoked
        if revoked is not None:
            inner.revoke(revoked)

    def on_halt(self, stop: Callable[[], None]) -> None:
        with self._lock:
            self._stop = stop
            halted = self.revoked is not None
        if halted:
            stop()

    def revoke(self, reason: VofilesError) -> None:
        """Have the next step raise `reason`, and whoever waits for the other side wait no longer."""
        with self._lock:
            self.revoked = reason
            inner, stop = self._inner, self._stop
        # In this order: an end that the halt makes must not be taken for the end of the bytes.
        if inner is not None:
            inner.revoke(reason)
        stop()


class Flows:
    """All flows of this process; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[str, Flow] = {}
        self._stuck: dict[str, str] = {}
        self._elsewhere: OrderedDict[str, int] = OrderedDict()
        self._claimed: set[str] = set()
        self._taking: Counter[str] = Counter()
        self._waited_for: Counter[str] = Counter()

    def add(self, lease: str, flow: Flow) -> None:
        """Note a flow; the first of a lease stays, because what it moves with is a part of it."""
        with self._lock:
            self._flows.setdefault(lease, flow)

    def delete(self, lease: str) -> None:
        """Forget a flow; forgetting it twice is no error."""
        with self._lock:
            self._flows.pop(lease, None)

    def find(self, lease: str | None) -> Flow | None:
        with self._lock:
            return self._flows.get(lease) if lease else None

    def find_size(self, lease: str | None) -> int | None:
        """How many bytes have come under a lease, here or, a moment ago, elsewhere; None where nobody said."""
        flow = self.find(lease)
        if flow is not None:
            return flow.size
        with self._lock:
            return self._elsewhere.get(lease) if lease else None

    def claim(self, transfer: str) -> bool:
        """Have a transfer for oneself, without a lease: others of this process do not take one meanwhile. False where
        somebody has it, or is taking its lease.
        """
        with self._lock:
            if transfer in self._claimed or self._taking[transfer]:
                return False
            self._claimed.add(transfer)
            return True

    def release(self, transfer: str) -> None:
        """End a claim; one that is not there is no error."""
        with self._lock:
            self._claimed.discard(transfer)

    @contextmanager
    def taking(self, transfer: str) -> Iterator[None]:
        """Take a transfer's lease while a block runs, while nobody can claim it. Raises Busy where somebody has."""
        with self._lock:
            if transfer in self._claimed:
                raise Busy("this transfer address", reason="bytes are on their way already")
            self._taking[transfer] += 1
        with self._counted(self._taking, transfer):
            yield

    @contextmanager
    def awaiting(self, transfer: str) -> Iterator[None]:
        """Wait for the end of the bytes that come for a transfer, or under a lease. Raises Busy where enough do."""
        with self._lock:
            if self._waited_for[transfer] >= WAITING:
                raise Busy("this transfer address", reason="others wait to go on with it")
            self._waited_for[transfer] += 1
        with self._counted(self._waited_for, transfer):
            yield

    @contextmanager
    def _counted(self, counter: Counter[str], transfer: str) -> Iterator[None]:
        """Count one less in the end."""
        try:
            yield
        finally:
            with self._lock:
                counter[transfer] -= 1
                if not counter[transfer]:
                    del counter[transfer]

    def progress(self) -> list[str]:
        """How far the flows of this process are, in words for the others."""
        with self._lock:
            flows = list(self._flows.items())
        sizes = [f"{lease}={flow.size}" for lease, flow in flows]
        return [",".join(sizes[start : start + WORD]) for start in range(0, len(sizes), WORD)]

    def note_progress(self, word: str) -> None:
        """What another process has said of its flows."""
        with self._lock:
            for each in word.split(","):
                lease, _, size = each.partition("=")
                self._elsewhere[lease] = int(size)
                self._elsewhere.move_to_end(lease)
            while len(self._elsewhere) > REMEMBERED:
                self._elsewhere.popitem(last=False)

    def add_stuck(self, lease: str, transfer: str) -> None:
        """Note a lease that is still to be given back."""
        with self._lock:
            self._stuck[lease] = transfer

    def take_stuck(self) -> list[tuple[str, str]]:
        """The leases still to be given back, each with its transfer; they are noted no longer."""
        with self._lock:
            stuck, self._stuck = list(self._stuck.items()), {}
        return stuck
