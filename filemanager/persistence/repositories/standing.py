"""How much there is to do, counted on SQL."""

from sqlalchemy import Connection, func, select, true

from filemanager.domain.backlog import Backlog
from filemanager.persistence.schema import ERRANDS, TRANSFERS
from vofiles.instant import Instant

# By the index of those that are open, however many have ended.
_OPEN = select(TRANSFERS.c.state, func.count()).where(TRANSFERS.c.is_open == true()).group_by(TRANSFERS.c.state)
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
