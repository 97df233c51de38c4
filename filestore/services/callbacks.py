"""Callbacks: the store's word to FileManagers on how transfers ended, from a durable outbox.

Rule: a callback is a row that the ending transaction left; it says what the transfer's row says at delivery, so that
it is the same however often it is delivered. STORED becomes COMPLETED when, and only when, the FileManager has
acknowledged.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from filestore.domain.transfer import Transfer
from filestore.ports import CallbackSender, Outgoing, Records, Word
from filestore.services.store import Store
from vofiles.contract import Failure, TransferCompleted, TransferFailed
from vofiles.errors import TransferNotFound, VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_log = logging.getLogger(__name__)


def list_due(store: Store, now: Instant, limit: int, without: Collection[Ivorn] = ()) -> list[Outgoing]:
    """The callbacks whose time has come, none for the FileManagers in `without`."""
    return store.catalogue.read(lambda records: records.list_outgoing(now, limit, without))


def list_all(store: Store) -> list[Outgoing]:
    """The callbacks that are not acknowledged, due or not; the first hundred thousand."""
    return list_due(store, Instant(2**62), 100_000)


def hurry(store: Store) -> int:
    """Have every callback tried again at once; answers how many there are."""
    now = store.clock()

    def bring_forward(records: Records, number: int) -> None:
        outgoing = records.hold_outgoing(number)
        if outgoing is not None:
            records.set_outgoing(replace(outgoing, due=now))

    waiting = list_all(store)
    for each in waiting:
        store.catalogue.write(lambda records, number=each.id: bring_forward(records, number))  # type: ignore[misc]
    return len(waiting)


def ended_transfer(store: Store, transfer: str) -> Transfer:
    """The transfer that a callback is about. Raises TransferNotFound."""
    found = store.catalogue.read(lambda records: records.find_transfer(transfer))
    if found is None:
        raise TransferNotFound(transfer)
    return found


def message_of(store: Store, transfer: str) -> TransferCompleted | TransferFailed:
    """What is to be said of a transfer that has ended. Raises TransferNotFound."""
    return _message(ended_transfer(store, transfer))


def _message(found: Transfer) -> TransferCompleted | TransferFailed:
    if found.receipt is not None:
        return TransferCompleted(found.receipt)
    return TransferFailed(found.transfer, found.state, found.failure or Failure("Unexpected", "no reason is known"))


def deliver(
    store: Store, sender: CallbackSender, due: Sequence[Outgoing]
) -> Iterator[list[tuple[Outgoing, VofilesError | None]]]:
    """Say what is due to one FileManager; tells what has become of each, some at a time. Raises ServiceBusy, and what
    the sender raises.
    """

    def find(records: Records) -> list[tuple[Outgoing, Transfer | None]]:
        return [(outgoing, records.find_transfer(outgoing.transfer)) for outgoing in due]

    known = []
    for outgoing, found in store.catalogue.read(find):
        if found is None:
            yield [(outgoing, TransferNotFound(outgoing.transfer))]
        else:
            known.append((outgoing, Word(_message(found), found.request_id)))
    if known:
        for told in sender.send(known[0][0].manager, [word for _, word in known]):
            yield [(known[place][0], error) for place, error in told]


def acknowledge(store: Store, *numbers: int) -> None:
    """The FileManagers have them: forget the callbacks, and their transfers are COMPLETED if they were STORED."""
    now = store.clock()
    store.catalogue.write(lambda records: records.acknowledge(numbers, now))


def postpone(store: Store, later: Sequence[tuple[int, Instant, str]]) -> None:
    """Count a failed attempt of each callback; the next one is due then."""

    def count(records: Records) -> None:
        for number, due, error in later:
            outgoing = records.hold_outgoing(number)
            if outgoing is not None:
                records.set_outgoing(replace(outgoing, due=due, attempts=outgoing.attempts + 1, error=error))

    store.catalogue.write(count)


def give_up(store: Store, number: int, error: str) -> None:
    """The FileManager will not have it: forget the callback. It can still ask by getProperties."""

    def forget(records: Records) -> Outgoing | None:
        outgoing = records.hold_outgoing(number)
        records.delete_outgoing(number)
        return outgoing

    outgoing = store.catalogue.write(forget)
    if outgoing is not None:
        _log.warning("%s does not take the end of transfer %s: %s", outgoing.manager, outgoing.transfer, error)
