"""Small bodies, step by step: what is stored together, what goes the usual way, and what all of them may hold."""

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

from filestore.api.gathering import GROUP, JOBS, MOST, SOON, SmallBodies, Usually
from filestore.services.small import Outcome, SmallBody, Unusual
from filestore.services.uploads import Stored
from vofiles.contract import Receipt
from vofiles.errors import TooLarge
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Abort, BodyConsumer, Exchange, Headers, Pool, Response

STORED = Stored(Receipt("t", Ivorn.parse("ivo://a/b#c"), 0, Instant(0)))
LONGEST = 1000


class Sender:
    """One exchange."""

    def __init__(self, stage: "Stage", length: int | None, *headers: tuple[str, str]) -> None:
        said = (("Content-Length", str(length)), *headers)
        self.request = SimpleNamespace(headers=Headers(said), request_id="r")
        self.content_length = length
        self._stage = stage
        self.consumer: BodyConsumer
        self.answers: list[int] = []

    def accept(self, consumer: BodyConsumer) -> None:
        self.consumer = consumer

    def call_from_thread(self, function: Callable[[], None]) -> None:
        self._stage.posted.append(function)

    def respond(self, response: Response) -> None:
        self.answers.append(response.status)

    def respond_from_thread(self, response: Response) -> None:
        self._stage.posted.append(lambda: self.respond(response))


class Stage:
    """Engine, pool, clock and the usual way; jobs, and what they post, run when the test says so."""

    def __init__(self, outcome: Outcome = STORED) -> None:
        self.jobs: deque[Callable[[], None]] = deque()
        self.posted: deque[Callable[[], None]] = deque()
        self.timers: list[Callable[[], object]] = []
        self.stored: list[list[bytes]] = []
        self.usually: list[bytes] = []
        self.passed: list[object] = []
        self.full = False
        self._outcome = outcome
        self.bodies = SmallBodies(LONGEST, self._store, cast(Pool, self), cast(Usually, self), self)

    def send(self, data: bytes, length: int | None = None) -> Sender:
        sender = Sender(self, len(data) if length is None else length)
        assert self.bodies.take(cast(Exchange, sender))
        if data:
            sender.consumer.data(data)
        return sender

    def run(self) -> None:
        while self.jobs or self.posted:
            (self.jobs or self.posted).popleft()()

    def look_twice(self) -> None:
        for _ in range(2):
            timers, self.timers = self.timers, []
            for call in timers:
                call()

    def _store(self, bodies: list[SmallBody]) -> list[Outcome]:
        self.stored.append([body.content for body in bodies])
        return [self._outcome for _ in bodies]

    # the pool, the clock
    def submit(self, work: Callable[[], None]) -> bool:
        if not self.full:
            self.jobs.append(work)
        return not self.full

    def callLater(self, delay: float, call: Callable[[], object], /) -> None:  # noqa: N802 - twisted's name
        assert delay == SOON
        self.timers.append(call)

    # the usual way, and the consumer that it ends in
    def token_of(self, exchange: Exchange) -> str:
        return "token"

    def answer_of(self, exchange: Exchange, outcome: Outcome) -> Response:
        return Response(201 if isinstance(outcome, Stored) else 413 if isinstance(outcome, TooLarge) else 503)

    def begin_body(self, exchange: Exchange, ready: Callable[[BodyConsumer], None]) -> None:
        exchange.call_from_thread(lambda: ready(cast(BodyConsumer, self)))

    def store_body(self, exchange: Exchange, content: bytes) -> Outcome:
        self.usually.append(content)
        return STORED

    def data(self, chunk: bytes) -> None:
        self.passed.append(chunk)

    def end(self) -> None:
        self.passed.append("end")

    def aborted(self, reason: Abort) -> None:
        self.passed.append(reason)


def test_what_comes_while_others_are_stored_is_stored_together() -> None:
    stage = Stage()
    senders = [stage.send(bytes([number])) for number in range(GROUP + JOBS + 3)]
    for sender in senders:
        sender.consumer.end()
    stage.run()
    assert [len(group) for group in stage.stored] == [*[1] * JOBS, GROUP, 3]
    assert all(sender.answers == [201] for sender in senders)


def test_pieces_and_nothing_are_bodies_too() -> None:
    stage = Stage()
    pieces, empty = stage.send(b"ab", 4), stage.send(b"")
    pieces.consumer.data(b"cd")
    for sender in (pieces, empty):
        sender.consumer.end()
    stage.run()
    assert stage.stored == [[b"abcd"], [b""]]


def test_each_is_told_its_own_outcome() -> None:
    stage = Stage(TooLarge("it"))
    refused = stage.send(b"x")
    refused.consumer.end()
    stage.run()
    assert refused.answers == [413]


def test_what_is_not_so_simple_goes_the_usual_way() -> None:
    stage = Stage(Unusual())
    sender = stage.send(b"again")
    sender.consumer.end()
    stage.run()
    assert (stage.usually, sender.answers) == ([b"again"], [201])


def test_only_small_bodies_of_senders_who_do_not_wait_are_taken() -> None:
    stage = Stage()
    for other in (
        Sender(stage, LONGEST + 1),
        Sender(stage, None),
        Sender(stage, 3, ("Expect", "100-continue")),
    ):
        assert not stage.bodies.take(cast(Exchange, other))


def test_who_sends_slowly_goes_the_usual_way_with_what_has_come() -> None:
    stage = Stage()
    sender, quick = stage.send(b"ab", 6), stage.send(b"x")
    quick.consumer.end()
    stage.look_twice()
    sender.consumer.data(b"cd")  # before the usual way is ready
    stage.run()
    sender.consumer.data(b"ef")
    sender.consumer.end()
    assert stage.passed == [b"ab", b"cd", b"ef", "end"]
    assert stage.stored == [[b"x"]]
    assert not stage.timers


def test_a_slow_body_that_ends_before_the_usual_way_is_ready() -> None:
    stage = Stage()
    whole, broken = stage.send(b"ab", 2), stage.send(b"cd", 4)
    stage.look_twice()
    whole.consumer.end()
    broken.consumer.aborted(Abort.LOST)
    stage.run()
    assert stage.passed == [b"ab", "end", Abort.LOST]


def test_who_leaves_leaves_nothing() -> None:
    stage = Stage()
    for _ in range(3 * MOST // LONGEST):
        stage.send(b"", LONGEST).consumer.aborted(Abort.LOST)
    stage.run()
    assert not stage.stored


def test_all_of_them_have_a_bound_and_it_is_free_again_afterwards() -> None:
    stage = Stage()
    senders = [stage.send(bytes(LONGEST)) for _ in range(MOST // LONGEST)]
    more = Sender(stage, LONGEST)
    assert not stage.bodies.take(cast(Exchange, more))
    for sender in senders:
        sender.consumer.end()
    stage.run()
    assert stage.bodies.take(cast(Exchange, more))


def test_a_pool_that_is_full_is_said() -> None:
    stage = Stage()
    stage.full = True
    whole, slow = stage.send(b"x"), stage.send(b"x", 2)
    whole.consumer.end()
    stage.look_twice()
    stage.run()
    assert (whole.answers, slow.answers) == ([503], [503])
