"""Files that were opened a moment ago, still open, so that who asks for a content again waits for no directory.

Rule: an open file is what was opened, whatever became of its name since: whether somebody may have it the catalogue is
asked each time, and what is read from it is judged as ever. None is given for longer than `SECONDS` after it was
opened, so that what others do to it, in other processes too, is soon seen; each is closed at the first look at what is
old after that, so that the room of one that others have deleted is soon free.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from filestore.ports import Reader

MOST: Final = 64
LONGEST: Final = 1 << 20
"""Bytes of a content whose file is kept open: for larger ones, to open it costs nothing beside the rest."""
SECONDS: Final = 5.0


class OpenFiles:
    """Readers by the number of their container. For any number of threads."""

    def __init__(self, most: int = MOST, elapsed: Callable[[], float] = time.monotonic) -> None:
        """`most` at a time; `elapsed` tells seconds."""
        self._most, self._elapsed = most, elapsed
        self._kept: dict[str, _Shared] = {}
        """In the order in which they were opened."""
        self._turn = threading.Lock()

    def find(self, number: str) -> Reader | None:
        """A reader of the same file, to be closed like any other; None where it is not open. Waits for nothing."""
        shared = self._kept.get(number)
        if shared is None or self._elapsed() - shared.since > SECONDS:
            return None
        with self._turn:
            return _Lent(self, shared) if shared.users else None

    def keep(self, number: str, reader: Reader) -> Reader:
        """Keep a reader that was just opened, and have one of the same file instead of it."""
        shared = _Shared(reader, self._elapsed())
        with self._turn:
            lent = _Lent(self, shared)
            gone = [self._kept.pop(number, None)]
            self._kept[number] = shared
            if len(self._kept) > self._most:
                gone.append(self._kept.pop(next(iter(self._kept))))
        self._let_go(gone)
        return lent

    def drop(self, number: str) -> None:
        """Keep it no longer."""
        with self._turn:
            gone = self._kept.pop(number, None)
        self._let_go([gone])

    def drop_old(self) -> None:
        """Keep those no longer that were kept for their time. To be called now and then."""
        before = self._elapsed() - SECONDS
        with self._turn:
            old = [number for number, shared in self._kept.items() if shared.since < before]
            gone = [self._kept.pop(number) for number in old]
        self._let_go(gone)

    def close(self) -> None:
        """Keep none any longer, and none that is still to come."""
        with self._turn:
            self._most = 0
            gone = list(self._kept.values())
            self._kept.clear()
        self._let_go(gone)

    def give_back(self, shared: "_Shared") -> None:
        """One who has it needs it no longer; the last one closes it."""
        with self._turn:
            shared.users -= 1
            last = not shared.users
        if last:
            shared.reader.close()

    def _let_go(self, gone: "Iterable[_Shared | None]") -> None:
        for shared in gone:
            if shared is not None:
                self.give_back(shared)


class _Shared:
    """A reader, and how many have it: who keeps it is one of them."""

    __slots__ = ("reader", "since", "users")

    def __init__(self, reader: Reader, since: float) -> None:
        self.reader, self.since, self.users = reader, since, 1


class _Lent:
    """A reader of a file that others may have, too."""

    __slots__ = ("_files", "_shared", "fileno", "pread", "size")

    def __init__(self, files: OpenFiles, shared: _Shared) -> None:
        shared.users += 1
        self._files = files
        self._shared: _Shared | None = shared
        self.size, self.pread, self.fileno = shared.reader.size, shared.reader.pread, shared.reader.fileno

    def close(self) -> None:
        shared, self._shared = self._shared, None
        if shared is not None:
            self._files.give_back(shared)
