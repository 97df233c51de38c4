"""Health: whether this store may still be written to.

Rule: a failure of the medium (EIO, a failed fsync or commit) is remembered until the process ends, whatever succeeds
later: the kernel reports it once, to one of those it concerns, and then calls the pages clean.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filestore.ports import StorageFailure
from vofiles.errors import StoreReadOnly

_log = logging.getLogger(__name__)


class Health:
    """What is known of the medium; for any number of threads."""

    def __init__(self, announce: Callable[[str], None] = lambda _reason: None) -> None:
        """`announce` tells the other processes that serve this store, which have the same medium."""
        self._announce = announce
        self._lock = threading.Lock()
        self._failure: str | None = None
        self._damaged = 0

    @property
    def damaged(self) -> int:
        """How often somebody asked for a whole content that was not what came any more."""
        return self._damaged

    def note_damage(self) -> None:
        """Count one of them."""
        with self._lock:
            self._damaged += 1

    @property
    def failure(self) -> str | None:
        """The first failure, for operators; None while all is well."""
        return self._failure

    def fail(self, reason: str) -> None:
        """Take no more content from now on."""
        with self._lock:
            if self._failure is not None:
                return
            self._failure = reason
        _log.critical("the store is read-only from now on: %s", reason)
        self._announce(reason)

    def require_writable(self) -> None:
        """Refuse new content after a failure. Raises StoreReadOnly."""
        if self._failure is not None:
            raise StoreReadOnly("its disk failed, an operator must look at it")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Remember a failure of the medium that passes through here."""
        try:
            yield
        except StorageFailure as failure:
            self.fail(str(failure))
            raise
