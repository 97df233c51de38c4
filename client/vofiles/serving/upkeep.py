"""Upkeep: what a service does again and again while it runs, and how it ends what may not end.

Rule: threads of their own, never the reactor's nor a pool's; a turn that fails is logged, and the next one comes.
"""

import threading
from collections.abc import Callable

import structlog

from vofiles.errors import Unreachable

_log = structlog.get_logger(__name__)


class Ticker:
    """Does something every `pause` seconds, in a thread of its own."""

    def __init__(
        self,
        work: Callable[[], object],
        pause: float,
        name: str = "upkeep",
        *,
        halt: Callable[[], object] = lambda: None,
    ) -> None:
        """`halt` has a long turn that is under way end soon, for good."""
        self._work, self._pause, self._halt = work, pause, halt
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the turn under way. Stopping twice, or what never started, is no error."""
        self._stopped.set()
        self._halt()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._pause):
            try:
                self._work()
            except Unreachable as error:
                # Others are to blame, and it has been said where it was seen.
                _log.warning("a turn was put off", reason=str(error))
            except Exception:  # noqa: BLE001 - a busy database, a failing disk: the next turn may do better
                _log.exception("a turn failed")


def end_within(end: Callable[[], None], seconds: float, name: str) -> None:
    """Call `end`, and go on without it after so many seconds: what is left is done again after the next start."""
    thread = threading.Thread(target=end, name=f"ending-{name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _log.warning("left unfinished, to be done again after the next start", what=name)
