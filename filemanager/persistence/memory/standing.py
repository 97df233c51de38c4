"""How much there is to do, counted in memory."""

from collections import Counter

from filemanager.domain.backlog import Backlog
from filemanager.domain.replica import ReplicaState
from filemanager.domain.store import Held
from filemanager.persistence.memory.state import Repository
from vofiles.ivorn import Ivorn


class MemoryStanding(Repository):
    """The port `Standing`."""

    def open_transfers(self) -> dict[str, int]:
        return dict(Counter(each.state for each in self._state.transfers.values() if not each.has_ended))

    def errands(self) -> Backlog:
        created = [errand.created for errand in self._state.errands.values()]
        return Backlog(len(created), min(created, default=None))

    def open_jobs(self) -> dict[str, int]:
        return dict(Counter(job.state for job in self._state.jobs.values() if not job.has_ended))

    def waiting_items(self) -> int:
        return sum(job.waiting for job in self._state.jobs.values() if not job.has_ended)

    def held(self, owner: Ivorn | None) -> dict[Ivorn, Held]:
        found: dict[Ivorn, Held] = {}
        for replica in self._state.replicas.values():
            version = self._state.versions[replica.version]
            if replica.state != ReplicaState.DELETING and owner in {None, self._state.nodes[version.node].owner}:
                before = found.get(replica.store, Held())
                found[replica.store] = Held(before.contents + 1, before.size + version.size)
        return found
