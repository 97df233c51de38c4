"""The tree on SQL: a path by one self-join for its depth, a page of children by key, the way up by recursion."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import NamedFromClause

from filemanager.domain.node import TRASH_KIND, Child, Node
from filemanager.persistence.repositories.accounts import KEY_OF_ACCOUNT
from filemanager.persistence.repositories.batches import ByKeys, batches
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.violations import FOREIGN_KEY, refusal
from filemanager.persistence.schema import ACCOUNTS, NODES
from vofiles.errors import AccountNotFound, DuplicateNode, FolderNotEmpty, ParentNotFound
from vofiles.instant import Instant
from vofiles.names import NodeName

STEPS = 16
"""Steps of a path in one statement. SQLite joins 64 tables at most; a longer path goes on from where one ended."""

N, _PARENT = NODES.alias("n"), NODES.alias("p")
_IN_TREE = N.join(ACCOUNTS, ACCOUNTS.c.key == N.c.owner).outerjoin(_PARENT, _PARENT.c.key == N.c.parent)


def _select(node: NamedFromClause, parent_number: ColumnElement[Any], source: FromClause) -> Select[Any]:
    """Nodes in the order of `node_of`."""
    return select(
        node.c.number,
        node.c.name,
        node.c.kind,
        ACCOUNTS.c.identifier,
        node.c.created,
        node.c.modified,
        node.c.generation,
        node.c.version,
        node.c.parent,
        parent_number,
        node.c.key,
    ).select_from(source)


ANY_NODE = _select(N, _PARENT.c.number, _IN_TREE)
_FIND_NUMBER = ANY_NODE.where(N.c.number == bindparam("number"))
_FIND_KEY = ANY_NODE.where(N.c.key == bindparam("node"))
_LOCK = select(NODES.c.key).where(NODES.c.key == bindparam("node")).with_for_update()
# No name is empty, so the first page is the one after "".
_CHILDREN = (
    ANY_NODE.where(N.c.parent == bindparam("folder"), N.c.name > bindparam("after"))
    .order_by(N.c.name)
    .limit(bindparam("limit"))
)
_CHILDREN_OF = (
    ANY_NODE.where(N.c.parent.in_(bindparam("folders", expanding=True)))
    .order_by(N.c.parent, N.c.name)
    .limit(bindparam("limit"))
)
_CHILD_NAMES = ByKeys(
    select(NODES.c.parent, NODES.c.name, NODES.c.number)
    .order_by(NODES.c.parent, NODES.c.name)
    .limit(bindparam("limit")),
    NODES.c.parent,
)


@cache
def path_statement(depth: int) -> Select[Any]:
    """The node `depth` steps (1 or more) below the one of number `number`, by the names `name1`, `name2`, …; then key,
    parent and kind of that one.
    """
    start = last = NODES.alias("n0")
    source: FromClause = start
    above = start
    for step in range(1, depth + 1):
        above, last = last, NODES.alias(f"n{step}")
        source = source.join(last, (last.c.parent == above.c.key) & (last.c.name == bindparam(f"name{step}")))
    source = source.join(ACCOUNTS, ACCOUNTS.c.key == last.c.owner)
    found = _select(last, above.c.number, source).where(start.c.number == bindparam("number"))
    return found.add_columns(start.c.key, start.c.parent, start.c.kind)


def _ancestors() -> Select[Any]:
    lowest = select(NODES.c.parent.label("key"), literal(1).label("height")).where(NODES.c.key == bindparam("node"))
    way = lowest.cte("way", recursive=True)
    way = way.union_all(select(NODES.c.parent, way.c.height + 1).where(NODES.c.key == way.c.key))
    return _select(N, _PARENT.c.number, _IN_TREE.join(way, way.c.key == N.c.key)).order_by(way.c.height)


_ANCESTORS = _ancestors()


def way_up(start: ColumnElement[Any]) -> CTE:
    """The node of a key and all above it: key, parent and kind of each."""
    columns = (NODES.c.key, NODES.c.parent, NODES.c.kind)
    way = select(*columns).where(NODES.c.key == start).cte("way", recursive=True)
    return way.union_all(select(*columns).where(NODES.c.key == way.c.parent))


def _in_trash() -> Select[Any]:
    way = way_up(bindparam("node"))
    return select(literal(1)).where(way.c.parent.is_(None), way.c.kind == TRASH_KIND)


_IN_TRASH = _in_trash()


def _height() -> Select[Any]:
    """Along the folders alone, by their own index; the lowest ones may have children of any kind."""
    start = select(NODES.c.key.label("key"), literal(0).label("height")).where(NODES.c.key == bindparam("node"))
    way = start.cte("way", recursive=True)
    folders = NODES.c.kind == literal_column("'FOLDER'")
    way = way.union_all(select(NODES.c.key, way.c.height + 1).where(NODES.c.parent == way.c.key, folders))
    deepest = select(func.max(way.c.height).label("height")).subquery("deepest")
    child = select(literal(1)).select_from(way.join(NODES, NODES.c.parent == way.c.key))
    return select(deepest.c.height, child.where(way.c.height == deepest.c.height).exists())


_HEIGHT = _height()
_ADD_MANY = insert(NODES).values(
    owner=KEY_OF_ACCOUNT,
    **{
        name: bindparam(name)
        for name in ("number", "parent", "name", "kind", "created", "modified", "generation", "version")
    },
)
_ADD = _ADD_MANY.returning(NODES.c.key)
_KEYS = select(NODES.c.number, NODES.c.key).where(NODES.c.number.in_(bindparam("numbers", expanding=True)))
_SAVE = (
    update(NODES)
    .where(NODES.c.key == bindparam("node"))
    .values({name: bindparam(f"new_{name}") for name in ("name", "parent", "modified", "generation", "version")})
)
_ANY_CHILD = select(literal(1)).where(NODES.c.parent == bindparam("node")).limit(1)
_DELETE = delete(NODES).where(NODES.c.key == bindparam("node"))
_DELETE_MANY = delete(NODES).where(NODES.c.key.in_(bindparam("nodes", expanding=True)))


class SqlTree:
    """The nodes of the port `Nodes`; their properties are in `properties`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _one(self, statement: Select[Any], values: dict[str, Any]) -> Node | None:
        row = self._connection.execute(statement, values).first()
        return None if row is None else node_of(row)

    def _many(self, statement: Select[Any], values: dict[str, Any]) -> list[Node]:
        return [node_of(row) for row in self._connection.execute(statement, values).all()]

    def find_node(self, number: str) -> Node | None:
        return self._one(_FIND_NUMBER, {"number": number})

    def find_key(self, key: int) -> Node | None:
        return self._one(_FIND_KEY, {"node": key})

    def find_path(self, number: str, path: Sequence[NodeName]) -> Node | None:
        if not path:
            node = self.find_node(number)
            return None if node is None or self._is_in_trash(node.key, node.parent, node.kind) else node
        row = self._walk(number, path[:STEPS])
        if row is None or self._is_in_trash(*row[-3:]):
            return None
        for done in range(STEPS, len(path), STEPS):
            row = self._walk(row[0], path[done : done + STEPS])
            if row is None:
                return None
        return node_of(row[:-3])

    def _walk(self, number: str, path: Sequence[NodeName]) -> Any:
        names = {f"name{step}": name for step, name in enumerate(path, 1)}
        return self._connection.execute(path_statement(len(path)), {"number": number, **names}).first()

    def _is_in_trash(self, key: int, parent: int | None, kind: str) -> bool:
        """What starts at a root needs no look at what is above it."""
        return kind == TRASH_KIND if parent is None else is_in_trash(self._connection, key)

    def lock_node(self, key: int) -> Node | None:
        if self._connection.dialect.name != "sqlite":  # where there is one writer at a time
            # Two statements: what one reads beside the row that it waits for is as it was before it waited.
            self._connection.execute(_LOCK, {"node": key})
        return self.find_key(key)

    def children(self, parent: int, after: NodeName | None, limit: int) -> list[Node]:
        return self._many(_CHILDREN, {"folder": parent, "after": after or "", "limit": limit})

    def children_of(self, parents: Sequence[int], limit: int) -> list[Node]:
        found: list[Node] = []
        for folders in batches(sorted(parents)):
            if len(found) < limit:
                found += self._many(_CHILDREN_OF, {"folders": folders, "limit": limit - len(found)})
        return found

    def child_names(self, parents: Sequence[int], limit: int) -> list[Child]:
        rows = _CHILD_NAMES.rows(self._connection, sorted(parents), limit=limit)
        return [Child._make(row) for row in islice(rows, limit)]

    def ancestors(self, key: int) -> list[Node]:
        return self._many(_ANCESTORS, {"node": key})

    def height(self, key: int) -> int:
        height, has_children = self._connection.execute(_HEIGHT, {"node": key}).one()
        return int(height or 0) + bool(has_children)

    def add_node(self, node: Node) -> Node:
        try:
            key: int = self._connection.execute(_ADD, _values(node)).scalar_one()
        except IntegrityError as error:
            raise _refusal(error, node) from error
        return replace(node, key=key)

    def add_nodes(self, nodes: Sequence[Node]) -> list[Node]:
        if not nodes:
            return []
        try:
            self._connection.execute(_ADD_MANY, [_values(node) for node in nodes])
        except IntegrityError as error:
            # Which one it was, the database does not say.
            raise _refusal(error, nodes[0]) from error
        keys: dict[str, int] = {}
        for numbers in batches([node.number for node in nodes]):
            keys.update((number, key) for number, key in self._connection.execute(_KEYS, {"numbers": numbers}))
        return [replace(node, key=keys[node.number]) for node in nodes]

    def save_node(self, node: Node) -> None:
        values = {
            "node": node.key,
            "new_name": node.name,
            "new_parent": node.parent,
            "new_modified": node.modified,
            "new_generation": node.generation,
            "new_version": node.version,
        }
        try:
            self._connection.execute(_SAVE, values)
        except IntegrityError as error:
            raise _refusal(error, node) from error

    def delete_node(self, key: int) -> None:
        # Asked first, because a broken statement ends a transaction of PostgreSQL; the constraint keeps it true there
        # when a child comes at this very moment.
        if self._connection.execute(_ANY_CHILD, {"node": key}).first() is not None:
            raise FolderNotEmpty(f"node {key}")
        try:
            self._connection.execute(_DELETE, {"node": key})
        except IntegrityError as error:
            raise refusal(error, {FOREIGN_KEY: lambda: FolderNotEmpty(f"node {key}")}) from error

    def delete_nodes(self, keys: Sequence[int]) -> None:
        for some in batches(keys):
            try:
                self._connection.execute(_DELETE_MANY, {"nodes": some})
            except IntegrityError as error:
                raise refusal(error, {FOREIGN_KEY: lambda: FolderNotEmpty("one of many")}) from error


