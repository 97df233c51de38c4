"""The store's callbacks as letters of the outbox that both servers share.

Rule: it only translates; what is due, acknowledged or given up is decided in `services/callbacks`.
"""

from collections.abc import Collection, Sequence

from filestore.ports import Outgoing
from filestore.services import callbacks
from filestore.services.store import Store
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.outbox import Letter


class CallbackTable:
    """An OutboxTable of callbacks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, now: Instant, limit: int, without: Collection[str]) -> Sequence[Letter[Outgoing]]:
        managers = [Ivorn.parse(manager) for manager in without]
        return [
            Letter(row.id, str(row.manager), row.created, row.attempts, row)
            for row in callbacks.list_due(self._store, now, limit, managers)
        ]

    def delivered(self, id: int) -> None:  # noqa: A002 - the port's word
        callbacks.acknowledge(self._store, id)

    def retry(self, id: int, at: Instant, error: str) -> None:  # noqa: A002 - the port's word
        callbacks.postpone(self._store, id, at, error)

    def give_up(self, id: int, error: str) -> None:  # noqa: A002 - the port's word
        callbacks.give_up(self._store, id, error)
