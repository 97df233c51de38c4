"""Everything in the order of its keys, page by page, and the orphans seen, on SQL."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Delete, Select, Update, bindparam, delete, insert, select, update

from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.transfer import Transfer
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.repositories.contents import ANY_REPLICA, ANY_VERSION, replica_of, versions_of
from filemanager.persistence.repositories.errands import ANY_ERRAND, errand_of
from filemanager.persistence.repositories.nodes import ANY_NODE, N, node_of
from filemanager.persistence.repositories.transfers import ANY_TRANSFER, transfer_of
from filemanager.persistence.schema import (
    CONTENT_VERSIONS,
    ERRANDS,
    ORPHANS,
    REPLICAS,
    STORES,
    TRANSFERS,
    VERSION_DIGESTS,
)
from vofiles.contract import DigestAlgorithm
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_LIMIT: BindParameter[int] = bindparam("limit")
_NODES = ANY_NODE.where(N.c.key > bindparam("after")).order_by(N.c.key).limit(_LIMIT)
_TRANSFERS = ANY_TRANSFER.where(TRANSFERS.c.number > bindparam("after")).order_by(TRANSFERS.c.number).limit(_LIMIT)
_ERRANDS = ANY_ERRAND.where(ERRANDS.c.key > bindparam("after")).order_by(ERRANDS.c.key).limit(_LIMIT)
_BY_CONTAINER = (
    ANY_REPLICA.where(STORES.c.identifier == bindparam("of_store"), REPLICAS.c.container > bindparam("after"))
    # The order of ANY_REPLICA is another one.
    .order_by(None)
    .order_by(REPLICAS.c.container)
    .limit(_LIMIT)
)
_VERSIONS = ANY_VERSION.where(CONTENT_VERSIONS.c.key.in_(bindparam("some", expanding=True)))
# Asked for once in a disk's lifetime: no index is kept for it.
_LIKE = ANY_VERSION.where(
    CONTENT_VERSIONS.c.key.in_(
        select(VERSION_DIGESTS.c.version)
        .where(
            VERSION_DIGESTS.c.algorithm == DigestAlgorithm.SHA256,
            VERSION_DIGESTS.c.value.in_(bindparam("some", expanding=True)),
        )
        .limit(_LIMIT)
    )
)
_IN_CONTAINERS = ANY_REPLICA.where(REPLICAS.c.container.in_(bindparam("some", expanding=True)))
_SUBJECTS = select(ERRANDS.c.subject).where(ERRANDS.c.subject.in_(bindparam("some", expanding=True)))
_MARK = update(REPLICAS).where(REPLICAS.c.key == bindparam("replica")).values(state=bindparam("new_state"))
_STRETCH = (ORPHANS.c.container > bindparam("after"), ORPHANS.c.container <= bindparam("upto"))
_NOTED = select(ORPHANS.c.container, ORPHANS.c.seen).where(*_STRETCH)
_NOTE = insert(ORPHANS)
_FORGET = delete(ORPHANS).where(ORPHANS.c.container == bindparam("gone"))


class SqlCensus:
    """The port `Census`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def nodes(self, after: int, limit: int) -> list[Node]:
        return [node_of(row) for row in self._run(_NODES, after=after, limit=limit)]

    def transfers(self, after: str, limit: int) -> list[Transfer]:
        return [transfer_of(row) for row in self._run(_TRANSFERS, after=after, limit=limit)]

    def errands(self, after: int, limit: int) -> list[Errand]:
        return [errand_of(row) for row in self._run(_ERRANDS, after=after, limit=limit)]

    def replicas(self, store: Ivorn, after: str, limit: int) -> list[Replica]:
        rows = self._run(_BY_CONTAINER, of_store=str(store), after=f"{store}#{after}", limit=limit)
        return [replica_of(row) for row in rows]

    def versions(self, keys: Sequence[int]) -> dict[int, ContentVersion]:
        found = [each for some in batches(keys) for each in versions_of(self._run(_VERSIONS, some=some))]
        return {version.key: version for version in found}

    def versions_like(self, hashes: Collection[str], limit: int) -> list[ContentVersion]:
        rows = (self._run(_LIKE, some=some, limit=limit) for some in batches(sorted(hashes)))
        return [version for some in rows for version in versions_of(some)][:limit]

    def replicas_in(self, containers: Collection[Ivorn]) -> dict[Ivorn, Replica]:
        texts = [str(container) for container in containers]
        found = [replica_of(row) for some in batches(texts) for row in self._run(_IN_CONTAINERS, some=some)]
        return {replica.container: replica for replica in found}

    def subjects_among(self, subjects: Collection[str]) -> set[str]:
        return {row[0] for some in batches(list(subjects)) for row in self._run(_SUBJECTS, some=some)}

    def mark_replica(self, key: int, state: str) -> None:
        self._run(_MARK, replica=key, new_state=state)

    def note_orphans(
        self, store: Ivorn, after: str, upto: str, containers: Collection[Ivorn], now: Instant
    ) -> Mapping[Ivorn, Instant]:
        rows = self._run(_NOTED, after=f"{store}#{after}", upto=f"{store}#{upto}")
        noted: dict[str, int] = dict(rows.all())
        present = {str(container) for container in containers}
        for gone in sorted(noted.keys() - present):
            self._run(_FORGET, gone=gone)
        fresh = sorted(present - noted.keys())
        if fresh:
            self._connection.execute(_NOTE, [{"container": container, "seen": now} for container in fresh])
        return {container: Instant(noted.get(str(container), now)) for container in containers}

    def _run(self, statement: Select[Any] | Update | Delete, **values: Any) -> Any:
        return self._connection.execute(statement, values)
