"""The rest of a body, lent to a thread that reads it from the socket itself, straight into its own memory.

Rule: a client that does not send keeps no thread. A dry socket is waited for only for a moment, and worth the moment is
only a good deal of bytes; the reactor says when there is more. What comes behind the body is never read.
"""

from __future__ import annotations

import select
from contextlib import suppress
from socket import SO_RCVLOWAT, SOL_SOCKET, socket

PATIENCE = 5
"""Milliseconds that a dry socket is waited for."""
WORTH = 256 * 1024
"""Bytes that a wait is to bring, as far as so many are lacking: the thread is not woken for fewer."""


class Loan:
    """A socket and how much of a body is still to come from it; used by one thread at a time."""

    def __init__(self, wire: socket, left: int) -> None:
        # A descriptor of its own: the connection may be closed, and its number be another's, while this is reading.
        self._wire = wire.dup()
        self._mark = 1
        self.left = left
        """Bytes of the body that have not been read."""
        self.dry = False
        """Whether nothing more came for a moment, or will ever come."""

    def fill(self, room: memoryview) -> int:
        """Read on until `room` is full, the body is complete, or the socket is dry; how many bytes that were."""
        room = room[: self.left]
        filled, waits = 0, True
        while filled < len(room) and not self.dry:
            try:
                count = self._wire.recv_into(room[filled:])
            except BlockingIOError:
                if not waits:
                    self.dry = True
                else:
                    # After a wait in vain there may still be a few bytes.
                    waits = self._await(len(room) - filled)
                continue
            except OSError:
                count = 0
            if not count:
                # The connection's end is for the reactor to find, which will read next.
                self.dry = True
            filled += count
        self.left -= filled
        return filled

    def revoke(self) -> None:
        """Have the thread stop reading; by any thread."""
        self.dry = True

    def close(self) -> None:
        """Let go of the socket."""
        with suppress(OSError):
            self._expect(1)
        self._wire.close()

    def _await(self, lacking: int) -> bool:
        """Whether a good deal of bytes came within a moment."""
        self._expect(min(WORTH, lacking))
        poll = select.poll()
        poll.register(self._wire, select.POLLIN)
        return bool(poll.poll(PATIENCE))

    def _expect(self, mark: int) -> None:
        """Count the socket as readable from so many bytes on."""
        if mark != self._mark:
            self._wire.setsockopt(SOL_SOCKET, SO_RCVLOWAT, mark)
            self._mark = mark
