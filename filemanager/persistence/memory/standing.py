"""How much there is to do, counted in memory."""

from collections import Counter

from filemanager.domain.backlog import Backlog
from filemanager.persistence.memory.state import Repository


class MemoryStanding(Repository):
    """The port `Standing`."""

    def open_transfers(self) -> dict[str, int]:
        return dict(Counter(each.state for each in self._state.transfers.values() if not each.has_ended))

    def errands(self) -> Backlog:
        created = [errand.created for errand in self._state.errands.values()]
        return Backlog(len(created), min(created, default=None))
