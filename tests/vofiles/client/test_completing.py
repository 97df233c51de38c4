"""Saying that all has been sent, to a FileManager that is away for a while, or takes its time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest

from tests.support.pauses import Pauses
from vofiles.contract import CompleteTransfer, Failure, Transfer, TransferAnswer
from vofiles.errors import ChecksumMismatch, Incomplete, ServiceUnreachable, StoreUnreachable
from vofiles.filemanager_port import FileManagerPort
from vofiles.watching import Watching

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
