"""The history, in memory."""

from dataclasses import replace

from filemanager.domain.change import Change
from filemanager.persistence.memory.state import Repository


class MemoryChanges(Repository):
    """The port `Changes`."""

    def add_change(self, change: Change) -> Change:
        added = replace(change, number=len(self._state.changes) + 1)
        self._state.changes[added.number] = added
        return added

    def list_changes(self, after: int, limit: int) -> list[Change]:
        numbers = range(after + 1, min(after + limit, len(self._state.changes)) + 1)
        return [self._state.changes[number] for number in numbers]
