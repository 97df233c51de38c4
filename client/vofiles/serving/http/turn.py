"""One request's turn on a connection, from its head to the last byte of its answer.

The rule that keeps it so: state, and what can be said from it alone; `connection.py` moves it on.
"""

from __future__ import annotations

from contextlib import suppress
from socket import socket
from time import perf_counter

import structlog

from .access import AccessLog, AccessRecord
from .body import ChunkedBody, LengthBody
from .exchange import Abort, BodyConsumer
from .head import Head
from .limits import Limits
from .loan import Loan
from .messages import Request, Response
from .run import Run

_log = structlog.get_logger(__name__)


class Turn:
    """`body` is what is still to be read, None when all has been; `flowing` whether it may be read now."""

    __slots__ = (
        "answered",
        "awaits_continue",
        "body",
        "body_limit",
        "flowing",
        "head",
        "held_back",
        "keep",
        "loan",
        "operation",
        "progress",
        "raw",
        "received",
        "request",
        "run",
        "sent",
        "sink",
        "size",
        "started",
        "status",
        "window",
    )

    def __init__(self, request: Request, head: Head, limits: Limits, raw: bytes = b"") -> None:
        self.request = request
        self.head = head
        self.raw = raw  # the head as it came, where its answer may be given again
        self.run: Run | None = None  # None while, and if, the engine itself answers
        self.body: LengthBody | ChunkedBody | None = None
        if head.length is None:
            self.body = ChunkedBody(limits.head)
        elif head.length:
            self.body = LengthBody(head.length)
        self.body_limit: int | None = None
        self.sink: BodyConsumer | None = None
        self.flowing = False
        self.held_back = False  # the consumer has paused since the window began
        self.loan: Loan | None = None  # the body, while a thread reads it
        self.received = 0  # bytes of body
        self.window = 0  # the same since the window began
        self.awaits_continue = head.expects_continue
        self.keep = head.keep_alive  # the connection serves another request afterwards
        self.answered = False
        self.sent = False
        self.status = 0
        self.operation = ""
        self.size = 0
        self.progress = 0
        self.started = perf_counter()

    def settle(self, response: Response, *, closing: bool, held: int, drain: int) -> None:
        """It is answered with `response`: decide whether the connection goes on, and how much of a body is sent.

        An early answer keeps the connection only when the client will surely send the rest of its body and that,
        without the `held` bytes that are here already, is at most `drain` bytes long.
        """
        self.answered = True
        self.sink = None
        self.status = response.status
        self.operation = response.operation
        self.size = 0 if self.request.method == "HEAD" else response.length
        self.keep = self.keep and not (response.close or closing)
        if self.body is not None and self.keep:
            rest = None if self.awaits_continue else self.body.left
            self.keep = self.flowing = rest is not None and rest - held <= drain

    @property
    def connection(self) -> str | None:
        """The Connection header of the answer, None where the version says it."""
        if not self.keep:
            return "close"
        return "keep-alive" if self.request.version == "1.0" else None

    def tell_aborted(self, reason: Abort) -> None:
        """Tell the consumer, if there is one, that the body ends here."""
        sink, self.sink = self.sink, None
        try:
            if sink is not None:
                sink.aborted(reason)
        except Exception:  # noqa: BLE001 - the connection is to be wound up all the same
            _log.exception("a consumer failed", request_id=self.request.request_id)

    def lose(self, access: AccessLog, peer: str, reason: Abort) -> None:
        """The connection has gone before the answer was sent wholly: tell all whom it concerns."""
        access(self.access_record(peer))
        if self.loan is not None:
            self.loan.revoke()
        if self.sink is not None and self.body is not None:
            self.tell_aborted(reason)
        if self.run is not None:
            self.run.closed()

    def lend(self, wire: socket) -> Loan | None:
        """The rest of the body, for a thread to read; None where its length is not known, where it is not to be read
        now, or where no descriptor is left.
        """
        if self.answered or not self.flowing or not isinstance(self.body, LengthBody) or self.body.done:
            return None
        with suppress(OSError):
            self.loan = Loan(wire, self.body.left)
        return self.loan

    def take_back(self, loan: Loan) -> bool:
        """Go on where the thread stopped; False for a loan of another turn."""
        if self.loan is not loan:
            return False
        self.loan = None
        assert isinstance(self.body, LengthBody)
        self.count(self.body.left - loan.left)
        self.body.skip_to(loan.left)
        return True

    def count(self, bytes_taken: int) -> None:
        """So many bytes more of the body have come."""
        self.received += bytes_taken
        self.window += bytes_taken

    def is_slow(self, limits: Limits) -> bool:
        """Whether a window in which the client could send has brought too little."""
        return self.flowing and not self.held_back and self.window < limits.body_rate * limits.body_window

    def restart_window(self) -> None:
        """Begin to measure the body's rate anew."""
        self.window = 0
        self.held_back = not self.flowing

    def access_record(self, peer: str) -> AccessRecord:
        """What the access log is told."""
        request = self.request
        seconds = perf_counter() - self.started
        return AccessRecord(
            request.method,
            request.path,
            self.status,
            self.size,
            seconds,
            request.request_id,
            peer,
            self.sent,
            self.operation,
            self.received,
        )
