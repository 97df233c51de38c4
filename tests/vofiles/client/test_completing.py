"""Saying that all has been sent, to a FileManager that is away for a while, or takes its time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import cast

import pytest

from tests.support.pauses import Pauses
from vofiles.contract import CompleteTransfer, Endpoint, Failure, GetTransfer, Transfer, TransferAnswer
from vofiles.errors import ChecksumMismatch, Incomplete, ServiceUnreachable, StoreUnreachable
from vofiles.filemanager_port import FileManagerPort
from vofiles.waiting import Pause, telling
from vofiles.watching import END_PATIENCE, Watching

OPEN = Transfer("t", "importInit", "RECEIVING", 0)
DONE = replace(OPEN, state="COMPLETED")
FAILED = replace(OPEN, state="FAILED", failure=Failure("ChecksumMismatch", "other bytes"))
AWAY = ServiceUnreachable("http://127.0.0.1:1", reason="refused")


class Scripted:
    """Answers as it is told, and the last word again and again."""

    def __init__(self, *answers: Transfer | Exception) -> None:
        self.requests: list[CompleteTransfer] = []
        self._answers: Iterator[Transfer | Exception] = iter(answers)
        self._last: Transfer | Exception = OPEN

    def complete_transfer(self, request: CompleteTransfer) -> TransferAnswer:
        self.requests.append(request)
        return self._answer()

    def get_transfer(self, _request: GetTransfer) -> TransferAnswer:
        return self._answer()

    def _answer(self) -> TransferAnswer:
        self._last = next(self._answers, self._last)
        if isinstance(self._last, Exception):
            raise self._last
        return TransferAnswer(self._last)


def complete(scripted: Scripted, pauses: Pauses) -> None:
    Watching(cast(FileManagerPort, scripted), pauses).complete("t", {"sha-256": "ab"})


@pytest.mark.parametrize("answers", [(DONE,), (OPEN, OPEN, DONE), (AWAY, OPEN, StoreUnreachable("s"), DONE)])
def test_it_is_said_until_it_is_done(answers: tuple[Transfer | Exception, ...], pauses: Pauses) -> None:
    scripted = Scripted(*answers)
    complete(scripted, pauses)
    assert len(scripted.requests) == len(answers)
    assert pauses.count == len(answers) - 1
    assert {digest.value for request in scripted.requests for digest in request.digests} == {"ab"}


@pytest.mark.parametrize(
    ("answers", "error"),
    [((OPEN, FAILED), ChecksumMismatch), ((Incomplete("part 1"),), Incomplete), ((AWAY,), type(AWAY))],
)
def test_what_cannot_be_done_is_told(
    answers: tuple[Transfer | Exception, ...], error: type[Exception], pauses: Pauses
) -> None:
    with pytest.raises(error):
        complete(Scripted(*answers), pauses)


# --- what is waited for is told ---------------------------------------------------------------------------------------


def told(*answers: Transfer | Exception, wait: Callable[[Watching], object]) -> list[tuple[str, float, bool]]:
    """What stood in the way before each pause, how long that is borne, and whether it was a failure."""
    heard: list[Pause] = []
    with telling(heard.append):
        wait(Watching(cast(FileManagerPort, Scripted(*answers)), Pauses()))
    assert all(pause.passed < later.passed for pause, later in pairwise(heard) if pause.what == later.what)
    return [(pause.what, pause.limit, pause.trouble) for pause in heard]


def test_who_is_away_and_what_takes_its_time_are_told_apart() -> None:
    for_ever, offered = float("inf"), replace(OPEN, endpoints=(Endpoint("http://h/x", "HTTP", "PUT"),))
    away = (AWAY.message, END_PATIENCE, True)
    assert told(AWAY, AWAY, OPEN, DONE, wait=lambda watching: watching.complete("t", {})) == [
        *(away, away),
        ("The file store has not taken all bytes yet", for_ever, False),
    ]
    assert told(AWAY, OPEN, offered, wait=lambda watching: watching.offered(replace(OPEN, state="STAGING"))) == [
        ("The file store is not ready: the transfer is STAGING", for_ever, False),
        away,
        ("The file store is not ready: the transfer is RECEIVING", for_ever, False),
    ]
    assert told(AWAY, AWAY, offered, wait=lambda watching: watching.find_open("t")) == [away, away]
    assert told(replace(OPEN, state="STORED"), AWAY, DONE, wait=lambda watching: watching.wait_for_end("t")) == [
        ("The FileManager has not heard from the file store yet", END_PATIENCE, False),
        away,
    ]
