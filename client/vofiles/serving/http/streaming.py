"""Serves a stream request: the implementation of `Exchange`. The rule that keeps it so: state of one exchange, no
bytes kept.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from .exchange import Abort, BodyConsumer, Stream
from .loan import Loan
from .messages import FileBody, Request, Response
from .run import Link

_log = structlog.get_logger(__name__)


class StreamRun:
    """One stream request; see `Exchange` for what handlers may rely on."""

    def __init__(self, link: Link, serve: Stream, request: Request, content_length: int | None) -> None:
        self.request = request
        self.refuse = serve.refuse
        self.content_length = content_length
        self._link = link
        self._handler = serve.handler
        self._at_once = serve.at_once
        self._accepted = False
        self._responded = False
        self._closed = False
        self._callbacks: list[Callable[[], None]] = []

    def begin(self) -> None:
        # Who sends many ahead would keep the reactor to himself: the handler lets others have their turns in between.
        if self._at_once is not None and self.content_length == 0 and not self._link.has_more():
            response = self._at_once(self.request)
            if response is not None:
                self.respond(response)
                return
        self._handler(self)

    def closed(self) -> None:
        self._closed = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - the others must be told too
                _log.exception("a callback of a closed exchange failed", request_id=self.request.request_id)

    def half_closed(self) -> bool:
        return False

    def hurry(self) -> None:
        """A stream ends by itself, or by the grace's end."""

    def accept(self, consumer: BodyConsumer) -> None:
        if self._accepted or self._responded:
            raise RuntimeError("a body is accepted once, before answering")
        self._accepted = True
        if self._closed:
            self._link.workshop.mailbox.post(lambda: consumer.aborted(Abort.LOST))
        else:
            self._link.start_body(self, consumer)

    def pause(self) -> None:
        self._link.hold_body(self)

    def resume(self) -> None:
        self._link.release_body(self)

    def lend(self) -> Loan | None:
        return self._link.lend_body(self)

    def take_back(self, loan: Loan) -> None:
        self._link.take_back(self, loan)

    def respond(self, response: Response) -> None:
        if self._responded:
            if isinstance(response.body, FileBody):
                response.body.close()
            raise RuntimeError("an exchange is answered once")
        self._responded = True
        self._link.answer(self, response)

    def respond_from_thread(self, response: Response) -> None:
        self._link.workshop.mailbox.post(lambda: self.respond(response))

    def call_from_thread(self, function: Callable[[], None]) -> None:
        self._link.workshop.mailbox.post(function)

    def on_closed(self, callback: Callable[[], None]) -> None:
        if self._closed:
            callback()
        else:
            self._callbacks.append(callback)
