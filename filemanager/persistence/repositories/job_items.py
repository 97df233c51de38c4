"""The items of long verbs, on SQL: the part of the port `Jobs` that is about them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, select, update

from filemanager.domain.job import AT_ONCE, JobItem
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.stores import KEY_OF_STORE
from filemanager.persistence.schema import ACCOUNTS, JOB_ITEMS, JOBS, STORES
from vofiles.contract import Failure, ItemState
from vofiles.errors import StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_I = JOB_ITEMS.c
_CHANGING = ("state", "node", "result", "size", "bytes_done", "transfer", "tries", "attempts", "due", "failure")
_FIXED = ("job", "number", "path", "request", "space")
_WITH_STORES = JOB_ITEMS.outerjoin(STORES, STORES.c.key == _I.store)
_ANY = select(*(_I[name] for name in (*_FIXED, *_CHANGING)), STORES.c.identifier.label("store")).select_from(
    _WITH_STORES
)
_PAGE = (
    _ANY.where(_I.job == bindparam("of_job"), _I.number > bindparam("after"))
    .order_by(_I.number)
    .limit(bindparam("limit"))
)
_PAGE_IN_STATE = _PAGE.where(_I.state == bindparam("in_state"))
_FIND = _ANY.where(_I.job == bindparam("of_job"), _I.number.in_(bindparam("numbers", expanding=True))).order_by(
    _I.number
)
_OF_TRANSFERS = _ANY.where(_I.transfer.is_not(None), _I.transfer.in_(bindparam("transfers", expanding=True)))
_JOB_OF_TRANSFER = (
    select(JOBS.c.number)
    .select_from(JOB_ITEMS.join(JOBS, JOBS.c.key == _I.job))
    .where(_I.transfer.is_not(None), _I.transfer == bindparam("transfer"))
)

# The words stand in the statements themselves: only so do partial indexes fit.
_IS_WAITING = _I.state == "WAITING"
_IS_RUNNING = _I.state == "RUNNING"


def _turns(lane: Any) -> Select[Any]:
    return (
        _ANY.where(_IS_WAITING, _I.store == lane, _I.space > bindparam("after"))
        .order_by(_I.space, _I.job, _I.number)
        .limit(bindparam("limit"))
        .with_for_update(of=JOB_ITEMS, skip_locked=True)
    )


_WAITING = _turns(KEY_OF_STORE)
_WAITING_FOR_NONE = _turns(0)
_RUNNING = (
    select(STORES.c.identifier, func.count()).select_from(_WITH_STORES).where(_IS_RUNNING).group_by(STORES.c.identifier)
)
_DUE = _ANY.where(_IS_RUNNING, _I.due <= bindparam("now")).order_by(_I.due, _I.job, _I.number).limit(bindparam("limit"))
_NEXT_DUE = select(func.min(_I.due)).where(_IS_RUNNING)
_ADD = insert(JOB_ITEMS).values({name: bindparam(name) for name in (*_FIXED, *_CHANGING, "store")})
_SAVE = (
    update(JOB_ITEMS)
    .where(_I.job == bindparam("of_job"), _I.number == bindparam("item"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_RETRY = (
    update(JOB_ITEMS)
    .where(_I.job == bindparam("of_job"), _I.state == ItemState.FAILED)
    .values(
        state=ItemState.WAITING,
        failure=None,
        transfer=None,
        bytes_done=0,
        tries=_I.tries + 1,
        attempts=0,
        due=AT_ONCE,
    )
)
_HURRY = update(JOB_ITEMS).where(_IS_RUNNING).values(due=bindparam("now"))
_FIRST = select(_I.number).where(_I.job == bindparam("of_job")).order_by(_I.number).limit(bindparam("limit"))
_DELETE = delete(JOB_ITEMS).where(and_(_I.job == bindparam("of_job"), _I.number.in_(_FIRST.scalar_subquery())))
_SPACE = select(ACCOUNTS.c.key).where(ACCOUNTS.c.identifier == bindparam("owner"))
_STORE = select(STORES.c.key).where(STORES.c.identifier == bindparam("store"))
_AT_ONCE = 5000
"""Rows handed to the driver in one call."""


def add_items(connection: Connection, job: int, owner: Ivorn, items: Sequence[JobItem]) -> None:
    """Store a new job's items. Raises StoreNotFound."""
    space = connection.execute(_SPACE, {"owner": str(owner)}).scalar() or 0
    stores: dict[Ivorn | None, int] = {None: 0}
    for store in {item.store for item in items if item.store is not None}:
        key = connection.execute(_STORE, {"store": str(store)}).scalar()
        if key is None:
            raise StoreNotFound(store)
        stores[store] = key
    for start in range(0, len(items), _AT_ONCE):
        rows = [
            {
                **_changing(item),
                "job": job,
                "number": item.number,
                "path": item.path,
                "request": documents.write_texts(item.request),
                "space": space,
                "store": stores[item.store],
            }
            for item in items[start : start + _AT_ONCE]
        ]
        connection.execute(_ADD, rows)


