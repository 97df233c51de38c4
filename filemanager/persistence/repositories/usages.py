"""How much there is below nodes, counted on SQL: one statement that goes down the tree and looks at each node once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Connection, FromClause, Select, bindparam, case, func, select

from filemanager.domain.usage import Usage
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.schema import CONTENT_VERSIONS, NODES
from vofiles.contract import NodeKind

_V = CONTENT_VERSIONS.c


def _below(starts: Select[Any]) -> CTE:
    """The nodes of `starts` (key, kind and version of each, under the key of the one it is counted for), and all below."""
    below = starts.cte("below", recursive=True)
    return below.union_all(
        select(below.c.top, NODES.c.key, NODES.c.kind, NODES.c.version).where(NODES.c.parent == below.c.key)
    )


def _counted(nodes: FromClause) -> Select[Any]:
    current = select(_V.size).where(_V.node == nodes.c.key, _V.number == nodes.c.version).scalar_subquery()
    kept = select(func.sum(_V.size)).where(_V.node == nodes.c.key, _V.number != nodes.c.version).scalar_subquery()
    return select(
        nodes.c.top,
        func.count(),
        func.sum(case((nodes.c.kind == NodeKind.FILE, 1), else_=0)),
        func.sum(case((nodes.c.kind == NodeKind.FOLDER, 1), else_=0)),
        func.coalesce(func.sum(case((nodes.c.version > 0, current))), 0),
        func.coalesce(func.sum(case((nodes.c.version > 0, kept))), 0),
    ).group_by(nodes.c.top)


_NODE = select(NODES.c.key.label("top"), NODES.c.key, NODES.c.kind, NODES.c.version)
_OF_NODES = _counted(_below(_NODE.where(NODES.c.key.in_(bindparam("nodes", expanding=True)))))
# Both databases make no more rows of `below` than are asked for.
_FEW = _counted(select(_below(_NODE.where(NODES.c.key == bindparam("node")))).limit(bindparam("most")).subquery("few"))


class SqlUsages:
    """The port `Usages`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_nodes(self, keys: Sequence[int]) -> dict[int, Usage]:
        found: dict[int, Usage] = {}
        for some in batches(keys):
            for top, _, *counted in self._connection.execute(_OF_NODES, {"nodes": some}):
                found[top] = Usage(*map(int, counted))
        return found

    def if_small(self, key: int, most: int) -> Usage | None:
        row = self._connection.execute(_FEW, {"node": key, "most": most + 1}).first()
        if row is None or row[1] > most:
            return None
        return Usage(*map(int, row[2:]))
