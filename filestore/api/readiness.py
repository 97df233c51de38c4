"""What load balancers ask of a store: its catalogue, its schema, its contents.

Rule: a store whose disk has failed still gives what it has, so it is ready, and says read-only.
"""

from collections.abc import Callable

from filestore.services.store import Store
from vofiles.serving.http import Route
from vofiles.serving.readiness import OK, Finding, ready_route


def readiness_route(store: Store, schema_is_current: Callable[[], bool]) -> Route:
    """Not ready: the catalogue or the contents fail, or another release has changed the schema."""

    def check_catalogue() -> Finding:
        store.catalogue.read(lambda records: records.find_transfer(""))
        return OK

    def check_schema() -> Finding:
        return OK if schema_is_current() else Finding("changed", ready=False)

    def check_contents() -> Finding:
        if store.health.failure is not None:
            return Finding("read-only")
        return OK if store.backend.free_space() > store.terms.reserve else Finding("full")

    return ready_route({"catalogue": check_catalogue, "schema": check_schema, "contents": check_contents})
