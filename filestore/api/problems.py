"""Failures as answers where no SOAP envelope is expected: application/problem+json (RFC 9457).

    {"title": "Conflict", "status": 409, "name": "TicketUsed", "detail": "This transfer address has been used …"}

Rule: `name` and `status` come from the one table of faults; nothing of the inside is told, and nothing of the address,
which is a secret.
"""

import json
from http import HTTPStatus

import structlog

from vofiles import faults
from vofiles.errors import Unexpected, VofilesError
from vofiles.serving.http import Request, Response

_log = structlog.get_logger(__name__)

RETRY_AFTER = 5
"""Seconds, with every 503."""


def problem(error: VofilesError, *headers: tuple[str, str], status: int | None = None) -> Response:
    """An error as an answer; `status` only where HTTP itself prescribes another one than the table's."""
    status = status or faults.row_of(error).status
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers += (("Retry-After", str(RETRY_AFTER)),)
    body = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "name": error.name,
        "detail": error.message,
    }
    return Response(
        status,
        (("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"), *headers),
        json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
    )


def refuse_as_problem(_request: Request, status: int, message: str) -> Response:
    """What the engine itself refuses on a route, worded like our own failures."""
    return problem(faults.error_of("", message, status=status), status=status)


def unexpected(request: Request, error: BaseException) -> Response:
    """A failure that is nobody's to know: logged under the request's number, which is all that is told."""
    _log.error("a transfer failed unexpectedly", request_id=request.request_id, exc_info=error)
    return problem(Unexpected(request.request_id))
