"""The entries of the trash, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from filemanager.domain.node import Node
from filemanager.domain.trash import UPKEEP, TrashEntry
from filemanager.persistence.memory.nodes import MemoryNodes
from filemanager.persistence.memory.state import Repository
from vofiles.errors import NodeNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class MemoryTrash(Repository):
    """The port `Trash`."""

    def _find(self, wanted: Callable[[TrashEntry], bool]) -> list[TrashEntry]:
        return [self._state.trash[key] for key in sorted(self._state.trash) if wanted(self._state.trash[key])]

    def _change(self, nodes: Sequence[int], **changes: object) -> None:
        for node in nodes:
            if node in self._state.trash:
                self._state.trash[node] = replace(self._state.trash[node], **changes)  # type: ignore[arg-type]

    def find_root(self, owner: Ivorn) -> Node | None:
        return next((node for node in self._state.nodes.values() if node.is_trash and node.owner == owner), None)

    def holds(self, key: int) -> bool:
        return MemoryNodes(self._state).is_in_trash(key)

    def add_entry(self, entry: TrashEntry) -> None:
        self._require_account(entry.owner)
        if entry.node not in self._state.nodes:
            raise NodeNotFound(entry.number)
        self._state.trash[entry.node] = entry

    def find_entry(self, number: str) -> TrashEntry | None:
        return next(iter(self._find(lambda entry: entry.number == number)), None)

    def delete_entry(self, node: int) -> None:
        self._state.trash.pop(node, None)

    def list_entries(self, owner: Ivorn, before: tuple[Instant, str] | None, limit: int) -> list[TrashEntry]:
        own = self._find(lambda entry: entry.owner == owner and entry.purger is None)
        left = [each for each in own if before is None or (each.deleted, each.number) < before]
        return sorted(left, key=lambda entry: (entry.deleted, entry.number), reverse=True)[:limit]

    def count_entries(self, owner: Ivorn) -> int:
        return len(self._find(lambda entry: entry.owner == owner and entry.purger is None))

    def entries_among(self, nodes: Sequence[int]) -> dict[int, TrashEntry]:
        return {node: self._state.trash[node] for node in nodes if node in self._state.trash}

    def claim(self, node: int, purger: str) -> None:
        self._change([node], purger=purger)

    def claim_all(self, owner: Ivorn, purger: str) -> int:
        free = self._find(lambda entry: entry.owner == owner and entry.purger is None)
        self._change([entry.node for entry in free], purger=purger)
        return len(free)

    def release(self, purger: str) -> None:
        self._change([entry.node for entry in self._find(lambda entry: entry.purger == purger)], purger=None)

    def hand_over(self, purger: str, now: Instant) -> None:
        own = [entry.node for entry in self._find(lambda entry: entry.purger == purger)]
        self._change(own, purger=UPKEEP, purge_after=now)

    def claimed(self, purger: str, limit: int) -> list[TrashEntry]:
        return self._find(lambda entry: entry.purger == purger)[:limit]

    def due_entries(self, now: Instant, limit: int) -> list[TrashEntry]:
        def is_due(entry: TrashEntry) -> bool:
            return entry.purge_after is not None and entry.purge_after <= now and entry.purger in {None, UPKEEP}

        return sorted(self._find(is_due), key=lambda entry: entry.purge_after or 0)[:limit]

    def uncounted(self, limit: int) -> list[TrashEntry]:
        return self._find(lambda entry: entry.files is None and entry.purger is None)[:limit]

    def note_count(self, node: int, files: int, size: int) -> None:
        self._change([node], files=files, size=size)

    def forget_count(self, node: int) -> None:
        above = [each.key for each in MemoryNodes(self._state).ancestors(node)]
        self._change([node, *above], files=None, size=None)
