"""The way from other threads to the reactor. The rule that keeps it so: one wake-up of the reactor serves all that
waits.

`callFromThread` writes to a pipe at each call; under load that is a system call per answer that nobody needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import structlog

from .reactor import Reactor

_log = structlog.get_logger(__name__)


class Mailbox:
    """Runs posted functions on the reactor, in the order posted."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._posted: deque[Callable[[], object]] = deque()
        self._scheduled = False

    def post(self, function: Callable[[], object]) -> None:
        """Have `function` run on the reactor soon. From any thread."""
        self._posted.append(function)
        # A poster that sees True posted before _empty cleared it, so its function is among those run then.
        if not self._scheduled:
            self._scheduled = True
            self._reactor.callFromThread(self._empty)

    def _empty(self) -> None:
        self._scheduled = False
        for _ in range(len(self._posted)):  # what is posted meanwhile has its own wake-up
            function = self._posted.popleft()
            try:
                function()
            except Exception:  # noqa: BLE001 - one function's failure must not lose the others
                _log.exception("a function posted to the reactor failed")
