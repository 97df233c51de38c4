"""The history, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from filemanager.domain.change import Change
from filemanager.persistence.memory.state import Repository
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class MemoryChanges(Repository):
    """The port `Changes`."""

    def add_change(self, change: Change) -> Change:
        added = replace(change, number=len(self._state.changes) + 1)
        self._state.changes[added.number] = added
        return added

    def add_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.add_change(change)

    def list_changes(self, after: int, limit: int) -> list[Change]:
        numbers = range(after + 1, min(after + limit, len(self._state.changes)) + 1)
        return [self._state.changes[number] for number in numbers]

    def changes_of(self, node: str, owner: Ivorn, after: int, until: Instant | None, limit: int) -> list[Change]:
        found = [
            change
            for number, change in sorted(self._state.changes.items())
            if number > after and (change.node, change.on_behalf_of) == (node, owner)
        ]
        return [change for change in found if until is None or change.at <= until][:limit]
