"""Scrubbing: a running store reads all that it holds, round after round, and at once what somebody has read wrongly.

Rule: slower than anybody who reads, and in threads of its own. How far a round is stands in the catalogue: a restart
goes on there, and reads again at most what the last step had begun.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from filestore.domain.round import Round, next_round
from filestore.ports import Records
from filestore.services.pace import Halted
from filestore.services.scrub import Scrub
from vofiles.instant import SECOND

DAY: Final = 24 * 3600 * SECOND
MOST: Final = 1000
"""Containers suspected at a time; more are found by the round."""

_log = logging.getLogger(__name__)


class Rounds:
    """The rounds of one store, for one thread at a time."""

    def __init__(self, scrub: Scrub, every: int) -> None:
        """`every`: microseconds from the beginning of one round to that of the next."""
        self._scrub, self._every = scrub, every
        self._store = scrub.store

    def turn(self) -> None:
        """Go on with the round, to its end; begin one if its time has come. Returns early when halted. Raises
        ServiceBusy.
        """
        try:
            progress = self._begin()
            while progress.ended is None:
                progress = self._step(progress)
        except Halted:
            _log.info("scrubbing goes on after the next start")

    def _begin(self) -> Round:
        now, every = self._store.clock(), self._every

        def begin(records: Records) -> Round:
            last = records.find_round()
            if last is not None and not last.is_due(now, every):
                return last
            fresh = next_round(last, now)
            records.set_round(fresh)
            return fresh

        last = self._store.catalogue.read(lambda records: records.find_round())
        if last is not None and not last.is_due(now, every):
            return last
        return self._store.catalogue.write(begin)

    def _step(self, progress: Round) -> Round:
        page = self._scrub.page(progress.after)
        for finding in page.findings:
            _log.error("scrub: %s %s: %s", finding.kind, finding.subject, finding.detail)
        counted = page.counted
        after = progress.read(counted["containers"], counted["bytes"], len(page.findings), page.next or progress.after)
        if page.next is None:
            after = after.end(self._store.clock())
            _tell_end(after, self._every)
        self._store.catalogue.write(lambda records: records.set_round(after))
        return after


def _tell_end(progress: Round, every: int) -> None:
    assert progress.ended is not None
    days = (progress.ended - progress.began) / DAY
    _log.info(
        "scrubbed %s containers, %s bytes, in %.1f days: %s findings",
        progress.containers, progress.size, days, progress.findings,
    )  # fmt: skip
    if progress.ended - progress.began > every:
        _log.warning("scrubbing takes %.1f days, longer than scrub.every: raise scrub.rate", days)


class Suspicions:
    """Containers that were read wrongly, read again one after the other in a thread that ends with the last."""

    def __init__(self, read: Callable[[str], object]) -> None:
        """`read` judges a container by its number; it raises Halted when this is to end."""
        self._read = read
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False

    def suspect(self, number: str) -> None:
        """Have a container read; returns at once, from any thread."""
        with self._lock:
            if self._stopped or number in self._waiting or len(self._waiting) >= MOST:
                return
            self._waiting[number] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="suspicions", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Take no more, and wait for the one under way. Stopping twice is no error."""
        with self._lock:
            self._stopped = True
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (number := self._next()) is not None:
            try:
                self._read(number)
            except Halted:
                _log.info("container %s is read again by the next round", number)
            except Exception:  # noqa: BLE001 - the next one may do better
                _log.exception("container %s is suspected, and could not be read", number)

    def _next(self) -> str | None:
        with self._lock:
            number = next(iter(self._waiting), None)
            if number is None:
                self._thread = None
            else:
                del self._waiting[number]
            return number
