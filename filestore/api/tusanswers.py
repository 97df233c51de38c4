"""What is answered to who speaks the TUS protocol: how far an upload is, and refusals in its statuses.

Rule: pure; every answer says which version it speaks. A refusal has the words of the table of faults and, where the
protocol prescribes one, its status.
"""

import json
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from filestore.api.description import entity_tag
from filestore.api.digestfields import digest_header
from filestore.api.problems import problem, unexpected
from filestore.api.tusheaders import RESUMABLE, VERSION
from filestore.domain.stretch import SUMS
from filestore.services.kept import OFFSET, Kept
from filestore.services.parts import PART
from vofiles.contract import Receipt
from vofiles.errors import (
    Busy,
    ChecksumMismatch,
    InvalidArgument,
    TicketExpired,
    TransferEnded,
    VofilesError,
    WrongMethod,
)
from vofiles.instant import SECOND
from vofiles.serving.http import Request, Response

EXTENSIONS: Final = (
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"  # of the protocol
)
CHECKSUM_MISMATCH: Final = 460
"""A status of the protocol's own."""
_STATUSES: Final = {Busy: 423, TicketExpired: 410, TransferEnded: 410}
_SPOKEN: Final = (RESUMABLE, VERSION)
_QUIET: Final = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))


def abilities(maximum: int | None) -> tuple[tuple[str, str], ...]:
    """What is told of the protocol before an upload; `maximum` in bytes."""
    told = (
        _SPOKEN,
        ("Tus-Version", VERSION),
        ("Tus-Extension", EXTENSIONS),
        ("Tus-Checksum-Algorithm", ",".join(SUMS)),
    )
    return told if maximum is None else (*told, ("Tus-Max-Size", str(maximum)))


def how_far(kept: Kept) -> Response:
    """The answer to HEAD."""
    length = ("Upload-Defer-Length", "1") if kept.length is None else ("Upload-Length", str(kept.length))
    metadata = (("Upload-Metadata", kept.metadata),) if kept.metadata else ()
    return Response(200, (_SPOKEN, *_place(kept), length, *metadata, *_QUIET))


def gone_on(kept: Kept) -> Response:
    """The answer to PATCH."""
    return Response(204, (_SPOKEN, *_place(kept), *_QUIET))


def created(kept: Kept, location: str, *, with_upload: bool) -> Response:
    """The answer to POST."""
    place = _place(kept) if with_upload else _place(kept)[1:]
    return Response(201, (_SPOKEN, ("Location", location), *place, *_QUIET))


def terminated() -> Response:
    """The answer to DELETE."""
    return Response(204, (_SPOKEN, *_QUIET))


def refusal(request: Request, error: BaseException, allow: str) -> Response:
    """A failure, in the protocol's statuses; `allow` are the methods that there are at this address."""
    if not isinstance(error, VofilesError):
        return _spoken(unexpected(request, error))
    told = dict(error.properties)
    if OFFSET in told:
        return problem(error, _SPOKEN, ("Upload-Offset", told[OFFSET]))
    if isinstance(error, ChecksumMismatch) and PART in told:
        return _mismatch(error)
    if isinstance(error, WrongMethod):
        return problem(error, _SPOKEN, ("Allow", allow))
    return problem(error, _SPOKEN, status=_STATUSES.get(type(error)))


def wrong_version() -> Response:
    """The refusal of another version of the protocol."""
    error = InvalidArgument(RESUMABLE, reason=f"{VERSION} is spoken")
    return problem(error, _SPOKEN, ("Tus-Version", VERSION), status=HTTPStatus.PRECONDITION_FAILED)


def wrong_type(wanted: str) -> Response:
    """The refusal of a body that does not say that it is a stretch of a content."""
    error = InvalidArgument("Content-Type", reason=f"it is {wanted}")
    return problem(error, _SPOKEN, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def not_spoken(request: Request, allow: str) -> Response:
    """The refusal of a method that belongs to the protocol, to who does not say that he speaks it."""
    error = WrongMethod(request.method, reason=f"without {RESUMABLE} it means nothing here")
    return problem(error, ("Allow", allow), ("Tus-Version", VERSION))


def _place(kept: Kept) -> tuple[tuple[str, str], ...]:
    place = (("Upload-Offset", str(kept.offset)),)
    if kept.until is not None:
        return (*place, ("Upload-Expires", formatdate(kept.until // SECOND, usegmt=True)))
    return place if kept.receipt is None else (*place, *_holding(kept.receipt))


def _holding(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    """What a sender can compare with what he has, as after a PUT."""
    return (
        ("ETag", entity_tag(receipt.container.fragment, receipt.digests)),
        ("Repr-Digest", digest_header(receipt.digests)),
    )


def _mismatch(error: ChecksumMismatch) -> Response:
    told = {"title": "Checksum Mismatch", "status": CHECKSUM_MISMATCH, "name": error.name, "detail": error.message}
    headers = (("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"), _SPOKEN)
    return Response(CHECKSUM_MISMATCH, headers, json.dumps(told).encode("utf-8"))


def _spoken(response: Response) -> Response:
    return Response(response.status, (*response.headers, _SPOKEN), response.body)
