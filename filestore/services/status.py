"""The store's status, as its FileManagers ask for it: whether it takes content, what is left, how much is theirs.

Rule: tells a FileManager of its own containers alone; the disk's words are everybody's.
"""

from filestore.ports import StorageFailure
from filestore.services.store import Store
from vofiles.contract import GetStatus, GetStatusAnswer, Property
from vofiles.damage import NUMBER
from vofiles.ivorn import Ivorn

ACTIVE = "ACTIVE"
READONLY = "READONLY"
DURABILITY = "durability"
"""The property that says what has been done with bytes when they are acknowledged."""


def get_status(store: Store, caller: Ivorn, request: GetStatus) -> GetStatusAnswer:
    """How the store is, and how much the caller has in it. Raises ServiceBusy."""
    del request
    (number, size), damaged = store.catalogue.read(
        lambda records: (records.measure_held(caller), records.count_damaged(caller))
    )
    told = [Property(DURABILITY, store.terms.durability)]
    if damaged:
        told.append(Property(NUMBER, str(damaged)))
    return GetStatusAnswer(_state(store), number, size, _free(store), tuple(told))


def _state(store: Store) -> str:
    return ACTIVE if store.health.failure is None else READONLY


def _free(store: Store) -> int | None:
    try:
        return max(0, store.left())
    except StorageFailure:
        # Asking fails for many a reason; whether the disk still takes bytes is seen when some come.
        return None
