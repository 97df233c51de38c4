"""Content versions with their digests, and replicas, on SQL."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from filemanager.domain.content import ContentVersion
from filemanager.domain.replica import Replica
from filemanager.persistence.repositories.batches import ByKeys, batches
from filemanager.persistence.repositories.identifiers import container_ivorn, ivorn
from filemanager.persistence.repositories.stores import KEY_OF_STORE
from filemanager.persistence.repositories.violations import FOREIGN_KEY, refusal
from filemanager.persistence.schema import CONTENT_VERSIONS, NODES, REPLICAS, STORES, VERSION_DIGESTS
from vofiles.contract import Digest
from vofiles.errors import Conflict, ContentNotFound, NodeNotFound, StoreNotFound, VersionConflict
from vofiles.instant import Instant

_V, _OTHER, _D, _R = CONTENT_VERSIONS, CONTENT_VERSIONS.alias("other"), VERSION_DIGESTS, REPLICAS

_HIGHEST_NUMBER = (1 << 31) - 1

ANY_VERSION = (
    # One row for each digest, and one for a version without any.
    select(
        _V.c.node,
        _V.c.number,
        _V.c.size,
        _V.c.created,
        _V.c.content_type,
        _V.c.key,
        _D.c.algorithm,
        _D.c.value,
        _V.c.superseded,
    )
    .select_from(_V.outerjoin(_D, _D.c.version == _V.c.key))
    .order_by(_V.c.node, _V.c.number, _D.c.position)
)
_HIGHEST = select(func.max(_OTHER.c.number)).where(_OTHER.c.node == _V.c.node).scalar_subquery()
_CURRENT = ByKeys(ANY_VERSION.where(_V.c.number == _HIGHEST), _V.c.node)
_UP_TO = ANY_VERSION.where(_V.c.node == bindparam("of_node"), _V.c.number <= bindparam("last"))
_FIND = ANY_VERSION.where(_V.c.node == bindparam("of_node"), _V.c.number == bindparam("of_number"))
# The limit is one of versions, of which each has several rows.
_BELOW = (
    ANY_VERSION.where(
        _V.c.key.in_(
            select(_OTHER.c.key)
            .where(_OTHER.c.node == bindparam("of_node"), _OTHER.c.number < bindparam("before"))
            .order_by(_OTHER.c.number.desc())
            .limit(bindparam("limit"))
        )
    )
    .order_by(None)
    .order_by(_V.c.number.desc(), _D.c.position)
)
_UNTIL = ANY_VERSION.where(_V.c.node == bindparam("of_node"), _V.c.superseded <= bindparam("instant"))
_SUPERSEDED = (
    ANY_VERSION.where(
        _V.c.key.in_(
            select(_OTHER.c.key)
            .where(_OTHER.c.superseded.is_not(None), _OTHER.c.key > bindparam("after"))
            .order_by(_OTHER.c.key)
            .limit(bindparam("limit"))
        )
    )
    .order_by(None)
    .order_by(_V.c.key, _D.c.position)
)
_SUPERSEDE = (
    update(_V)
    .where(_V.c.node == bindparam("of_node"), _V.c.number < bindparam("than"), _V.c.superseded.is_(None))
    .values(superseded=bindparam("instant"))
)
_ADD_VERSION = insert(_V).returning(_V.c.key)
_ADD_DIGEST = insert(_D)
# Searches sort by the size of the current version: the node has it too.
_NEWER = select(_OTHER.c.key).where(_OTHER.c.node == bindparam("of_node"), _OTHER.c.number > bindparam("than"))
_NOTE_SIZE = (
    update(NODES).where(NODES.c.key == bindparam("of_node"), ~_NEWER.exists()).values(size=bindparam("new_size"))
)
_DELETE_VERSION = delete(_V).where(_V.c.key == bindparam("version"))

_DELETE_REPLICA = delete(_R).where(_R.c.key == bindparam("replica"))
_KEY_OF_ROW = itemgetter(5)

ANY_REPLICA = (
    select(
        _R.c.version,
        STORES.c.identifier,
        _R.c.container,
        _R.c.state,
        _R.c.slice_offset,
        _R.c.slice_length,
        _R.c.key,
    )
    .select_from(_R.join(STORES, STORES.c.key == _R.c.store))
    .order_by(_R.c.key)
)
_OF_VERSIONS = ByKeys(ANY_REPLICA, _R.c.version)
_OF_NODE = ANY_REPLICA.where(_R.c.version.in_(select(_V.c.key).where(_V.c.node == bindparam("of_node"))))
_OF_NODES = ANY_REPLICA.where(
    _R.c.version.in_(select(_V.c.key).where(_V.c.node.in_(bindparam("nodes", expanding=True))))
)
_ADD_REPLICA = (
    insert(_R)
    .values(
        store=KEY_OF_STORE,
        **{name: bindparam(name) for name in ("version", "container", "state", "slice_offset", "slice_length")},
    )
    .returning(_R.c.key)
)


class SqlContents:
    """The port `Contents`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_version(self, version: ContentVersion) -> ContentVersion:
        values = {
            "node": version.node,
            "number": version.number,
            "size": version.size,
            "created": version.created,
            "content_type": version.content_type,
        }
        try:
            key: int = self._connection.execute(_ADD_VERSION, values).scalar_one()
        except IntegrityError as error:
            known: dict[str, Callable[[], Exception]] = {
                "uq_content_versions_node_number": lambda: VersionConflict(f"version {version.number}"),
                FOREIGN_KEY: lambda: NodeNotFound(f"node {version.node}"),
            }
            raise refusal(error, known) from error
        self._connection.execute(
            _NOTE_SIZE, {"of_node": version.node, "than": version.number, "new_size": version.size}
        )
        if version.number > 1:
            values = {"of_node": version.node, "than": version.number, "instant": version.created}
            self._connection.execute(_SUPERSEDE, values)
        if version.digests:
            rows = [
                {"version": key, "position": position, "algorithm": digest.algorithm, "value": digest.value}
                for position, digest in enumerate(version.digests)
            ]
            self._connection.execute(_ADD_DIGEST, rows)
        return replace(version, key=key)

    def current_versions(self, nodes: Sequence[int]) -> dict[int, ContentVersion]:
        return {version.node: version for version in versions_of(_CURRENT.rows(self._connection, nodes))}

    def versions_up_to(self, node: int, number: int) -> list[ContentVersion]:
        return versions_of(self._connection.execute(_UP_TO, {"of_node": node, "last": number}))

    def find_version(self, node: int, number: int) -> ContentVersion | None:
        found = versions_of(self._connection.execute(_FIND, {"of_node": node, "of_number": number}))
        return found[0] if found else None

    def versions_below(self, node: int, number: int | None, limit: int) -> list[ContentVersion]:
        values = {"of_node": node, "before": _HIGHEST_NUMBER if number is None else number, "limit": limit}
        return versions_of(self._connection.execute(_BELOW, values))

    def superseded_until(self, node: int, instant: Instant) -> list[ContentVersion]:
        return versions_of(self._connection.execute(_UNTIL, {"of_node": node, "instant": instant}))

    def superseded(self, after: int, limit: int) -> list[ContentVersion]:
        return versions_of(self._connection.execute(_SUPERSEDED, {"after": after, "limit": limit}))

    def delete_version(self, key: int) -> None:
        self._connection.execute(_DELETE_VERSION, {"version": key})

    def add_replica(self, replica: Replica) -> Replica:
        values = {
            "version": replica.version,
            "of_store": str(replica.store),
            "container": str(replica.container),
            "state": replica.state,
            "slice_offset": replica.offset,
            "slice_length": replica.length,
        }
        try:
            key: int = self._connection.execute(_ADD_REPLICA, values).scalar_one()
        except IntegrityError as error:
            known: dict[str, Callable[[], Exception]] = {
                "nn_replicas_store": lambda: StoreNotFound(replica.store),
                "uq_replicas_container": lambda: Conflict(replica.container),
                "uq_replicas_version_store": lambda: Conflict(replica.container),
                FOREIGN_KEY: lambda: ContentNotFound(f"version {replica.version}"),
            }
            raise refusal(error, known) from error
        return replace(replica, key=key)

    def delete_replica(self, key: int) -> None:
        self._connection.execute(_DELETE_REPLICA, {"replica": key})

    def replicas_of(self, versions: Sequence[int]) -> dict[int, list[Replica]]:
        found: dict[int, list[Replica]] = {}
        for row in _OF_VERSIONS.rows(self._connection, versions):
            replica = replica_of(row)
            found.setdefault(replica.version, []).append(replica)
        return found

    def replicas_of_nodes(self, nodes: Sequence[int]) -> list[Replica]:
        # A list that is filled up names its last one again; IN finds that one once.
        return [
            replica_of(row) for some in batches(nodes) for row in self._connection.execute(_OF_NODES, {"nodes": some})
        ]

    def replicas_of_node(self, node: int) -> list[Replica]:
        return [replica_of(row) for row in self._connection.execute(_OF_NODE, {"of_node": node})]


def versions_of(rows: Iterable[Any]) -> list[ContentVersion]:
    """One for each version; its rows come one after the other."""
    found: list[ContentVersion] = []
    for key, some in groupby(rows, _KEY_OF_ROW):
        whole = list(some)
        node, number, size, created, content_type, _key, _algorithm, _value, superseded = whole[0]
        digests = tuple(Digest(row[6], row[7]) for row in whole if row[6] is not None)
        until = None if superseded is None else Instant(superseded)
        found.append(ContentVersion(node, number, size, Instant(created), content_type, digests, key, until))
    return found


def replica_of(row: Any) -> Replica:
    """The replica in a row of ANY_REPLICA."""
    return _replica(*row)


# As with nodes: the same few come again and again.
@lru_cache(maxsize=8192)
def _replica(
    version: int, store: str, container: str, state: str, offset: int, length: int | None, key: int
) -> Replica:
    return Replica(version, ivorn(store), container_ivorn(container), state, offset, length, key)
