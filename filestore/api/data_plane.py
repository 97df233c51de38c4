"""The data plane: `/content/<ticket>`, where whoever has a ticket PUTs a content or GETs it.

Rule: tickets are judged by services alone, before a byte of the body is asked for, so that `Expect: 100-continue` means
what it says. Here HTTP becomes calls of services in a pool of threads, and outcomes become HTTP; nothing here blocks
the reactor, and no ticket is logged.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from structlog.contextvars import bound_contextvars

from filestore.api import downloads, tus
from filestore.api.announcements import sent_of
from filestore.api.atonce import AtOnce
from filestore.api.description import entity_tag
from filestore.api.digestfields import digest_header
from filestore.api.downloads import Downloads
from filestore.api.drawing import Bulk
from filestore.api.gathering import Later, SmallBodies
from filestore.api.methods import METHODS, allow_at
from filestore.api.origins import Origins
from filestore.api.preparing import Preparing
from filestore.api.problems import problem, refuse_as_problem, unexpected
from filestore.api.tusanswers import abilities
from filestore.api.uploading import Uploading
from filestore.ports import SmallContents
from filestore.services.imports import Sent, open_upload
from filestore.services.replays import Replay
from filestore.services.small import Outcome, store_small
from filestore.services.store import Store
from filestore.services.uploads import Stored, Upload
from vofiles.errors import ServiceBusy, VofilesError, WrongMethod
from vofiles.serving.http import BodyConsumer, Exchange, Pool, Request, Response, Route, Stream

CONTENT = "/content/"


class DataPlane:
    """Serves the contents of one store, with a pool of threads for its disk and its database."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        origins: Origins,
        at_once: AtOnce | None = None,
        *,
        together: SmallContents | None = None,
        clock: Later | None = None,
        bulk: Bulk | None = None,
    ) -> None:
        """`at_once` is tried before the pool, where there is one. Small bodies go to `together`, where there is that;
        `clock` is the reactor's then. Large bodies are taken in with `bulk`.
        """
        self._bulk = bulk
        self._store, self._pool, self._origins = store, pool, origins
        self._downloads = Downloads(store, pool, origins, self._failed, at_once)
        self._small: SmallBodies | None = None
        if together is not None and clock is not None:
            keep = partial(store_small, store, together)
            self._small = SmallBodies(together.longest, keep, pool, self, clock)
        self._resumption = tus.Resumption(store, pool, origins, _token, bulk)

    def route(self) -> Route:
        """Where contents are served."""
        stream = Stream(self.handle, refuse=self._refuse, at_once=self._find_at_once)
        return Route(CONTENT, METHODS, stream, prefix=True)

    def handle(self, exchange: Exchange) -> None:
        """Begin to serve one request; on the reactor."""
        request = exchange.request
        if request.method == "OPTIONS":
            told = self._origins.answer_options(request, self._allow(request))
            exchange.respond(replace(told, headers=(*told.headers, *abilities(self._store.terms.maximum_size))))
            return
        if tus.speaks(request):
            self._resumption.handle(exchange)
            return
        if request.method == "PUT" and self._small is not None and self._small.take(exchange):
            return
        serve = self._begin_upload if request.method == "PUT" else self._answer_get
        if not self._pool.submit(partial(serve, exchange)):
            exchange.respond(self._origins.mark(request, problem(ServiceBusy("the data plane"))))

    def _refuse(self, request: Request, status: int, message: str) -> Response:
        return self._origins.mark(request, refuse_as_problem(request, status, message))

    def _failed(self, request: Request, error: BaseException) -> Response:
        if isinstance(error, WrongMethod):
            return self._origins.mark(request, problem(error, ("Allow", self._allow(request))))
        return self._origins.mark(request, _refusal(request, error))

    def _allow(self, request: Request) -> str:
        return allow_at(self._store.tickets, _token(request))

    # --- GET and HEAD ---

    def _find_at_once(self, request: Request) -> Response | None:
        """On the reactor, before anything else."""
        if request.method not in downloads.METHODS or tus.speaks(request):
            return None
        return self._downloads.find_at_once(request, _token(request))

    def _answer_get(self, exchange: Exchange) -> None:
        self._downloads.answer(exchange, _token(exchange.request))

    # --- PUT ---

    def _begin_upload(self, exchange: Exchange) -> None:
        """In the pool: judge headers and ticket, take the lease, prepare; then have the body come, on the reactor."""
        self.begin_body(exchange, exchange.accept)

    def begin_body(self, exchange: Exchange, ready: Callable[[BodyConsumer], None]) -> None:
        """The same, where `ready` gets what takes the body."""
        request = exchange.request
        try:
            sent: Sent = sent_of(request.headers, exchange.content_length)
            with bound_contextvars(request_id=request.request_id):
                upload = open_upload(self._store, _token(request), sent)
        except Exception as error:  # noqa: BLE001 - as above
            exchange.respond_from_thread(self._failed(request, error))
            return
        Preparing(
            exchange,
            upload,
            self._pool,
            ready=lambda: ready(self._receiver(exchange, upload)),
            failed=partial(self._failed, request),
        ).begin()

    def _receiver(self, exchange: Exchange, upload: Upload | Replay) -> BodyConsumer:
        request = exchange.request
        return Uploading(
            exchange,
            upload,
            self._pool,
            stored=lambda stored: self._origins.mark(request, _created(stored)),
            failed=partial(self._failed, request),
            bulk=self._bulk,
        )

    # --- small bodies (`gathering.Usually`) ---

    def token_of(self, exchange: Exchange) -> str:
        return _token(exchange.request)

    def answer_of(self, exchange: Exchange, outcome: Outcome) -> Response:
        if isinstance(outcome, Stored):
            return self._origins.mark(exchange.request, _created(outcome))
        return self._failed(exchange.request, outcome)

    def store_body(self, exchange: Exchange, content: bytes) -> Outcome:
        request = exchange.request
        try:
            with bound_contextvars(request_id=request.request_id):
                sent = sent_of(request.headers, len(content))
                upload = open_upload(self._store, _token(request), sent)
                try:
                    upload.write(content)
                except BaseException:
                    upload.abort()
                    raise
                return upload.complete()
        except Exception as error:  # noqa: BLE001 - as above
            return error


def _token(request: Request) -> str:
    return request.path.removeprefix(CONTENT)


def _created(stored: Stored) -> Response:
    """The receipt, as far as the sender needs to know it. The first time and every time after it is the same."""
    receipt = stored.receipt
    body = {"size": receipt.size, "digests": {digest.algorithm: digest.value for digest in receipt.digests}}
    headers = (
        ("Content-Type", "application/json"),
        ("ETag", entity_tag(receipt.container.fragment, receipt.digests)),
        ("Repr-Digest", digest_header(receipt.digests)),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
    )
    return Response(201, headers, json.dumps(body).encode("ascii"))


def _refusal(request: Request, error: BaseException) -> Response:
    if isinstance(error, VofilesError):
        return problem(error)
    return unexpected(request, error)
