"""How much there is to do, counted on SQL."""

from sqlalchemy import Connection, func, select, true

from filemanager.domain.backlog import Backlog
from filemanager.domain.replica import ReplicaState
from filemanager.domain.store import Held
from filemanager.persistence.repositories.accounts import KEY_OF_ACCOUNT
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.schema import CONTENT_VERSIONS, ERRANDS, JOBS, NODES, REPLICAS, STORES, TRANSFERS
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

# By the index of those that are open, however many have ended.
_OPEN = select(TRANSFERS.c.state, func.count()).where(TRANSFERS.c.is_open == true()).group_by(TRANSFERS.c.state)
_OPEN_JOBS = select(JOBS.c.state, func.count()).where(JOBS.c.is_open == true()).group_by(JOBS.c.state)
_WAITING = select(func.sum(JOBS.c.total - JOBS.c.running - JOBS.c.done - JOBS.c.failed - JOBS.c.cancelled)).where(
    JOBS.c.is_open == true()
)
_HELD = (
    select(STORES.c.identifier, func.count(), func.sum(CONTENT_VERSIONS.c.size))
    .select_from(
        REPLICAS.join(CONTENT_VERSIONS, CONTENT_VERSIONS.c.key == REPLICAS.c.version)
        .join(NODES, NODES.c.key == CONTENT_VERSIONS.c.node)
        .join(STORES, STORES.c.key == REPLICAS.c.store)
    )
    .where(REPLICAS.c.state != ReplicaState.DELETING)
    .group_by(STORES.c.identifier)
)
_HELD_OF = _HELD.where(NODES.c.owner == KEY_OF_ACCOUNT)
_ERRANDS = select(func.count(), func.min(ERRANDS.c.created))


class SqlStanding:
    """The port `Standing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_transfers(self) -> dict[str, int]:
        return dict(self._connection.execute(_OPEN).all())

    def errands(self) -> Backlog:
        number, oldest = self._connection.execute(_ERRANDS).one()
        return Backlog(number, None if oldest is None else Instant(oldest))

    def open_jobs(self) -> dict[str, int]:
        return dict(self._connection.execute(_OPEN_JOBS).all())

    def waiting_items(self) -> int:
        return int(self._connection.execute(_WAITING).scalar() or 0)

    def held(self, owner: Ivorn | None) -> dict[Ivorn, Held]:
        rows = self._connection.execute(_HELD if owner is None else _HELD_OF, {"account": str(owner)})
        return {ivorn(store): Held(number, int(size)) for store, number, size in rows}
