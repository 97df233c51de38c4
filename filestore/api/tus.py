"""Resumable uploads at the address of a PUT, by the TUS protocol 1.0.0: whoever is interrupted asks how much is safely
there and goes on.

    HEAD  how far    PATCH  the next part    POST  begin anew    DELETE  drop what came    OPTIONS  what can be done

Rule: as of the data plane: judged by services in a pool before a byte of the body is asked for; nothing blocks the
reactor, and no ticket is logged. A request speaks TUS if it says so (Tus-Resumable); whatever it is answered says so,
too.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from structlog.contextvars import bound_contextvars

from filestore.api import tusanswers
from filestore.api.drawing import Bulk
from filestore.api.methods import RESUMING, allow_at
from filestore.api.origins import Origins
from filestore.api.preparing import Preparing
from filestore.api.tusanswers import how_far
from filestore.api.tusheaders import (
    OVERRIDE,
    RESUMABLE,
    STRETCH_TYPE,
    VERSION,
    first_stretch_of,
    require_stretch_type,
    stretch_of,
    told_of,
)
from filestore.api.uploading import Uploading
from filestore.services.kept import Kept
from filestore.services.parts import Part
from filestore.services.resuming import begin_anew, find_kept, open_part
from filestore.services.store import Store
from filestore.services.uploads import Stored
from vofiles.errors import ServiceBusy, WrongMethod
from vofiles.serving.http import BodyConsumer, Exchange, Pool, Request, Response

_OVERRIDDEN: Final = frozenset({"HEAD", "PATCH", "DELETE"})
"""Methods that a POST may stand for, where a client cannot say them."""

Serve = Callable[[Exchange], Response | None]
"""Answers in the pool; None where the answer comes later."""


def speaks(request: Request) -> bool:
    """Whether a request is of the protocol, or could be of no other."""
    return request.method in RESUMING and (request.method != "HEAD" or RESUMABLE in request.headers)


class _Hearing:
    """The consumer of a part's body, where the part hears that its sender is there, also before anything is written."""

    def __init__(self, part: Part, inner: BodyConsumer) -> None:
        self._hear, self._take = part.sender.hear, inner.data
        self.end, self.aborted = inner.end, inner.aborted

    def data(self, chunk: bytes, /) -> None:
        self._hear()
        self._take(chunk)


class Resumption:
    """Serves the protocol for one store."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        origins: Origins,
        token: Callable[[Request], str],
        bulk: Bulk | None = None,
    ) -> None:
        """`token` finds the ticket in a request; `bulk` is what large bodies are taken in with."""
        self._store, self._pool, self._origins, self._token, self._bulk = store, pool, origins, token, bulk
        self._serve: dict[str, Serve] = {
            "HEAD": self._tell,
            "PATCH": self._go_on,
            "POST": self._begin,
            "DELETE": self._terminate,
        }

    def handle(self, exchange: Exchange) -> None:
        """Begin to serve one request that `speaks`; on the reactor."""
        request = exchange.request
        refused = self._refuse_head(request)
        if refused is None and not self._pool.submit(partial(self._answer, exchange)):
            refused = self._refusal(request, ServiceBusy("the data plane"))
        if refused is not None:
            exchange.respond(self._origins.mark(request, refused))

    def _answer(self, exchange: Exchange) -> None:
        request = exchange.request
        try:
            with bound_contextvars(request_id=request.request_id):
                response = self._serve[_method(request)](exchange)
        except Exception as error:  # noqa: BLE001 - worded by `_refusal`, logged where it is unknown
            response = self._refusal(request, error)
        if response is not None:
            exchange.respond_from_thread(self._origins.mark(request, response))

    # --- in the pool ---

    def _tell(self, exchange: Exchange) -> Response:
        return how_far(find_kept(self._store, self._token(exchange.request)))

    def _go_on(self, exchange: Exchange) -> Response | None:
        headers = exchange.request.headers
        if not require_stretch_type(headers):
            return tusanswers.wrong_type(STRETCH_TYPE)
        stretch = stretch_of(headers, exchange.content_length)
        part = open_part(self._store, self._token(exchange.request), stretch, heard=True)
        return self._receive(exchange, part, tusanswers.gone_on)

    def _begin(self, exchange: Exchange) -> Response | None:
        headers, token = exchange.request.headers, self._token(exchange.request)
        told, with_upload = told_of(headers), exchange.content_length != 0
        if with_upload and not require_stretch_type(headers):
            return tusanswers.wrong_type(STRETCH_TYPE)
        # What has no bytes is complete with its beginning.
        stretch = first_stretch_of(headers, exchange.content_length) if with_upload or told.total == 0 else None
        answer = partial(tusanswers.created, location=self._store.urls(token), with_upload=with_upload)
        return self._receive(exchange, begin_anew(self._store, token, told, stretch, heard=True), answer)

    def _terminate(self, exchange: Exchange) -> Response:
        begin_anew(self._store, self._token(exchange.request), None)
        return tusanswers.terminated()

    def _receive(self, exchange: Exchange, part: Part | Kept, answer: Callable[[Kept], Response]) -> Response | None:
        """Have the body come, if there is anything to be done with it."""
        if isinstance(part, Kept):
            return answer(part)
        request = exchange.request

        def told(outcome: Stored | Kept) -> Response:
            kept = outcome if isinstance(outcome, Kept) else Kept(part.size, part.size, receipt=outcome.receipt)
            return self._origins.mark(request, answer(kept))

        def failed(error: BaseException) -> Response:
            return self._origins.mark(request, self._refusal(request, error))

        def receive() -> None:
            bulk, sender = self._bulk, part.sender
            taking = Uploading(
                exchange, part, self._pool, stored=told, failed=failed, bulk=bulk, keep=True, sender=sender
            )
            exchange.accept(_Hearing(part, taking))
            sender.release()

        Preparing(exchange, part, self._pool, ready=receive, failed=failed).begin()
        return None

    # --- refusals ---

    def _refuse_head(self, request: Request) -> Response | None:
        """What can be refused by the head alone."""
        versions = request.headers.get_all(RESUMABLE)
        if not versions:
            return tusanswers.not_spoken(request, self._allow(request))
        if versions != (VERSION,):
            return tusanswers.wrong_version()
        method = _method(request)
        if method != request.method and method not in _OVERRIDDEN:
            return self._refusal(
                request, WrongMethod(OVERRIDE, reason=f"it is one of {', '.join(sorted(_OVERRIDDEN))}")
            )
        return None

    def _refusal(self, request: Request, error: BaseException) -> Response:
        return tusanswers.refusal(request, error, self._allow(request))

    def _allow(self, request: Request) -> str:
        return allow_at(self._store.tickets, self._token(request))


def _method(request: Request) -> str:
    told = request.headers.get(OVERRIDE) if request.method == "POST" else None
    return told or request.method
