"""The epoll reactor, with a shorter way from an event to who reads.

twisted enters a logging context for each event of each descriptor, which costs as much as receiving and answering a
short request does. Nothing of ours logs by that context.

Rule: only the commonest event, there is something to read and nothing else, comes the short way; what it raises ends
as it would the long way.
"""

from __future__ import annotations

import errno
import select
import sys
from typing import Any, cast

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor
from twisted.python import log

_READABLE = select.EPOLLIN
_untyped_log = cast(Any, log)


class PromptReactor(EPollReactor):
    """twisted's reactor on Linux."""

    def doPoll(self, timeout: float | None) -> None:  # noqa: N802 - twisted's name
        """Wait for events, at most `timeout` seconds, and have them dealt with."""
        try:
            events = self._poller.poll(-1 if timeout is None else timeout, len(self._selectables))
        except OSError as error:
            if error.errno == errno.EINTR:
                return
            raise
        find = self._selectables.get
        for descriptor, event in events:
            # Whoever was there when the event was, and is no more, was disconnected by an event before this one.
            selectable: Any = find(descriptor)
            if selectable is None:
                continue
            if event == _READABLE:
                self._read(selectable)
            else:
                self._deal_with(selectable, descriptor, event)

    def _read(self, selectable: Any) -> None:
        try:
            why = selectable.doRead()
        except BaseException as error:  # noqa: BLE001 - the reactor outlives whatever a protocol raises
            why = error
            _untyped_log.err()
        if why:
            cast(Any, self)._disconnectSelectable(selectable, why, True)  # noqa: FBT003 - twisted's signature

    def _deal_with(self, selectable: Any, descriptor: int, event: int) -> None:
        """The long way."""
        _untyped_log.callWithLogger(selectable, self._doReadOrWrite, selectable, descriptor, event)

    doIteration = doPoll  # noqa: N815 - twisted's name


def install() -> None:
    """Make it the reactor of this process, where that has none yet."""
    if "twisted.internet.reactor" not in sys.modules:
        cast(Any, installReactor)(cast(Any, PromptReactor)())
