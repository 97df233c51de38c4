"""Whether who sends a part is there: who is silent makes room for the newest connection, who sends is left in peace.

    held ──release: his bytes may come──► heard ──a moment without a byte──► silent
         ◄──hold: the store has to write what came──

Rule: silence is the sender's alone. While the store holds him up nothing of his can be heard, however long its disk,
its threads or what it reads again may take; a moment of silence begins behind that.
"""

from typing import Final

from filestore.ports import Clock
from vofiles.instant import SECOND

SILENCE: Final = 1 * SECOND
"""Microseconds without a byte after which a part's sender is taken to have left."""


class Sender:
    """Who sends one part, as far as he is heard; for any thread."""

    def __init__(self, clock: Clock, *, heard: bool) -> None:
        """`heard`: whether he is, at all; else he is silent. He is held up until he is asked for his bytes."""
        self._clock = clock
        self._held = heard
        self._heard = clock() if heard else None
        """When he was last heard."""

    def hear(self) -> None:
        """Note that he is there: bytes have come."""
        self._heard = self._clock()

    def hold(self) -> None:
        """Note that it is the store that he may have to wait for."""
        self._held = True

    def release(self) -> None:
        """Note that more of his bytes may come."""
        # In this order: he is not silent in between.
        self.hear()
        self._held = False

    @property
    def is_silent(self) -> bool:
        if self._held:
            return False
        heard = self._heard
        return heard is None or self._clock() - heard >= SILENCE
