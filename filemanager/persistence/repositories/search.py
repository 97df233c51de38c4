"""Looking for nodes, on SQL: along an index from a place in it, or by lists of keys.

Rule: no statement here goes through a table or sorts; the tests hold their plans to it on both kinds of database.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, select

from filemanager.domain.node import Node
from filemanager.domain.search import Entry, Place, Span
from filemanager.persistence.repositories.accounts import KEY_OF_ACCOUNT
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.repositories.nodes import ANY_NODE, N, node_of
from filemanager.persistence.schema import CONTENT_VERSIONS, HEAD_OF_VALUE, NODE_PROPERTIES, NODES
from vofiles.contract import Order
from vofiles.ivorn import Ivorn

_C, _P, _V = NODES.c, NODE_PROPERTIES.c, CONTENT_VERSIONS.c
_LIMIT = bindparam("limit", type_=_C.key.type)
_SOME: BindParameter[int] = bindparam("some", expanding=True)
_COLUMNS: dict[str, ColumnElement[Any]] = {
    Order.NAME: _C.name,
    Order.SIZE: _C.size,
    Order.MODIFIED: _C.modified,
    Order.CREATED: _C.created,
}
_ENTRY = select(_C.key, _C.parent, _C.name, _C.kind, _C.size, _C.modified, _C.created)
_ENTRIES = _ENTRY.where(_C.key.in_(_SOME))
_NODES = ANY_NODE.where(N.c.key.in_(_SOME))
_BELOW = select(_C.key).where(_C.parent.in_(_SOME)).limit(_LIMIT)


def _between(value: ColumnElement[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return value >= bindparam("low", type_=value.type), value < bindparam("high", type_=value.type)


_WITH_PROPERTY = select(_P.node).where(_P.name == bindparam("name"), *_between(HEAD_OF_VALUE)).limit(_LIMIT)
_WITH_CONTENT_TYPE = select(_V.node).where(*_between(_V.content_type)).limit(_LIMIT)


@cache
def walk_statement(order: str, *, descending: bool, open_end: bool = False) -> Select[Any]:
    """Entries of `account` with values from `low` (but itself, where that end is open) to below `high`, in order."""
    value = _COLUMNS[order]
    low, high = _between(value)
    if open_end:
        low = value > bindparam("low", type_=value.type)
    way = (value.desc(), _C.key.desc()) if descending else (value, _C.key)
    return _ENTRY.where(_C.owner == KEY_OF_ACCOUNT, low, high).order_by(*way).limit(_LIMIT)


@cache
def alike_statement(order: str, *, descending: bool) -> Select[Any]:
    """Entries of `account` with the value `value` that come after the one of key `place`.

    A statement of its own: SQLite takes no row value (value, key) to search an index that ends in the table's own key.
    """
    value = _COLUMNS[order]
    place = bindparam("place", type_=_C.key.type)
    beyond, way = (_C.key < place, _C.key.desc()) if descending else (_C.key > place, _C.key)
    alike = value == bindparam("value", type_=value.type)
    return _ENTRY.where(_C.owner == KEY_OF_ACCOUNT, alike, beyond).order_by(way).limit(_LIMIT)


class SqlSearch:
    """The port `Search`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def walk(
        self, owner: Ivorn, order: str, span: Span, after: Place | None, limit: int, *, descending: bool = False
    ) -> list[Entry]:
        told = {"account": str(owner), "low": span.low, "high": span.high, "limit": limit}
        found: list[Entry] = []
        open_end = False
        if after is not None and span.holds(after.value):
            alike = {"account": str(owner), "value": after.value, "place": after.key, "limit": limit}
            found = self._entries(alike_statement(order, descending=descending), alike)
            told |= {"high" if descending else "low": after.value, "limit": limit - len(found)}
            open_end = not descending
        elif after is not None and (after.value < span.low) is descending:
            # It was past the span's end.
            return []
        if len(found) < limit:
            found += self._entries(walk_statement(order, descending=descending, open_end=open_end), told)
        return found

    def _entries(self, statement: Select[Any], values: dict[str, Any]) -> list[Entry]:
        return [Entry._make(row) for row in self._connection.execute(statement, values).all()]

    def with_property(self, name: str, heads: Span, limit: int) -> list[int]:
        values = {"name": name, "low": heads.low, "high": heads.high, "limit": limit}
        return [row[0] for row in self._connection.execute(_WITH_PROPERTY, values)]

    def with_content_type(self, types: Span, limit: int) -> list[int]:
        values = {"low": types.low, "high": types.high, "limit": limit}
        return [row[0] for row in self._connection.execute(_WITH_CONTENT_TYPE, values)]

    def below(self, parents: Sequence[int], limit: int) -> list[int]:
        found: list[int] = []
        for some in batches(parents):
            if len(found) < limit:
                values = {"some": some, "limit": limit - len(found)}
                found += [row[0] for row in self._connection.execute(_BELOW, values)]
        return found

    def entries(self, keys: Sequence[int]) -> list[Entry]:
        found: list[Entry] = []
        for some in batches(keys):
            found += self._entries(_ENTRIES, {"some": some})
        return found

    def nodes(self, keys: Sequence[int]) -> dict[int, Node]:
        found: dict[int, Node] = {}
        for some in batches(keys):
            for row in self._connection.execute(_NODES, {"some": some}):
                node = node_of(row)
                found[node.key] = node
        return found