class SqlJobItems:
    """The part of the port `Jobs` that is about items."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _all(self, statement: Any, values: dict[str, Any]) -> list[JobItem]:
        return [_item(row) for row in self._connection.execute(statement, values).mappings()]

    def items(self, job: int, state: str | None, after: int, limit: int) -> list[JobItem]:
        values: dict[str, Any] = {"of_job": job, "after": after, "limit": limit}
        return self._all(_PAGE, values) if state is None else self._all(_PAGE_IN_STATE, values | {"in_state": state})

    def find_items(self, job: int, numbers: Sequence[int]) -> list[JobItem]:
        wanted = sorted(set(numbers))
        return [item for some in batches(wanted) for item in self._all(_FIND, {"of_job": job, "numbers": some})]

    def items_of_transfers(self, transfers: Sequence[str]) -> list[JobItem]:
        return [item for some in batches(transfers) for item in self._all(_OF_TRANSFERS, {"transfers": some})]

    def job_of_transfer(self, transfer: str) -> str | None:
        return self._connection.execute(_JOB_OF_TRANSFER, {"transfer": transfer}).scalar()

    def waiting_items(self, store: Ivorn | None, after: int, limit: int) -> list[JobItem]:
        statement = _WAITING_FOR_NONE if store is None else _WAITING
        values: dict[str, Any] = {"limit": limit} | ({} if store is None else {"of_store": str(store)})
        found = self._all(statement, values | {"after": after}) or self._all(statement, values | {"after": -1})
        return [item for item in found if item.space == found[0].space]

    def running_items(self) -> dict[Ivorn | None, int]:
        return {None if store is None else ivorn(store): number for store, number in self._connection.execute(_RUNNING)}

    def due_items(self, now: Instant, limit: int) -> list[JobItem]:
        return self._all(_DUE, {"now": now, "limit": limit})

    def next_due(self) -> Instant | None:
        due = self._connection.execute(_NEXT_DUE).scalar()
        return None if due is None else Instant(due)

    def save_items(self, items: Sequence[JobItem]) -> None:
        rows: Iterable[dict[str, Any]] = (
            {"of_job": item.job, "item": item.number}
            | {f"new_{name}": value for name, value in _changing(item).items()}
            for item in items
        )
        if items:
            self._connection.execute(_SAVE, list(rows))

    def retry_items(self, job: int) -> int:
        return self._connection.execute(_RETRY, {"of_job": job}).rowcount

    def hurry_items(self, now: Instant) -> int:
        return self._connection.execute(_HURRY, {"now": now}).rowcount

    def _delete_items(self, job: int, limit: int) -> int:
        return self._connection.execute(_DELETE, {"of_job": job, "limit": limit}).rowcount


def _changing(item: JobItem) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(item, name) for name in _CHANGING}
    return values | {"failure": documents.write_value(item.failure)}


def _item(row: Any) -> JobItem:
    values = dict(row)
    values |= {
        "store": None if row["store"] is None else ivorn(row["store"]),
        "request": documents.read_texts(row["request"]),
        "due": Instant(row["due"]),
        "failure": documents.read_value(Failure, row["failure"]),
    }
    return JobItem(**values)
