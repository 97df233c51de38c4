"""An upload that is gone on with where it stopped: TUS 1.0 (https://tus.io) at the address that bytes are PUT to.

    HEAD    how many bytes are safely there            -> Upload-Offset
    PATCH   more of them, from Upload-Offset on        -> 204

Rule: one request each, as in `data`. How far the bytes have come, the store says and nobody else. Whoever does not
speak TUS there is not asked twice: `find_offset` has None, and the bytes go by PUT.
"""

from http import HTTPStatus
from typing import Final

import requests

from vofiles import contract, data
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import Busy, TicketExpired
from vofiles.sources import Source

VERSION: Final = "1.0.0"

_SPEAKS: Final = {"Tus-Resumable": VERSION}
_NOT_SPOKEN: Final = {
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
}


def find_offset(session: requests.Session, endpoint: contract.Endpoint) -> int | None:
    """How many bytes are safely there; None where TUS is not spoken. Raises ConnectionLost, an error of the tree: Busy
    where another connection brings them.
    """
    with data.call(session, endpoint, _SPEAKS, method="HEAD") as response:
        speaks, status = "Tus-Resumable" in response.headers, response.status_code
        if not speaks and (status < HTTPStatus.BAD_REQUEST or status in _NOT_SPOKEN):
            return None
        # The answer to a HEAD says no more than its status.
        if status in {HTTPStatus.LOCKED, HTTPStatus.CONFLICT}:
            raise Busy("this transfer address", reason="bytes are on their way already")
        if status == HTTPStatus.GONE:
            raise TicketExpired
        data.require_success(response)
        return data.number_of(response.headers.get("Upload-Offset", ""))


def send_rest(
    session: requests.Session, endpoint: contract.Endpoint, source: Source, progress: Progress | None = None
) -> tuple[contract.Digest, ...]:
    """Send what a source has left, for what is there already not to be sent again; the digests that the store answers.

    Raises ConnectionLost, an error of the tree, OSError of the source.
    """
    headers = _SPEAKS | {"Upload-Offset": str(source.done), "Content-Type": "application/offset+octet-stream"}
    with data.send_rest(session, endpoint, source, headers, method="PATCH", progress=progress) as response:
        if response.status_code == HTTPStatus.CONFLICT and "Upload-Offset" in response.headers:
            raise ConnectionLost("the store goes on at another byte")
        data.require_success(response)
        return data.digests_of(response)
