"""The consumer of a body, step by step: every order in which connection and disk can meet, with threads run by hand."""

from collections import deque
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.api.drawing import Bulk
from filestore.api.uploading import BLOCK, LARGE, LUMP, Uploading
from filestore.services.senders import SILENCE, Sender
from filestore.services.uploads import Stored, Upload
from tests.support.filestore_core import HandClock
from vofiles.contract import Receipt
from vofiles.errors import TooLarge
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Abort, Exchange, Loan, Pool, Response

RECEIPT = Receipt("t", Ivorn.parse("ivo://a/b#c"), 0, Instant(0))


class Steps:
    """Engine, pool and upload in one, each job run when the test says so."""

    def __init__(self, *, limit: int = 1 << 60, abort_error: Exception | None = None) -> None:
        self.content_length: int | None = None
        self.jobs: deque[Callable[[], None]] = deque()
        self.written: list[bytes] = []
        self.limit, self.abort_error = limit, abort_error
        self.paused = False
        self.pauses = 0
        self.answers: list[int] = []
        self.completed = 0
        self.aborts = 0
        self.consumer = Uploading(
            cast(Exchange, self),
            cast(Upload, self),
            cast(Pool, self),
            stored=lambda _stored: Response(201),
            failed=lambda error: Response(413 if isinstance(error, TooLarge) else 500),
        )

    # the pool
    def submit(self, work: Callable[[], None]) -> bool:
        self.jobs.append(work)
        return True

    def run(self) -> None:
        while self.jobs:
            self.jobs.popleft()()

    # the engine
    def call_from_thread(self, function: Callable[[], None]) -> None:
        self.jobs.append(function)

    def lend(self) -> Loan:
        return cast(Loan, self)

    def pause(self) -> None:
        assert not self.paused
        self.paused = True
        self.pauses += 1

    def resume(self) -> None:
        assert self.paused
        self.paused = False

    def respond(self, response: Response) -> None:
        self.answers.append(response.status)

    # the upload
    def write(self, data: bytes) -> None:
        assert not self.completed + self.aborts, "written after its end"
        if len(data) + sum(map(len, self.written)) > self.limit:
            raise TooLarge("it")
        self.written.append(data)

    def complete(self) -> Stored:
        self.completed += 1
        return Stored(RECEIPT)

    def abort(self) -> None:
        self.aborts += 1
        if self.abort_error is not None:
            raise self.abort_error

    @property
    def ended(self) -> tuple[int, int, list[int]]:
        return self.completed, self.aborts, self.answers


def test_bytes_are_written_in_blocks_and_answered_at_the_end() -> None:
    steps = Steps()
    for _ in range(5):
        steps.consumer.data(b"x" * (BLOCK // 2))
        steps.run()
    assert list(map(len, steps.written)) == [BLOCK, BLOCK]
    steps.consumer.end()
    steps.run()
    assert list(map(len, steps.written)) == [BLOCK, BLOCK, BLOCK // 2]
    assert steps.ended == (1, 0, [201])


def test_an_empty_body() -> None:
    steps = Steps()
    steps.consumer.end()
    steps.run()
    assert (steps.written, steps.ended) == ([], (1, 0, [201]))


def test_the_connection_waits_while_two_blocks_are_in_hand() -> None:
    steps = Steps()
    steps.consumer.data(b"x" * BLOCK)
    steps.consumer.data(b"x" * (BLOCK - 1))
    assert steps.pauses == 0
    steps.consumer.data(b"x")
    assert steps.pauses == 1
    steps.jobs.popleft()()  # the first block is written
    steps.jobs.popleft()()  # and the reactor hears of it
    assert not steps.paused
    steps.run()
    assert len(steps.written) == 2


@pytest.mark.parametrize("reason", list(Abort))
@pytest.mark.parametrize("jobs_run", [0, 1, 2, 3])
def test_an_upload_that_ends_early_is_aborted_once_and_not_answered(reason: Abort, jobs_run: int) -> None:
    steps = Steps()
    steps.consumer.data(b"x" * BLOCK)
    for _ in range(min(jobs_run, len(steps.jobs))):
        steps.jobs.popleft()()
    steps.consumer.aborted(reason)
    assert steps.aborts == 0, "an abort waits for the block that is being written"
    steps.run()
    assert steps.ended == (0, 1, [])


def test_a_failure_aborts_and_answers_once() -> None:
    steps = Steps(limit=BLOCK)
    steps.consumer.data(b"x" * BLOCK)
    steps.consumer.data(b"x" * BLOCK)
    steps.run()
    assert steps.ended == (0, 1, [413])
    assert not steps.jobs


def test_a_failure_is_answered_even_where_giving_up_fails() -> None:
    steps = Steps(limit=0, abort_error=RuntimeError("the database is gone"))
    steps.consumer.data(b"x" * BLOCK)
    steps.run()
    assert steps.ended == (0, 1, [500])
    assert not steps.jobs


def test_a_failure_after_the_connection_went() -> None:
    steps = Steps(limit=0)
    steps.consumer.data(b"x" * BLOCK)
    steps.consumer.aborted(Abort.LOST)
    steps.run()
    assert (steps.completed, steps.aborts) == (0, 1)


@pytest.mark.parametrize("lent", [False, True])
def test_who_waits_for_a_thread_is_not_silent(lent: bool) -> None:
    """Also where the connection has been lent, so that nothing can come to the reactor."""
    steps, clock = Steps(), HandClock()
    steps.content_length = LARGE
    sender = Sender(clock, heard=True)
    consumer = Uploading(
        cast(Exchange, steps),
        cast(Upload, steps),
        cast(Pool, steps),
        stored=lambda _stored: Response(201),
        failed=lambda _error: Response(500),
        bulk=Bulk(cast(Pool, steps), cast(Any, None)) if lent else None,
        sender=sender,
    )
    sender.release()
    consumer.data(b"x" * (LUMP if lent else BLOCK))
    clock.move(60 * SILENCE)
    assert len(steps.jobs) == 1
    assert not sender.is_silent
    if not lent:
        steps.run()
        assert not sender.is_silent
        clock.move(SILENCE)
        assert sender.is_silent


@given(st.lists(st.integers(1, 2 * BLOCK), max_size=8), st.lists(st.booleans(), max_size=40), st.booleans())
def test_every_order_ends_once(sizes: list[int], order: list[bool], whole: bool) -> None:
    steps, sent, turns = Steps(), b"", iter(order)
    for size in sizes:
        piece: Any = bytes([size % 251]) * size
        steps.consumer.data(piece)
        sent += piece
        while steps.paused or (steps.jobs and next(turns, False)):
            steps.jobs.popleft()()
    steps.consumer.end() if whole else steps.consumer.aborted(Abort.LOST)
    steps.run()
    assert steps.ended == ((1, 0, [201]) if whole else (0, 1, []))
    assert sent.startswith(b"".join(steps.written))
    assert not whole or b"".join(steps.written) == sent
