"""Carries a file into a socket, in a thread: reads a block and sends it, again and again.

What is sent is the block that was read and looked at, and not what the file has by the time that the kernel gets to it,
as with sendfile; it costs the same, for the block is still in the processor's cache when it is copied.

Rule: a client that does not read keeps no thread. A full socket is waited for only for a moment, only where nobody
waits for a thread, and ever less often for a client that lets such moments pass; the reactor says when there is room.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from enum import Enum
from socket import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cursor import Cursor

TURN = 4 << 20
"""Bytes after which others who wait for a thread have their turn."""
LONGEST_TURN = 32 << 20
"""Bytes after which the reactor hears how far it is."""
PATIENCE = 10
"""Milliseconds that a full socket is waited for."""
MOST_SKIPS = 63
"""Turns without waiting, for a client that was waited for in vain again and again."""


class Carried(Enum):
    """How a turn has ended."""

    DONE = "all has been sent"
    TIRED = "there is more, and room for it"
    FULL = "the socket takes no more for the moment"
    REFUSED = "there is another answer instead, and nothing has been sent"
    GONE = "the client has gone"
    FAILED = "the file cannot be sent"


class Courier:
    """Between one file and one socket; used by one thread at a time."""

    def __init__(self, wire: socket, cursor: Cursor, crowded: Callable[[], bool]) -> None:
        """`crowded` tells whether others wait for a thread."""
        # A descriptor of its own: the connection may be closed, and its number be another's, while this is sending.
        self._wire = wire.dup()
        self._cursor, self._crowded = cursor, crowded
        self.head = b""
        """What is to be sent before the file."""
        self._penalty = self._skips = 0

    def close(self) -> None:
        """Let go of the socket."""
        self._wire.close()

    def carry(self) -> Carried:
        """Send as much as this turn allows. Raises ConnectionError, and whatever reading and checking raise."""
        cursor, begin = self._cursor, self._cursor.left
        while cursor.left:
            block = cursor.next_block()
            count = self._send_behind_head(block) if self.head else self._send(block)
            cursor.pass_on(block, count)
            turn = begin - cursor.left
            if count < len(block):
                return Carried.FULL
            if turn >= LONGEST_TURN or not cursor.wanted or (turn >= TURN and self._crowded()):
                break
        return Carried.TIRED if cursor.left else Carried.DONE

    def _send_behind_head(self, block: bytes | memoryview) -> int:
        count, length = self._send(b"".join((self.head, block))), len(self.head)
        self.head = self.head[count:]
        return max(0, count - length)

    def _send(self, block: bytes | memoryview) -> int:
        """How many of its bytes the socket has taken."""
        left = memoryview(block)
        while left:
            try:
                left = left[self._wire.send(left) :]
            except BlockingIOError:
                if not self._await_room():
                    break
        return len(block) - len(left)

    def _await_room(self) -> bool:
        """Whether there is room again within a moment that can be spared."""
        if self._crowded() or not self._cursor.wanted:
            return False
        if self._skips:
            self._skips -= 1
            return False
        poll = select.poll()
        poll.register(self._wire, select.POLLOUT)
        if poll.poll(PATIENCE):
            self._penalty = 0
            return True
        self._penalty = self._skips = min(2 * self._penalty + 1, MOST_SKIPS)
        return False
