"""The outbox, delivered by the machinery that both servers share."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from filestore.persistence.letters import CallbackTable, Told, carry
from filestore.ports import Outgoing
from filestore.services import callbacks
from filestore.services.containers import delete_container
from tests.support.filestore_core import MANAGER, Core, MemorySender
from vofiles.contract import DeleteContainer, TransferCompleted, TransferFailed
from vofiles.errors import CallbackUnreachable, TransferNotFound, VofilesError
from vofiles.instant import SECOND, Instant
from vofiles.serving.letters import Delivery, Later, Letter
from vofiles.serving.outbox import Outbox

DATA = b"abc"


class Watched(CallbackTable):
    """The table, and an event for each letter that is settled."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.store)
        self.settled = threading.Event()

    def delivered(self, letters: Sequence[Letter[Outgoing]]) -> None:
        super().delivered(letters)
        self.settled.set()

    def retry(self, later: Sequence[Later[Outgoing]]) -> None:
        super().retry(later)
        self.settled.set()

    def give_up(self, letter: Letter[Outgoing], error: str) -> None:
        super().give_up(letter, error)
        self.settled.set()


def run(core: Core, sender: MemorySender) -> None:
    """Deliver what is due, once."""
    table = Watched(core)

    def deliver(letters: Sequence[Letter[Outgoing]]) -> Iterator[list[Told]]:
        return carry(core.store, sender, letters)

    outbox = Outbox(Delivery(table, deliver, clock=core.clock, jitter=lambda: 0.5))
    outbox.start()
    assert table.settled.wait(30)
    outbox.stop()


def test_a_stored_transfer_is_completed_when_its_file_manager_has_it(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    sender = MemorySender()
    assert core.transfer(receipt.transfer).state == "STORED"
    run(core, sender)
    assert sender.sent == [(MANAGER, TransferCompleted(receipt))]
    assert core.transfer(receipt.transfer).state == "COMPLETED"
    assert callbacks.list_due(core.store, core.clock.now, 10) == []


def test_a_silent_file_manager_is_tried_again_later(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    run(core, MemorySender(error=CallbackUnreachable(MANAGER)))
    assert core.transfer(receipt.transfer).state == "STORED"
    assert callbacks.list_due(core.store, core.clock.now, 10) == []
    core.clock.move(600 * SECOND)
    (row,) = callbacks.list_due(core.store, core.clock.now, 10)
    assert row.attempts == 1
    assert row.error is not None
    assert "CallbackUnreachable" in row.error
    sender = MemorySender()
    run(core, sender)
    assert sender.sent == [(MANAGER, TransferCompleted(receipt))]


@pytest.mark.parametrize("error", [TransferNotFound("t1")])
def test_a_refusal_for_good_is_given_up_and_can_still_be_asked_for(core: Core, error: VofilesError) -> None:
    receipt = core.stored(DATA).receipt
    run(core, MemorySender(error=error))
    core.clock.move(8 * 24 * 3600 * SECOND)
    assert callbacks.list_due(core.store, core.clock.now, 10) == []
    assert core.transfer(receipt.transfer).receipt == receipt


def test_a_callback_says_the_same_after_the_container_is_gone(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    delete_container(core.store, MANAGER, DeleteContainer(receipt.container))
    assert callbacks.message_of(core.store, receipt.transfer) == TransferCompleted(receipt)


def test_what_failed_says_why(core: Core) -> None:
    offer = core.offer("t1")
    assert offer.container is not None
    delete_container(core.store, MANAGER, DeleteContainer(offer.container))
    sender = MemorySender()
    run(core, sender)
    ((_, message),) = sender.sent
    assert isinstance(message, TransferFailed)
    assert (message.transfer, message.state, message.failure.name) == ("t1", "CANCELLED", "TransferEnded")
    assert core.transfer("t1").state == "CANCELLED"


def test_acknowledging_twice_changes_nothing(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    (row,) = callbacks.list_due(core.store, core.clock.now, 10)
    callbacks.acknowledge(core.store, row.id)
    callbacks.acknowledge(core.store, row.id)
    callbacks.postpone(core.store, [(row.id, core.clock.now, "late")])
    callbacks.give_up(core.store, row.id, "late")
    assert core.transfer(receipt.transfer).state == "COMPLETED"


def test_one_file_managers_callbacks_can_be_left_out(core: Core) -> None:
    core.stored(DATA)
    assert callbacks.list_due(core.store, core.clock.now, 10, [MANAGER]) == []
    assert callbacks.list_due(core.store, Instant(core.clock.now - 1), 10) == []


def test_there_is_nothing_to_say_of_an_unknown_transfer(core: Core) -> None:
    with pytest.raises(TransferNotFound):
        callbacks.message_of(core.store, "none")
