"""The stores that this service uses, on SQL."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from filemanager.domain.store import Store
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.schema import STORES
from vofiles.ivorn import Ivorn

_STORE = (
    STORES.c.identifier,
    STORES.c.address,
    STORES.c.site,
    STORES.c.storage_class,
    STORES.c.state,
    STORES.c.capabilities,
    STORES.c.free,
    STORES.c.reachable,
    STORES.c.writable,
)
_FIND = select(*_STORE).where(STORES.c.identifier == bindparam("store"))
_LIST = select(*_STORE).order_by(STORES.c.identifier)
_PUT = text(
    "INSERT INTO stores (identifier, address, site, storage_class, state, capabilities, free, reachable, writable)"
    " VALUES (:identifier, :address, :site, :storage_class, :state, :capabilities, :free, :reachable, :writable)"
    " ON CONFLICT (identifier) DO UPDATE SET address = excluded.address, site = excluded.site,"
    " storage_class = excluded.storage_class, state = excluded.state, capabilities = excluded.capabilities,"
    " free = excluded.free, reachable = excluded.reachable, writable = excluded.writable"
)

KEY_OF_STORE = select(STORES.c.key).where(STORES.c.identifier == bindparam("of_store")).scalar_subquery()
"""The key of the store whose identifier is the parameter `of_store`; NULL where there is none."""


class SqlStores:
    """The port `Stores`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_store(self, identifier: Ivorn) -> Store | None:
        row = self._connection.execute(_FIND, {"store": str(identifier)}).first()
        return None if row is None else _store(row)

    def list_stores(self) -> list[Store]:
        return [_store(row) for row in self._connection.execute(_LIST)]

    def put_store(self, store: Store) -> None:
        values = {
            "identifier": str(store.identifier),
            "address": store.address,
            "site": store.site,
            "storage_class": store.storage_class,
            "state": store.state,
            "capabilities": documents.write(list(store.capabilities)),
            "free": store.free,
            "reachable": store.reachable,
            "writable": store.writable,
        }
        self._connection.execute(_PUT, values)


def _store(row: Any) -> Store:
    identifier, address, site, storage_class, state, capabilities, free, reachable, writable = row
    words = tuple(json.loads(capabilities))
    return Store(
        ivorn(identifier), address, site, storage_class, state, words, free, reachable=reachable, writable=writable
    )
