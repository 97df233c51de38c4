"""The stores, in memory."""

from filemanager.domain.store import Store
from filemanager.persistence.memory.state import Repository
from vofiles.ivorn import Ivorn


class MemoryStores(Repository):
    """The port `Stores`."""

    def find_store(self, identifier: Ivorn) -> Store | None:
        return self._state.stores.get(identifier)

    def list_stores(self) -> list[Store]:
        return sorted(self._state.stores.values(), key=lambda store: str(store.identifier))

    def put_store(self, store: Store) -> None:
        self._state.stores[store.identifier] = store
