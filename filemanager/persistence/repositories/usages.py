"""How much there is below nodes, counted on SQL: one statement that goes down the tree and looks at each once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Connection, FromClause, Select, bindparam, case, func, select

from filemanager.domain.usage import Usage
from filemanager.persistence.schema import CONTENT_VERSIONS, NODES
from vofiles.contract import NodeKind

_V = CONTENT_VERSIONS.c


def _below() -> CTE:
    """A node and all below it."""
    columns = (NODES.c.key, NODES.c.kind, NODES.c.version)
    below = select(*columns).where(NODES.c.key == bindparam("node")).cte("below", recursive=True)
    return below.union_all(select(*columns).where(NODES.c.parent == below.c.key))


def _counted(nodes: FromClause) -> Select[Any]:
    current = select(_V.size).where(_V.node == nodes.c.key, _V.number == nodes.c.version).scalar_subquery()
    kept = select(func.sum(_V.size)).where(_V.node == nodes.c.key, _V.number != nodes.c.version).scalar_subquery()
    return select(
        func.count(),
        func.sum(case((nodes.c.kind == NodeKind.FILE, 1), else_=0)),
        func.sum(case((nodes.c.kind == NodeKind.FOLDER, 1), else_=0)),
        func.coalesce(func.sum(case((nodes.c.version > 0, current))), 0),
        func.coalesce(func.sum(case((nodes.c.version > 0, kept))), 0),
    )


_OF_NODE = _counted(_below())
# Both databases make no more rows of `below` than are asked for.
_FEW = _counted(select(_below()).limit(bindparam("most")).subquery("few"))


class SqlUsages:
    """The port `Usages`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_nodes(self, keys: Sequence[int]) -> dict[int, Usage]:
        # One by one: to count for several at once would sort all the nodes below them.
        found = {key: self._connection.execute(_OF_NODE, {"node": key}).one() for key in keys}
        return {key: Usage(*map(int, row[1:])) for key, row in found.items() if row[0]}

    def if_small(self, key: int, most: int) -> Usage | None:
        row = self._connection.execute(_FEW, {"node": key, "most": most + 1}).one()
        return Usage(*map(int, row[1:])) if 0 < row[0] <= most else None
