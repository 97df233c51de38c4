"""What stores are still to be told, on SQL."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from filemanager.domain.errand import Errand
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.stores import KEY_OF_STORE
from filemanager.persistence.repositories.violations import refusal
from filemanager.persistence.schema import ERRANDS, STORES
from vofiles.errors import StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_E = ERRANDS.c
ANY_ERRAND = select(
    STORES.c.identifier, _E.verb, _E.subject, _E.created, _E.due, _E.attempts, _E.error, _E.key
).select_from(ERRANDS.join(STORES, STORES.c.key == _E.store))
_DUE = (
    ANY_ERRAND.where(_E.due <= bindparam("now"), STORES.c.identifier.not_in(bindparam("without", expanding=True)))
    .order_by(_E.due, _E.key)
    .limit(bindparam("limit"))
)
_ADD_MANY = insert(ERRANDS).values(
    store=KEY_OF_STORE,
    **{name: bindparam(name) for name in ("verb", "subject", "created", "due", "attempts", "error")},
)
_ADD = _ADD_MANY.returning(_E.key)
_SAVE = (
    update(ERRANDS)
    .where(_E.key == bindparam("errand"))
    .values({name: bindparam(f"new_{name}") for name in ("due", "attempts", "error")})
)
_DELETE = delete(ERRANDS).where(_E.key == bindparam("errand"))


class SqlErrands:
    """The port `Errands`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_errand(self, errand: Errand) -> Errand:
        try:
            key: int = self._connection.execute(_ADD, _values(errand)).scalar_one()
        except IntegrityError as error:
            raise refusal(error, {"nn_errands_store": lambda: StoreNotFound(errand.store)}) from error
        return replace(errand, key=key)

    def add_errands(self, errands: Sequence[Errand]) -> None:
        if not errands:
            return
        try:
            self._connection.execute(_ADD_MANY, [_values(errand) for errand in errands])
        except IntegrityError as error:
            raise refusal(error, {"nn_errands_store": lambda: StoreNotFound("one of many")}) from error

    def due_errands(self, now: Instant, limit: int, without: Collection[Ivorn] = ()) -> list[Errand]:
        values = {"now": now, "limit": limit, "without": [str(store) for store in without]}
        return [errand_of(row) for row in self._connection.execute(_DUE, values)]

    def save_errand(self, errand: Errand) -> None:
        values = {
            "errand": errand.key,
            "new_due": errand.due,
            "new_attempts": errand.attempts,
            "new_error": errand.error,
        }
        self._connection.execute(_SAVE, values)

    def delete_errand(self, key: int) -> None:
        self._connection.execute(_DELETE, {"errand": key})


def _values(errand: Errand) -> dict[str, Any]:
    return {
        "of_store": str(errand.store),
        "verb": errand.verb,
        "subject": errand.subject,
        "created": errand.created,
        "due": errand.due,
        "attempts": errand.attempts,
        "error": errand.error,
    }


def errand_of(row: Any) -> Errand:
    """The errand in a row of ANY_ERRAND."""
    store, verb, subject, created, due, attempts, error, key = row
    return Errand(ivorn(store), verb, subject, Instant(created), Instant(due), attempts, error, key)
