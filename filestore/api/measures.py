"""What a file store is measured by, besides its requests.

Rule: read when Prometheus asks, from what is there anyway.
"""

from collections.abc import Callable, Iterable, Mapping

from filestore.services.lane import Lane
from filestore.services.store import Store
from vofiles.instant import SECOND
from vofiles.serving.metrics import Measures, Sample


def register(measures: Measures, store: Store, lane: Lane, groups: Callable[[], Mapping[int, int]]) -> None:
    """Have these measured from now on."""

    def transfers() -> Iterable[Sample]:
        counts = store.catalogue.read(lambda records: records.count_transfers())
        return [((state,), number) for state, number in counts.items()]

    def callbacks() -> float:
        return store.catalogue.read(lambda records: records.backlog()).number

    def oldest_callback() -> float:
        oldest = store.catalogue.read(lambda records: records.backlog()).oldest
        return 0.0 if oldest is None else max(0.0, (store.clock() - oldest) / SECOND)

    measures.gauge("transfers", "Transfers that are remembered.", transfers, "state")
    measures.gauge("callbacks", "Callbacks that have not been acknowledged.", callbacks)
    measures.gauge("callbacks_oldest_seconds", "Age of the oldest of them.", oldest_callback)
    measures.gauge("lane_waiting", "Movements of bytes that wait for their turn.", lambda: lane.waiting)
    measures.gauge("lane_running", "Movements of bytes under way.", lambda: lane.running)
    measures.gauge("free_bytes", "Bytes that can still be written.", store.backend.free_space)
    measures.gauge("read_only", "1 once the disk has failed.", lambda: float(store.health.failure is not None))
    measures.groups(groups)
