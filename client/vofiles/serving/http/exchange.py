"""A request whose body is handled while it arrives: what a stream handler sees, always on the reactor.

The rule that keeps it so: ports only. `streaming.py` has the implementation, handlers depend on this file alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .loan import Loan
from .messages import Refuse, Request, Response, refuse_as_text


class Abort(Enum):
    """Why a body ended before it was complete. Only after `LOST` is there nobody left to answer; the engine answers
    the others.
    """

    LOST = "the connection was lost"
    FRAMING = "the body's framing is broken"
    SLOW = "the body came too slowly"
    TOO_LARGE = "the body is larger than allowed"
    STOPPING = "the server stopped"


class BodyConsumer(Protocol):
    """Takes a body as it arrives. After any number of `data` comes exactly one of `end` and `aborted`, never both.

    Once the handler has answered early, none of them is called any more.
    """

    def data(self, chunk: bytes, /) -> None:
        """The next bytes, never empty."""

    def end(self, /) -> None:
        """The body is complete: as long as announced, or its last chunk has come."""

    def aborted(self, reason: Abort, /) -> None:
        """The body will never be complete. Answering is harmless and has no effect."""


class Exchange(Protocol):
    """One request and its answer. Everything is called on the reactor, except where it says otherwise."""

    @property
    def request(self) -> Request:
        """The head; its `body` is empty."""

    @property
    def content_length(self) -> int | None:
        """Announced length in bytes, 0 when there is no body, None when it comes in chunks."""

    def accept(self, consumer: BodyConsumer, /) -> None:
        """Start delivering the body, after a `100 Continue` where the client waits for one. Once; RuntimeError
        otherwise.

        The consumer is never called before `accept` returns.
        """

    def pause(self) -> None:
        """Stop delivering: the engine stops reading from the socket, so that the sender blocks.

        A client that leaves meanwhile is noticed when the body is resumed or answered.
        """

    def resume(self) -> None:
        """Go on delivering, never before `resume` returns."""

    def lend(self) -> Loan | None:
        """Stop delivering, and have a thread read the body from the socket itself: None, and nothing has changed, where
        the engine has to read it (TLS, chunks, an end that has come already). From within `data`.

        Until it is taken back the consumer is told nothing but `aborted`, after which the thread soon finds it dry; and
        nothing is answered.
        """

    def take_back(self, loan: Loan, /) -> None:
        """No thread uses the loan any more: go on delivering what it has left, never before this returns. Due for each
        loan, also when the client has gone.
        """

    def respond(self, response: Response, /) -> None:
        """Answer, once (RuntimeError otherwise). Before the end of the body it is an early answer, which the client
        gets all the same; the rest of the body is read and dropped within limits. When the client has gone, nothing is
        sent and a FileBody is closed.
        """

    def respond_from_thread(self, response: Response, /) -> None:
        """`respond`, from any thread."""

    def call_from_thread(self, function: Callable[[], None], /) -> None:
        """Run `function` on the reactor soon, whether or not the client is still there; from any thread."""

    def on_closed(self, callback: Callable[[], None], /) -> None:
        """Have `callback` called once if the connection ends before the answer was sent wholly; at once if it has
        ended already.
        """


StreamHandler = Callable[[Exchange], None]
"""Called on the reactor as soon as the head is there; must not block. What it raises becomes a 500."""


@dataclass(frozen=True, slots=True)
class Stream:
    """How a route is served by the data plane. `body_limit` in bytes, None for no limit (413 above; the handler may be
    stricter). `at_once` is asked before, on the reactor, where there is no body, and must not wait for anything: its
    None means that the handler is to answer.
    """

    handler: StreamHandler
    body_limit: int | None = None
    refuse: Refuse = refuse_as_text
    at_once: Callable[[Request], Response | None] | None = None
