"""How long the native port waits for a store's own movements, and that no thread waits with it."""

from collections.abc import Callable
from typing import Any

import pytest

from filemanager.api.soap.native import functions
from filemanager.api.waiting import LOOK_EVERY
from tests.support.filemanager import CAMBRIDGE, World
from vofiles.contract import FILEMANAGER, ExportData, ImportData, TransferAnswer, TransferState
from vofiles.errors import InvalidArgument, SourceUnreachable
from vofiles.serving.soap import Parked


class Waiting:
    """Somebody who has asked a store to move bytes, and the answer so far."""

    def __init__(self) -> None:
        self.world = World()
        self.dave = self.world.add_account("dave")
        self.file = self.world.add_file(self.dave, "a")
        self.web = self.world.stores[CAMBRIDGE].web
        self.web.pages["http://source/a"] = b"bytes"
        self.functions = functions(self.world.desk, "http://127.0.0.1:9")

    def ask(self, request: Any) -> Any:
        name = "importData" if isinstance(request, ImportData) else "exportData"
        return self.functions[name](self.dave, request)

    def move(self) -> None:
        self.world.stores.move()
        self.world.stores.deliver(self.world.desk)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def wakes(parked: Parked) -> tuple[list[int], Callable[[], None]]:
    woken: list[int] = []
    return woken, parked.subscribe(lambda: woken.append(1))


def test_every_operation_of_the_contract_has_its_function(waiting: Waiting) -> None:
    assert waiting.functions.keys() == {operation.name for operation in FILEMANAGER}


def test_the_answer_is_parked_until_the_end(waiting: Waiting) -> None:
    parked = waiting.ask(ImportData(waiting.file, "http://source/a"))
    assert isinstance(parked, Parked)
    woken, unsubscribe = wakes(parked)
    assert woken == []
    waiting.move()
    assert woken == [1]
    unsubscribe()
    answer = parked.finish()
    assert isinstance(answer, TransferAnswer)
    assert (answer.transfer.state, answer.node and answer.node.size) == (TransferState.COMPLETED, 5)
    assert waiting.world.desk.transfers.settlements.is_quiet


def test_it_looks_by_itself_in_case_that_nobody_wakes_it(waiting: Waiting) -> None:
    parked = waiting.ask(ImportData(waiting.file, "http://source/a"))
    assert parked.timeout == LOOK_EVERY
    waiting.world.watch.seconds += LOOK_EVERY
    again = parked.finish()
    assert isinstance(again, Parked)
    waiting.world.stores.move()  # and the callback is lost
    waiting.world.watch.seconds += LOOK_EVERY
    assert again.finish().transfer.state == TransferState.COMPLETED


def test_after_the_time_that_was_asked_for_the_transfer_is_told_as_it_stands(waiting: Waiting) -> None:
    parked = waiting.ask(ImportData(waiting.file, "http://source/a", wait=1))
    assert parked.timeout == 1
    waiting.world.watch.seconds += 1
    assert parked.finish().transfer.state == TransferState.REQUESTED
    assert waiting.ask(ImportData(waiting.file, "http://source/a", wait=0)).transfer.state == TransferState.REQUESTED


def test_nobody_waits_longer_than_the_service_allows(waiting: Waiting) -> None:
    for wait in (None, 1_000_000):
        parked = waiting.ask(ImportData(waiting.file, "http://source/a", wait=wait))
        waiting.world.watch.seconds += waiting.world.terms.maximum_wait
        assert not isinstance(parked.finish(), Parked)


def test_a_wait_that_cannot_be_begins_nothing(waiting: Waiting) -> None:
    for request in (
        ImportData(waiting.file, "http://source/a", wait=-1),
        ExportData(waiting.file, "http://target/a", wait=-1),
    ):
        with pytest.raises(InvalidArgument):
            waiting.ask(request)
    assert waiting.world.stores.asked == []


def test_a_failure_is_the_answers_error(waiting: Waiting) -> None:
    parked = waiting.ask(ImportData(waiting.file, "http://source/none"))
    waiting.move()
    with pytest.raises(SourceUnreachable):
        parked.finish()


def test_exports_wait_too(waiting: Waiting) -> None:
    waiting.world.put(waiting.dave, waiting.file, b"bytes")
    parked = waiting.ask(ExportData(waiting.file, "http://target/a"))
    waiting.move()
    assert parked.finish().transfer.state == TransferState.COMPLETED
    assert waiting.web.pages["http://target/a"] == b"bytes"
