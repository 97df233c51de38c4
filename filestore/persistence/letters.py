"""The store's callbacks as letters of the outbox that both servers share.

Rule: it only translates; what is due, said, acknowledged or given up is decided in `services/callbacks`.
"""

from collections.abc import Collection, Iterator, Sequence

from filestore.ports import CallbackSender, Clock, Outgoing
from filestore.services import callbacks
from filestore.services.store import Store
from vofiles.errors import VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.letters import Delivery, Later, Letter
from vofiles.serving.outbox import Outbox

Told = tuple[Letter[Outgoing], VofilesError | None]
"""A letter, and why it was not delivered."""
TOGETHER = 8
"""Callbacks to one FileManager that are under way at once: as many connections, and one commit at either end."""


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

    def delivered(self, letters: Sequence[Letter[Outgoing]]) -> None:
        callbacks.acknowledge(self._store, *(letter.key for letter in letters))

    def retry(self, later: Sequence[Later[Outgoing]]) -> None:
        callbacks.postpone(self._store, [(each.letter.key, each.at, each.error) for each in later])

    def give_up(self, letter: Letter[Outgoing], error: str) -> None:
        callbacks.give_up(self._store, letter.key, error)


def carry(store: Store, sender: CallbackSender, letters: Sequence[Letter[Outgoing]]) -> Iterator[list[Told]]:
    """Deliver letters to one FileManager; tells what has become of them, some at a time."""
    by_number = {letter.key: letter for letter in letters}
    for told in callbacks.deliver(store, sender, [letter.body for letter in letters]):
        yield [(by_number[outgoing.id], error) for outgoing, error in told]


def callback_outbox(store: Store, sender: CallbackSender, clock: Clock) -> Outbox[Outgoing]:
    """The outbox that delivers a store's callbacks."""

    def deliver(letters: Sequence[Letter[Outgoing]]) -> Iterator[list[Told]]:
        return carry(store, sender, letters)

    return Outbox(Delivery(CallbackTable(store), deliver, clock=clock), together=TOGETHER, name="callbacks")
