"""What load balancers and operators ask: is this FileManager well?

Rule: for anybody, so it tells nothing but one word; the cause is in the log.
"""

import json

import structlog

from filemanager.ports import Database
from vofiles.errors import VofilesError
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Control, Request, Response, Route

PATH = "/healthz"

_log = structlog.get_logger(__name__)


def health_route(database: Database, service: Ivorn) -> Route:
    """Where health is asked for: 200 `ok` while the database answers, else 503 `failing`."""

    def answer(_request: Request) -> Response:
        try:
            database.read(lambda tx: tx.stores.find_store(service))
        except VofilesError as error:
            _log.error("unhealthy", reason=error.message)
            return _word(503, "failing")
        return _word(200, "ok")

    return Route(PATH, frozenset({"GET"}), Control(answer, body_limit=0))


def _word(status: int, word: str) -> Response:
    headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Response(status, headers, json.dumps({"status": word}).encode("ascii"))
