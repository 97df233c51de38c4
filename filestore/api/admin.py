"""What operators and load balancers ask: is this store well?

Rule: for anybody, so it tells nothing but one word; the cause is in the log.
"""

import json

import structlog

from filestore.ports import StorageFailure
from filestore.services.store import Store
from vofiles.errors import VofilesError
from vofiles.serving.http import Control, Request, Response, Route

PATH = "/healthz"

_log = structlog.get_logger(__name__)


def health_route(store: Store) -> Route:
    """Where health is asked for: 200 `ok` or `read-only` while contents can be served, else 503 `failing`."""

    def answer(_request: Request) -> Response:
        try:
            store.catalogue.read(lambda records: records.find_transfer(""))
            store.backend.free_space()
        except (VofilesError, StorageFailure) as error:
            _log.error("unhealthy", reason=str(error))
            return _word(503, "failing")
        return _word(200, "ok" if store.health.failure is None else "read-only")

    return Route(PATH, frozenset({"GET"}), Control(answer, body_limit=0))


def _word(status: int, word: str) -> Response:
    headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Response(status, headers, json.dumps({"status": word}).encode("ascii"))
