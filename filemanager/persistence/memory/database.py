"""The database in memory: a write works on copies of the maps and puts them in place when it ends well.

Rule: no reader's state ever moves, and a read cannot write.
"""

import threading
from collections.abc import Callable
from types import MappingProxyType
from typing import TypeVar

from filemanager.persistence.memory.accounts import MemoryAccounts
from filemanager.persistence.memory.census import MemoryCensus
from filemanager.persistence.memory.changes import MemoryChanges
from filemanager.persistence.memory.contents import MemoryContents
from filemanager.persistence.memory.credentials import MemoryCredentials
from filemanager.persistence.memory.errands import MemoryErrands
from filemanager.persistence.memory.jobs import MemoryJobs
from filemanager.persistence.memory.nodes import MemoryNodes
from filemanager.persistence.memory.nonces import MemoryNonces
from filemanager.persistence.memory.repeats import MemoryRepeats
from filemanager.persistence.memory.search import MemorySearch
from filemanager.persistence.memory.standing import MemoryStanding
from filemanager.persistence.memory.state import State
from filemanager.persistence.memory.stores import MemoryStores
from filemanager.persistence.memory.transfers import MemoryTransfers
from filemanager.persistence.memory.trash import MemoryTrash
from filemanager.persistence.memory.usages import MemoryUsages
from vofiles.errors import ServiceBusy

R = TypeVar("R")


class MemoryTransaction:
    """The port `Transaction` on one state."""

    def __init__(self, state: State) -> None:
        self.accounts = MemoryAccounts(state)
        self.nodes = MemoryNodes(state)
        self.contents = MemoryContents(state)
        self.stores = MemoryStores(state)
        self.transfers = MemoryTransfers(state)
        self.changes = MemoryChanges(state)
        self.credentials = MemoryCredentials(state)
        self.errands = MemoryErrands(state)
        self.jobs = MemoryJobs(state)
        self.census = MemoryCensus(state)
        self.repeats = MemoryRepeats(state)
        self.trash = MemoryTrash(state)
        self.usages = MemoryUsages(state)
        self.standing = MemoryStanding(state)
        self.search = MemorySearch(state)
        self.nonces = MemoryNonces(state)


class MemoryDatabase:
    """The port `Database`; a write copies all the maps, so it is for some thousands of nodes."""

    def __init__(self) -> None:
        self._state = State()
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._closed = False

    def read(self, fn: Callable[[MemoryTransaction], R]) -> R:
        """As the port says; a `fn` that tries to write meets a TypeError or AttributeError."""
        self._require_open()
        return fn(MemoryTransaction(self._state.through(MappingProxyType)))

    def write(self, fn: Callable[[MemoryTransaction], R]) -> R:
        if self._writer == threading.get_ident():
            raise RuntimeError("a write inside a write would wait for itself")
        with self._turn:
            self._require_open()
            self._writer = threading.get_ident()
            try:
                state = self._state.through(dict)
                result = fn(MemoryTransaction(state))
                self._state = state
            finally:
                self._writer = None
        return result

    def close(self) -> None:
        self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            raise ServiceBusy("its database is closing")
