"""What a file store is measured by, besides its requests.

Rule: read when Prometheus asks, from what is there anyway.
"""

from collections.abc import Callable, Iterable, Mapping

from filestore.domain.round import Round
from filestore.services.lane import Lane
from filestore.services.store import Store
from vofiles.instant import SECOND, Instant
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
    _register_scrub(measures, store)
    measures.groups(groups)


def _register_scrub(measures: Measures, store: Store) -> None:
    def progress() -> Round:
        return store.catalogue.read(lambda records: records.find_round()) or Round(Instant(0))

    def damaged() -> float:
        return store.catalogue.read(lambda records: records.count_damaged(None))

    measures.gauge("damaged_containers", "Containers whose bytes are not what came.", damaged)
    measures.gauge("damaged_reads", "Whole contents asked for that were not what came.", lambda: store.health.damaged)
    measures.gauge("scrub_containers", "Containers read in this round.", lambda: progress().containers)
    measures.gauge("scrub_bytes", "Bytes read in this round.", lambda: progress().size)
    measures.gauge("scrub_findings", "What was not as it should be in this round.", lambda: progress().findings)
    measures.gauge(
        "scrub_last_end_seconds",
        "When a round ended last, in seconds since 1970; 0: never.",
        lambda: (progress().last_end or 0) / SECOND,
    )
