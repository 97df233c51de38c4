"""One content on its way here over several connections at once, into a part file.

Rule: each connection brings pieces in the order in which they are due, and goes on where it broke; the digests are of
all bytes in their order, made behind the first gap while the rest still comes. Memory does not grow with the content.
However this ends, what has come is kept for a later one.
"""

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import requests

from vofiles import contract, data
from vofiles.checksums import Checksums
from vofiles.data import ConnectionLost, Fetched, Progress
from vofiles.errors import Incomplete, NotFound, ServiceBusy
from vofiles.partfile import PartFile
from vofiles.sources import BLOCK
from vofiles.waiting import Patience, Waiter

CONNECTIONS = 4
"""How many unless somebody says otherwise."""
MOST_CONNECTIONS = 16
SMALLEST_PIECE = 8 << 20
"""Bytes asked for at once, at least; but for what is left."""
LARGEST_PIECE = 128 << 20
KEEP_EVERY = 64 << 20
"""Bytes after which what has come is made sure to count for a later get."""
KEEP_AFTER = 10.0
"""Seconds after which it is, if anything has."""
ATTEMPTS = 20
"""How often a piece is asked for without getting any further, before giving up."""
PATIENCE = 120.0
"""Seconds spent on pauses between those attempts: a store may be restarted."""
_PARTING = 2.0
"""Seconds that connections are given to end where nobody wants what they bring."""


class Replaced(NotFound):
    """The content was replaced while it came: {about}"""


@dataclass(frozen=True)
class Wanted:
    """A content, as the first answer told of it."""

    endpoint: contract.Endpoint
    tag: str
    size: int
    label: object
    digests: tuple[contract.Digest, ...] = ()


class Parallel:
    """Some connections at work on one content."""

    def __init__(
        self,
        session: requests.Session,
        wanted: Wanted,
        part: PartFile,
        *,
        connections: int = CONNECTIONS,
        progress: Progress | None = None,
        wait: Waiter,
    ) -> None:
        self._session, self._wanted, self._part = session, wanted, part
        self._progress, self._wait = progress, wait
        piece = min(max(wanted.size // (4 * connections), SMALLEST_PIECE), LARGEST_PIECE)
        self._due = iter(part.missing(piece))
        self._connections = connections
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._over = threading.Event()
        self._open: set[requests.Response] = set()

    def fetch(self) -> Checksums:
        """All of it; the digests. Raises Replaced, an error of the tree, OSError."""
        self._tell()
        bringing = [self._begin(self._bring_all) for _ in range(self._connections)]
        keeping = [self._begin(self._keep_on)] if self._part.stays else []
        try:
            return self._digest()
        finally:
            self._end(bringing, keeping)

    # --- in the caller's thread ---

    def _begin(self, work: Callable[[], None]) -> threading.Thread:
        # Daemons: one that waits for an answer holds up nobody's end.
        run = contextvars.copy_context().run
        thread = threading.Thread(target=run, args=(self._noting_failure, work), name="vofiles-get", daemon=True)
        thread.start()
        return thread

    def _digest(self) -> Checksums:
        checksums, digested = Checksums(), 0
        while digested < self._wanted.size:
            due = self._await_more(digested)
            self._tell()
            if due > digested:
                block = self._part.read(digested, min(BLOCK, due - digested))
                if not block:
                    raise Incomplete(self._wanted.label, reason="somebody has cut off the file that it is fetched into")
                checksums.update(block)
                digested += len(block)
        return checksums

    def _await_more(self, digested: int) -> int:
        """How much is there without a gap, once that is more or something else has come. Raises what has failed."""
        with self._changed:
            if self._failure is None and self._part.prefix <= digested:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            return self._part.prefix

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._part.done, self._wanted.size)

    def _end(self, bringing: list[threading.Thread], keeping: list[threading.Thread]) -> None:
        with self._changed:
            self._over.set()
            self._changed.notify_all()
            for response in self._open:
                # One that waits for bytes is to wait no longer.
                with suppress(Exception):
                    response.raw.shutdown()
        for thread in bringing:
            thread.join(_PARTING)
        for thread in keeping:
            thread.join()
        if self._part.unkept and self._part.prefix < self._wanted.size:
            with suppress(OSError):
                self._part.keep()

    # --- in threads of their own ---

    def _noting_failure(self, work: Callable[[], None]) -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            failure = error
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    def _keep_on(self) -> None:
        while not self._over.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._over.is_set() or self._part.unkept >= KEEP_EVERY, KEEP_AFTER)
            if self._part.unkept and not self._over.is_set():
                self._part.keep()

    def _bring_all(self) -> None:
        with self._part.opened() as descriptor:
            while (piece := self._take()) is not None:
                self._bring(descriptor, *piece)

    def _take(self) -> tuple[int, int] | None:
        with self._changed:
            return None if self._over.is_set() or self._failure else next(self._due, None)

    def _bring(self, descriptor: int, start: int, end: int) -> None:
        patience = Patience(self._wait, attempts=ATTEMPTS, seconds=PATIENCE)
        done = start
        while done < end and not self._over.is_set():
            try:
                with self._answer(done, end) as fetched:
                    for block in fetched.blocks():
                        if self._over.is_set():
                            return
                        wanted = block[: end - done]
                        self._part.write(descriptor, done, wanted)
                        done += len(wanted)
                        with self._changed:
                            self._changed.notify_all()
            except (ConnectionLost, ServiceBusy) as error:
                if self._over.is_set():
                    return
                patience.pause(error, done)

    @contextmanager
    def _answer(self, start: int, end: int) -> Iterator[Fetched]:
        wanted = self._wanted
        with data.fetch(self._session, wanted.endpoint, start=start, end=end, tag=wanted.tag) as fetched:
            if fetched.tag != wanted.tag or not fetched.partial:
                raise Replaced(wanted.label)
            if (fetched.start, fetched.size) != (start, wanted.size) or fetched.end == start:
                reason = f"asked for from byte {start} of {wanted.size}, it came from {fetched.start} of {fetched.size}"
                raise Incomplete(wanted.label, reason=reason)
            with self._changed:
                self._open.add(fetched.response)
            try:
                yield fetched
            finally:
                with self._changed:
                    self._open.discard(fetched.response)
