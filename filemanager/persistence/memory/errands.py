"""What stores are still to be told, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from filemanager.domain.errand import Errand
from filemanager.persistence.memory.state import Repository
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class MemoryErrands(Repository):
    """The port `Errands`."""

    def add_errand(self, errand: Errand) -> Errand:
        self._require_store(errand.store)
        added = replace(errand, key=self._state.new_key())
        self._state.errands[added.key] = added
        return added

    def add_errands(self, errands: Sequence[Errand]) -> None:
        for errand in errands:
            self.add_errand(errand)

    def due_errands(self, now: Instant, limit: int, without: Collection[Ivorn] = ()) -> list[Errand]:
        due = [each for each in self._state.errands.values() if each.due <= now and each.store not in without]
        return sorted(due, key=lambda errand: (errand.due, errand.key))[:limit]

    def save_errand(self, errand: Errand) -> None:
        before = self._state.errands.get(errand.key)
        if before is not None:
            saved = replace(before, due=errand.due, attempts=errand.attempts, error=errand.error)
            self._state.errands[errand.key] = saved

    def delete_errand(self, key: int) -> None:
        self._state.errands.pop(key, None)