def _values(node: Node) -> dict[str, Any]:
    return {
        "account": str(node.owner),
        "number": node.number,
        "parent": node.parent,
        "name": node.name,
        "kind": node.kind,
        "created": node.created,
        "modified": node.modified,
        "generation": node.generation,
        "version": node.version,
    }


def is_in_trash(connection: Connection, key: int) -> bool:
    """Whether a node is in a trash, by itself or with a folder above it, or is a trash's root."""
    return connection.execute(_IN_TRASH, {"node": key}).first() is not None


def _refusal(error: IntegrityError, node: Node) -> Exception:
    known: dict[str, Callable[[], Exception]] = {
        "uq_nodes_parent_name": lambda: DuplicateNode(node.name),
        "uq_nodes_owner_kind": lambda: DuplicateNode(node.name, reason=f"{node.owner} has a root already"),
        "nn_nodes_owner": lambda: AccountNotFound(node.owner),
        FOREIGN_KEY: lambda: ParentNotFound(node.parent_number or ""),
    }
    return refusal(error, known)


def node_of(row: Any) -> Node:
    """The node in a row of ANY_NODE."""
    return _node(*row)


# The same rows are read again and again, and a row makes one value for ever.
@lru_cache(maxsize=8192)
def _node(
    number: str,
    name: str,
    kind: str,
    owner: str,
    created: int,
    modified: int,
    generation: int,
    version: int,
    parent: int | None,
    parent_number: str | None,
    key: int,
) -> Node:
    return Node(
        number,
        NodeName(name),
        kind,
        ivorn(owner),
        Instant(created),
        Instant(modified),
        generation,
        version,
        parent,
        parent_number,
        key,
    )
