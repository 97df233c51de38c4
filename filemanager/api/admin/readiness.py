"""What load balancers ask of a FileManager: its database, its schema, its stores.

Rule: asks no store; that they answer is known from the calls that are made anyway.
"""

from collections.abc import Callable

from filemanager.domain.store import StoreState
from filemanager.ports import Database, StoreControl
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Route
from vofiles.serving.readiness import OK, Finding, ready_route


def readiness_route(
    database: Database, stores: StoreControl, schema_is_current: Callable[[], bool], service: Ivorn
) -> Route:
    """Not ready: the database fails, another release has changed its schema, or every active store is silent."""

    def check_database() -> Finding:
        database.read(lambda tx: tx.stores.find_store(service))
        return OK

    def check_schema() -> Finding:
        return OK if schema_is_current() else Finding("changed", ready=False)

    def check_stores() -> Finding:
        known = database.read(lambda tx: tx.stores.list_stores())
        active = [store.identifier for store in known if store.state == StoreState.ACTIVE]
        silent = [store for store in active if stores.is_down(store)]
        if not silent:
            return OK
        return Finding("silent", ready=False) if len(silent) == len(active) else Finding("some silent")

    return ready_route({"database": check_database, "schema": check_schema, "stores": check_stores})
