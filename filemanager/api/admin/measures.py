"""What a FileManager is measured by, besides its requests.

Rule: read when Prometheus asks, from what is there anyway.
"""

from collections.abc import Callable, Iterable, Mapping

from filemanager.ports import Clock, Database, StoreControl
from vofiles.instant import SECOND
from vofiles.serving.metrics import Measures, Sample


def register(
    measures: Measures, database: Database, stores: StoreControl, clock: Clock, groups: Callable[[], Mapping[int, int]]
) -> None:
    """Have these measured from now on."""

    def silent_stores() -> Iterable[Sample]:
        known = database.read(lambda tx: tx.stores.list_stores())
        return [((str(store.identifier),), float(stores.is_down(store.identifier))) for store in known]

    def open_transfers() -> Iterable[Sample]:
        counts = database.read(lambda tx: tx.standing.open_transfers())
        return [((state,), number) for state, number in counts.items()]

    def open_jobs() -> Iterable[Sample]:
        counts = database.read(lambda tx: tx.standing.open_jobs())
        return [((state,), number) for state, number in counts.items()]

    def oldest_errand() -> float:
        oldest = database.read(lambda tx: tx.standing.errands()).oldest
        return 0.0 if oldest is None else max(0.0, (clock.now() - oldest) / SECOND)

    measures.gauge("transfers_open", "Transfers that have not ended.", open_transfers, "state")
    measures.gauge("jobs_open", "Jobs that have not ended.", open_jobs, "state")
    measures.gauge(
        "job_items_waiting",
        "Items of jobs that have not begun.",
        lambda: database.read(lambda tx: tx.standing.waiting_items()),
    )
    measures.gauge(
        "errands",
        "Errands that stores are still to be told.",
        lambda: database.read(lambda tx: tx.standing.errands()).number,
    )
    measures.gauge("errands_oldest_seconds", "Age of the oldest errand.", oldest_errand)
    measures.gauge("store_silent", "1 while a store has not been answering and is left alone.", silent_stores, "store")
    measures.groups(groups)
