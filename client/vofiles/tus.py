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
from vofiles.data import Progress
from vofiles.sources import Source

VERSION: Final = "1.0.0"

_SPEAKS: Final = {"Tus-Resumable": VERSION}


def find_offset(session: requests.Session, endpoint: contract.Endpoint) -> int | None:
    """How many bytes are safely there; None where TUS is not spoken. Raises ConnectionLost, an error of the tree."""
    with data.call(session, endpoint, _SPEAKS, method="HEAD") as response:
        if "Tus-Resumable" not in response.headers and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
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
        data.require_success(response)
        return data.digests_of(response)
