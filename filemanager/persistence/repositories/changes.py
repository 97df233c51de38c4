"""The history, on SQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from filemanager.domain.change import Change
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.schema import CHANGES, COUNTERS
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_C = CHANGES.c
# Its row stays locked until the transaction ends, and goes back with it: no gaps, and numbers in the order of commits.
_NEXT = (
    update(COUNTERS).where(COUNTERS.c.name == "changes").values(value=COUNTERS.c.value + 1).returning(COUNTERS.c.value)
)
_ADVANCE = (
    update(COUNTERS)
    .where(COUNTERS.c.name == "changes")
    .values(value=COUNTERS.c.value + bindparam("many"))
    .returning(COUNTERS.c.value)
)
_ADD = insert(CHANGES)
_FOREVER = (1 << 63) - 1
_ANY = select(_C.who, _C.on_behalf_of, _C.at, _C.node, _C.operation, _C.before, _C.after, _C.number)
_LIST = _ANY.where(_C.number > bindparam("last")).order_by(_C.number).limit(bindparam("limit"))
_OF_NODE = (
    _ANY.where(
        _C.node == bindparam("of_node"),
        _C.number > bindparam("last"),
        _C.on_behalf_of == bindparam("owner"),
        _C.at <= bindparam("until"),
    )
    .order_by(_C.number)
    .limit(bindparam("limit"))
)


class SqlChanges:
    """The port `Changes`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_change(self, change: Change) -> Change:
        added = replace(change, number=self._connection.execute(_NEXT).scalar_one())
        self._connection.execute(_ADD, _values(added))
        return added

    def add_changes(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        last: int = self._connection.execute(_ADVANCE, {"many": len(changes)}).scalar_one()
        numbers = range(last - len(changes) + 1, last + 1)
        numbered = [replace(change, number=number) for number, change in zip(numbers, changes, strict=True)]
        self._connection.execute(_ADD, [_values(change) for change in numbered])

    def list_changes(self, after: int, limit: int) -> list[Change]:
        return self._changes(_LIST, {"last": after, "limit": limit})

    def changes_of(self, node: str, owner: Ivorn, after: int, until: Instant | None, limit: int) -> list[Change]:
        values = {"of_node": node, "owner": str(owner), "last": after, "limit": limit}
        return self._changes(_OF_NODE, {**values, "until": _FOREVER if until is None else until})

    def _changes(self, statement: Select[Any], values: dict[str, Any]) -> list[Change]:
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
                statement, values
            )
        ]


def _values(change: Change) -> dict[str, Any]:
    return {
        "number": change.number,
        "who": str(change.who),
        "on_behalf_of": str(change.on_behalf_of),
        "at": change.at,
        "node": change.node,
        "operation": change.operation,
        "before": documents.write_texts(change.before),
        "after": documents.write_texts(change.after),
    }
