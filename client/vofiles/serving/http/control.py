"""Serves a control request: buffers the body, calls the handler in the pool, parks the answer if the handler says so;
or answers at once, on the reactor, where the route can.

The rule that keeps it so: no thread is held while an answer is parked, and whoever has gone is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from .exchange import Abort
from .messages import Control, Later, Request, Response
from .reactor import DelayedCall
from .run import Link

_log = structlog.get_logger(__name__)


class ControlRun:
    """One control request; also the consumer of its body."""

    def __init__(self, link: Link, serve: Control, request: Request, *, has_body: bool) -> None:
        self.request = request
        self.refuse = serve.refuse
        self._link = link
        self._handler = serve.handler
        self._at_once = serve.at_once
        self._has_body = has_body
        self._parts: list[bytes] = []
        self._parked: _Parked | None = None
        self._hurried = False
        self._over = False

    def begin(self) -> None:
        if self._has_body:
            self._link.start_body(self, self)
        else:
            self._serve()

    def data(self, chunk: bytes) -> None:
        self._parts.append(chunk)

    def end(self) -> None:
        self.request = self.request.with_body(b"".join(self._parts))
        self._parts.clear()
        self._serve()

    def aborted(self, _reason: Abort) -> None:
        self._parts.clear()

    def closed(self) -> None:
        self._over = True
        if self._parked is not None:
            self._parked.leave()
            self._parked = None

    def half_closed(self) -> bool:
        return self._parked is not None

    def hurry(self) -> None:
        self._hurried = True
        if self._parked is not None:
            self._parked.end()

    def _serve(self) -> None:
        response = None
        # Who sends many ahead would keep the reactor to himself: by way of the pool others have their turns in between.
        if self._at_once is not None and not self._link.has_more():
            response = self._at_once(self.request)
        if response is not None:
            self._answer(response)
        else:
            self._work(partial(self._handler, self.request))

    def _work(self, call: Callable[[], Response | Later]) -> None:
        if not self._link.workshop.pool.submit(partial(self._run_in_pool, call)):
            busy = self.refuse(self.request, 503, "the server is busy; try again in a moment")
            self._answer(Response(503, (*busy.headers, ("Retry-After", "1")), busy.body))

    def _run_in_pool(self, call: Callable[[], Response | Later]) -> None:
        post = self._link.workshop.mailbox.post
        try:
            result = call()
            if isinstance(result, Later):
                parked = _Parked(self, result)
                parked.subscribe()
                post(partial(self._park, parked))
            elif isinstance(result, Response):
                post(partial(self._answer, result))
            else:
                raise TypeError(f"a control handler returned {type(result).__name__}")  # noqa: TRY301
        except Exception:  # noqa: BLE001 - whatever a handler raises, its client gets an answer (I10)
            _log.exception("a handler failed", request_id=self.request.request_id, path=self.request.path)
            post(self._answer_failure)

    def _answer_failure(self) -> None:
        message = f"the server failed; its log has the reason under {self.request.request_id}"
        self._answer(self.refuse(self.request, 500, message))

    def _answer(self, response: Response) -> None:
        self._link.answer(self, response)

    def _park(self, parked: _Parked) -> None:
        if self._over:
            parked.leave()
            return
        self._parked = parked
        parked.wait(hurried=self._hurried)

    def finish(self, later: Later) -> None:
        """What was parked has been woken or has waited long enough."""
        self._parked = None
        self._work(later.finish)

    @property
    def link(self) -> Link:
        return self._link


class _Parked:
    """One parked answer. Made and subscribed in the pool, all else on the reactor."""

    def __init__(self, run: ControlRun, later: Later) -> None:
        self._run = run
        self._later = later
        self._unsubscribe: Callable[[], None] | None = None
        self._timer: DelayedCall | None = None
        self._waiting = False
        self._woken = False

    def subscribe(self) -> None:
        """Ask to be woken; the subscription may do it at once."""
        post = self._run.link.workshop.mailbox.post
        self._unsubscribe = self._later.subscribe(lambda: post(self._wake))

    def wait(self, *, hurried: bool) -> None:
        """Wait for the wake, unless it has come already."""
        self._waiting = True
        if self._woken or hurried:
            self.end()
        else:
            self._timer = self._run.link.workshop.clock.callLater(self._later.timeout, self.end)

    def end(self) -> None:
        """Wait no longer, and finish."""
        if self._waiting:
            self.leave()
            self._run.finish(self._later)

    def leave(self) -> None:
        """Wait no longer."""
        self._waiting = False
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            unsubscribe()

    def _wake(self) -> None:
        self._woken = True
        self.end()
