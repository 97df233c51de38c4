"""Small bodies on their way from connections: gathered whole on the reactor, stored several at a time in the pool.

    connection ──data──► gathered ──end──► waiting ──a job──► services.small: all that wait ──► 201 each
                             └── not whole soon ──► the usual way: ticket and lease, then what came and what comes

Rule: while some are made durable the next ones gather, so that many at once share threads, transactions and syncs. Only
who sends at once is served so: a head that is to be refused is, and a slow body has its lease, before it has come. All
bodies together have a bound. What happens on the reactor and what in the pool stands in two parts of the class.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from filestore.api.announcements import sent_of
from filestore.services.small import Outcome, SmallBody, Unusual
from vofiles.errors import ServiceBusy, VofilesError
from vofiles.serving.http import Abort, BodyConsumer, Exchange, Pool, Response

SOON: Final = 0.05
"""Seconds in which a body has to be whole, to be stored without a lease of its own; it may be twice as long."""
MOST: Final = 16 << 20
"""Bytes of all bodies that are gathered or wait; more go the usual way."""
GROUP: Final = 64
"""Bodies stored in one go at most."""
JOBS: Final = 2
"""Groups under way: while one waits for the disk, the processor is the other's."""


class Later(Protocol):
    """Who calls a function on the reactor after some seconds."""

    def callLater(self, delay: float, call: Callable[[], object], /) -> object: ...  # noqa: N802 - twisted's name


class Usually(Protocol):
    """The usual way of a PUT, and what is answered."""

    def token_of(self, exchange: Exchange) -> str:
        """The ticket in its address."""

    def answer_of(self, exchange: Exchange, outcome: Outcome) -> Response:
        """What is answered to an outcome."""

    def begin_body(self, exchange: Exchange, ready: Callable[[BodyConsumer], None]) -> None:
        """Serve it, in the pool: `ready` is called on the reactor with what takes its body, unless it is refused."""

    def store_body(self, exchange: Exchange, content: bytes) -> Outcome:
        """What becomes of a body that has come, in the pool."""


class SmallBodies:
    """All small bodies of one data plane."""

    def __init__(
        self, longest: int, store: Callable[[list[SmallBody]], list[Outcome]], pool: Pool, usual: Usually, clock: Later
    ) -> None:
        """`longest`: bytes of a body; `store` blocks, and raises nothing."""
        self._longest, self._store, self._pool, self._usual, self._clock = longest, store, pool, usual, clock
        self._gathering: dict[_Body, None] = {}
        self._old: list[_Body] = []
        """Those that were being gathered at the last look."""
        self._looking = False
        self._held = 0
        self._waiting: deque[_Body] = deque()
        self._jobs = 0

    # --- on the reactor ---

    def take(self, exchange: Exchange) -> bool:
        """Serve a PUT, if its body is announced to be small."""
        length = exchange.content_length
        if length is None or length > self._longest or self._held + length > MOST:
            return False
        if "Expect" in exchange.request.headers:
            # It waits to hear whether its head is refused.
            return False
        body = _Body(self, exchange, length)
        self._held += length
        self._gathering[body] = None
        exchange.accept(body)
        if not self._looking:
            self._looking = True
            self._clock.callLater(SOON, self._look)
        return True

    def whole(self, body: "_Body") -> None:
        """A body has come wholly."""
        del self._gathering[body]
        self._waiting.append(body)
        self._go_on()

    def lost(self, body: "_Body") -> None:
        """A body will not come wholly."""
        del self._gathering[body]
        self._held -= body.length

    def _look(self) -> None:
        """Send those the usual way that were here at the last look already, and are still not whole."""
        for body in self._old:
            if body in self._gathering:
                self.lost(body)
                body.leave()
                self._submit(body, lambda body=body: self._usual.begin_body(body.exchange, body.go_on))  # type: ignore[misc]
        self._old = list(self._gathering)
        self._looking = bool(self._old)
        if self._looking:
            self._clock.callLater(SOON, self._look)

    def _go_on(self) -> None:
        while self._jobs < JOBS and self._waiting:
            group = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
            if self._pool.submit(lambda group=group: self._run(group)):  # type: ignore[misc]
                self._jobs += 1
                continue
            self._held -= sum(body.length for body in group)
            for body in group:
                body.exchange.respond(self._usual.answer_of(body.exchange, ServiceBusy("the data plane")))

    def _done(self, length: int) -> None:
        self._held -= length
        self._jobs -= 1
        self._go_on()

    def _submit(self, body: "_Body", work: Callable[[], None]) -> None:
        if not self._pool.submit(work):
            body.exchange.respond_from_thread(self._usual.answer_of(body.exchange, ServiceBusy("the data plane")))

    # --- in the pool ---

    def _run(self, group: "list[_Body]") -> None:
        try:
            self._store_group(group)
        finally:
            group[0].exchange.call_from_thread(lambda: self._done(sum(body.length for body in group)))

    def _store_group(self, group: "list[_Body]") -> None:
        ready: list[tuple[_Body, SmallBody]] = []
        for body in group:
            request = body.exchange.request
            try:
                sent = sent_of(request.headers, body.length)
            except VofilesError as error:
                self._answer(body, error)
                continue
            token = self._usual.token_of(body.exchange)
            ready.append((body, SmallBody(token, sent, body.content(), request.request_id)))
        for (body, small), outcome in zip(ready, self._store([small for _, small in ready]), strict=True):
            if isinstance(outcome, Unusual):
                self._submit(body, lambda body=body, small=small: self._store_usually(body, small.content))  # type: ignore[misc]
            else:
                self._answer(body, outcome)

    def _store_usually(self, body: "_Body", content: bytes) -> None:
        self._answer(body, self._usual.store_body(body.exchange, content))

    def _answer(self, body: "_Body", outcome: Outcome) -> None:
        body.exchange.respond_from_thread(self._usual.answer_of(body.exchange, outcome))


class _Body:
    """The consumer of one small body (see `BodyConsumer`), on the reactor."""

    def __init__(self, all_bodies: SmallBodies, exchange: Exchange, length: int) -> None:
        self._all, self.exchange, self.length = all_bodies, exchange, length
        self._pieces: list[bytes] = []
        self._leaving = False
        self._ended = False
        self._aborted: Abort | None = None
        self._next: BodyConsumer | None = None
        """What takes the body instead."""

    def content(self) -> bytes:
        """All that has come."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def data(self, chunk: bytes, /) -> None:
        """The next bytes."""
        if self._next is not None:
            self._next.data(chunk)
        else:
            self._pieces.append(chunk)

    def end(self, /) -> None:
        """All has come."""
        if self._next is not None:
            self._next.end()
        elif self._leaving:
            self._ended = True
        else:
            self._all.whole(self)

    def aborted(self, reason: Abort, /) -> None:
        """No more will come."""
        if self._next is not None:
            self._next.aborted(reason)
        elif self._leaving:
            self._aborted = reason
        else:
            self._all.lost(self)

    def leave(self) -> None:
        """It goes the usual way from now on."""
        self._leaving = True

    def go_on(self, consumer: BodyConsumer) -> None:
        """`consumer` takes what has come, and what comes."""
        self._next = consumer
        pieces, self._pieces = self._pieces, []
        if self._aborted is not None:
            consumer.aborted(self._aborted)
            return
        for piece in pieces:
            consumer.data(piece)
        if self._ended:
            consumer.end()
