"""Which pages of other origins may use contents from a browser (the CORS protocol of the Fetch standard, 3.3).

Rule: an origin that is not in the configuration is told nothing, so its browser keeps the answer from its page. No
credentials are ever allowed: whoever has a ticket has all that is needed, and a browser adds nothing to it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from vofiles.serving.http import Request, Response

ANY: Final = "*"

_SENT: Final = (
    "Content-Type, Content-Digest, Repr-Digest, Digest, Content-MD5, "
    "Range, If-Match, If-None-Match, If-Range, X-Request-Id, "
    "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Defer-Length, Upload-Metadata, Upload-Checksum, "
    "X-HTTP-Method-Override"
)
"""Headers that a page may send."""
_SEEN: Final = (
    "ETag, Content-Range, Content-Disposition, Repr-Digest, Content-Digest, Content-MD5, Digest, "
    "Retry-After, X-Request-Id, Allow, "
    "Location, Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Expires, Upload-Metadata, "
    "Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm"
)
"""Headers that a page may see besides those that every page may."""
_REMEMBERED: Final = 7200
"""Seconds for which a browser need not ask again; no browser remembers longer."""


class Origins:
    """The origins whose pages may use a store; `*` among them means all there are."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._known = frozenset(origins)

    def mark(self, request: Request, response: Response) -> Response:
        """The answer as the page that asked may see it."""
        if not self._known:
            return response
        allowed = self._allow(request)
        seen = (("Access-Control-Expose-Headers", _SEEN),) if allowed else ()
        return replace(response, headers=(*response.headers, ("Vary", "Origin"), *allowed, *seen))

    def answer_options(self, request: Request, methods: str) -> Response:
        """What may be done here (RFC 9110, 9.3.7), and whether a page may do it."""
        allow = ("Allow", methods)
        if not self._known:
            return Response(204, (allow,))
        allowed = self._allow(request)
        if not allowed or "Access-Control-Request-Method" not in request.headers:
            return self.mark(request, Response(204, (allow,)))
        return Response(
            204,
            (
                allow,
                ("Vary", "Origin"),
                *allowed,
                ("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, PATCH, DELETE"),
                ("Access-Control-Allow-Headers", _SENT),
                ("Access-Control-Max-Age", str(_REMEMBERED)),
            ),
        )

    def _allow(self, request: Request) -> tuple[tuple[str, str], ...]:
        given = request.headers.get_all("Origin")
        if len(given) != 1 or not (given[0] in self._known or ANY in self._known):
            return ()
        return (("Access-Control-Allow-Origin", ANY if ANY in self._known else given[0]),)
