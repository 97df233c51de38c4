"""The history, on SQL."""

from dataclasses import replace

from sqlalchemy import Connection, bindparam, insert, select, update

from filemanager.domain.change import Change
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.schema import CHANGES, COUNTERS
from vofiles.instant import Instant

_C = CHANGES.c
# Its row stays locked until the transaction ends, and goes back with it: no gaps, and numbers in the order of commits.
_NEXT = (
    update(COUNTERS).where(COUNTERS.c.name == "changes").values(value=COUNTERS.c.value + 1).returning(COUNTERS.c.value)
)
_ADD = insert(CHANGES)
_LIST = (
    select(_C.who, _C.on_behalf_of, _C.at, _C.node, _C.operation, _C.before, _C.after, _C.number)
    .where(_C.number > bindparam("last"))
    .order_by(_C.number)
    .limit(bindparam("limit"))
)


class SqlChanges:
    """The port `Changes`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_change(self, change: Change) -> Change:
        number: int = self._connection.execute(_NEXT).scalar_one()
        values = {
            "number": number,
            "who": str(change.who),
            "on_behalf_of": str(change.on_behalf_of),
            "at": change.at,
            "node": change.node,
            "operation": change.operation,
            "before": documents.write_texts(change.before),
            "after": documents.write_texts(change.after),
        }
        self._connection.execute(_ADD, values)
        return replace(change, number=number)

    def list_changes(self, after: int, limit: int) -> list[Change]:
        return [
            Change(
                ivorn(who),
                ivorn(on_behalf_of),
                Instant(at),
                node,
                operation,
                documents.read_texts(before),
                documents.read_texts(now),
                number,
            )
            for who, on_behalf_of, at, node, operation, before, now, number in self._connection.execute(
                _LIST, {"last": after, "limit": limit}
            )
        ]
