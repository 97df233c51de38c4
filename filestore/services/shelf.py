"""The shelf: short contents in memory, so that who asks for one again is given it without the disk.

Rule: what lies here was found to be what came when it was put here, and never changes, for a container's bytes do not;
others' files, which do, are not put here. Whether somebody may have it is not the shelf's to say, nor whether its
container is still there: the catalogue is asked for that each time.
"""

import threading
from collections import OrderedDict
from typing import Final

ROOM: Final = 64 << 20
"""Bytes of all contents."""
LONGEST: Final = 64 << 10
"""Bytes of a content that is put here."""


class Shelf:
    """Contents by the number of their container; those that nobody asks for go first. For any number of threads."""

    def __init__(self, room: int = ROOM, longest: int = LONGEST) -> None:
        self._room, self.longest = room, longest
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0
        self._turn = threading.Lock()

    def find(self, number: str) -> bytes | None:
        """The content of a container, None where it is not here."""
        with self._turn:
            found = self._kept.get(number)
            if found is not None:
                self._kept.move_to_end(number)
            return found

    def put(self, number: str, data: bytes) -> None:
        """Keep a content, if it is short enough."""
        if len(data) > self.longest:
            return
        with self._turn:
            self._held += len(data) - len(self._kept.pop(number, b""))
            self._kept[number] = data
            while self._held > self._room:
                _, gone = self._kept.popitem(last=False)
                self._held -= len(gone)

    @property
    def held(self) -> int:
        """Bytes that are here."""
        return self._held
